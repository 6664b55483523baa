"""TaskBrowser in a real JupyterLab: pages, payloads, selection, and a task that is really deleted."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

import cloudtasks_nb as ct

from .bare_page import mount
from .lab import Lab, Opened
from .service import Service

pytestmark = pytest.mark.browser

CELLS = """
import cloudtasks_nb as ct
from cloudtasks_nb.widgets.task_browser import TaskBrowser
queue = ct.connect().queue("{queue_id}")
browser = TaskBrowser(queue, page_size=4)
browser
"""
# Both places are read at the same moment: the page may still follow a change of its size.
IS_WITHIN = """([inner, outer]) => {
    const [{ left, right }, around] = [inner, outer].map(node => node.getBoundingClientRect());
    return left >= around.left && right <= around.right + 1;
}"""


@pytest.fixture
def queue_id(service: Service) -> str:
    queue_id = f"browse-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number in range(10):
        headers = {"Content-Type": "application/json", "Authorization": "Bearer keep-this-1234567890"}
        service.create_task(queue_id, f"t-{number}", b'{"to":"ada","n":[1,2]}', headers=headers)
    return queue_id


@pytest.fixture
def notebook(lab: Lab, page: Page, queue_id: str) -> Opened:
    opened = lab.open(page, lab.write(f"{queue_id}.ipynb", CELLS.format(queue_id=queue_id)))
    opened.run_all()
    return opened


def listed(browser: Locator) -> list[str]:
    ids = browser.locator("table.ct-tasks tbody th")
    ids.first.wait_for()  # the rows follow the panel
    return ids.all_inner_texts()


def test_the_end_of_a_target_is_visible_however_narrow_the_page(
    notebook: Opened, service: Service, queue_id: str, pictures: Path
) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    url = "https://mail.example.com/v1/customers/1234567890/messages/send"
    service.create_task(queue_id, "0-long", b"{}", url=url, due_s=60)
    browser.get_by_role("button", name="Refresh").click()
    target = browser.get_by_role("row", name="0-long").locator(".ct-target")
    expect(target).to_have_attribute("title", url)
    expect(target).to_contain_text("mail.example.com/v1/customers")
    for width in (1600, 760):
        notebook.page.set_viewport_size({"width": width, "height": 900})
        notebook.pictures(pictures, f"task-browser-target-{width}")
        tail = target.locator(".ct-cut > :last-child")
        expect(tail).to_contain_text("/send")
        notebook.page.wait_for_function(IS_WITHIN, arg=[tail.element_handle(), target.element_handle()])
    short = browser.get_by_role("row", name="t-0").locator(".ct-target .ct-cut > :first-child")
    assert short.evaluate("span => span.scrollWidth <= span.clientWidth")  # not cut at all


def test_pages_go_forth_and_back(notebook: Opened, service: Service, queue_id: str) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    place, back, forth = (
        browser.locator(".ct-place"),
        *(browser.get_by_role("button", name=name, exact=True) for name in ("Back", "Next")),
    )
    expect(place).to_have_text("page 1 of many")
    expect(back).to_be_disabled()
    first = listed(browser)
    forth.click()
    expect(place).to_have_text("page 2 of many")
    second = listed(browser)
    forth.click()
    expect(place).to_have_text("page 3 of 3")
    expect(forth).to_be_disabled()
    assert {*first, *second, *listed(browser)} == service.task_ids(queue_id)
    back.click()
    expect(place).to_have_text("page 2 of many")
    assert listed(browser) == second
    back.click()
    expect(place).to_have_text("page 1 of many")
    assert listed(browser) == first
    forth.click()
    expect(place).to_have_text("page 2 of many")
    browser.get_by_role("button", name="First", exact=True).click()
    expect(place).to_have_text("page 1 of many")


def test_a_task_opens_with_its_payload_and_without_its_secrets(
    notebook: Opened, queue_id: str, pictures: Path
) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    browser.get_by_role("button", name="t-1", exact=True).click()
    detail = browser.get_by_role("region", name="Task t-1")
    tree = detail.get_by_role("group", name="payload: JSON")
    expect(tree).to_have_text('{ "to": "ada", "n": [ 1, 2 ] }', use_inner_text=True)
    tree.locator("summary", has_text='"n"').press("Enter")
    expect(tree).to_have_text('{ "to": "ada", "n": [ … 2 items }', use_inner_text=True)
    detail.get_by_role("button", name="Raw").click()
    expect(detail.locator("pre")).to_have_text('{"to":"ada","n":[1,2]}')
    expect(tree).to_have_count(0)
    detail.locator("summary").click()
    expect(detail.get_by_role("row", name="Authorization")).to_contain_text("•••")
    expect(notebook.page.locator("body")).not_to_contain_text("keep-this-1234567890")
    notebook.pictures(pictures, "task-browser")
    detail.get_by_role("button", name="Raw").press("Escape")
    expect(detail).to_have_count(0)
    expect(browser.get_by_role("button", name="t-1")).to_be_focused()


def test_a_call_that_hangs_is_waited_for_in_words(notebook: Opened, queue_id: str) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    notebook.kernel(
        "import threading; answered = threading.Event(); load = browser._pages.load\n"
        "browser._pages.load = lambda: (answered.wait(60), load())"
    )
    browser.get_by_role("button", name="Refresh").click()
    expect(browser.locator(".ct-status")).to_have_text("Waiting for the service…")
    notebook.kernel("answered.set()")
    expect(browser.get_by_role("button", name="Refresh")).to_be_enabled()
    expect(browser.locator(".ct-status")).to_have_text("")


def test_deleting_takes_two_presses_and_a_double_click_is_one(
    notebook: Opened, service: Service, queue_id: str
) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    browser.get_by_role("row", name="t-2").locator("td").last.click()
    detail = browser.get_by_role("region", name="Task t-2")
    detail.get_by_role("button", name="Delete", exact=True).dblclick()
    confirm = detail.get_by_role("button", name="Confirm: delete")
    expect(browser.locator(".ct-status")).to_contain_text("Press again within 5 s.")
    assert "t-2" in service.task_ids(queue_id)
    confirm.click()
    expect(browser.locator(".ct-status")).to_have_text("t-2 was deleted.")
    expect(browser.get_by_role("button", name="t-2")).to_have_count(0)
    assert "t-2" not in service.task_ids(queue_id)


@pytest.mark.usefixtures("clock")
def test_an_armed_button_disarms_after_five_seconds(page: Page, service: Service, queue_id: str) -> None:
    with ct.connect(endpoint=service.url) as client:
        browser = client.queue(queue_id).browse()
        browser.open_task("t-3")
        mount(page, browser)
    delete = page.get_by_role("region", name="Task t-3").locator("button", has_text="elete")
    delete.click()
    expect(delete).to_have_text("Confirm: delete")
    page.clock.run_for(4_900)
    expect(delete).to_have_text("Confirm: delete")
    page.clock.run_for(100)
    expect(delete).to_have_text("Delete")


def test_what_is_selected_comes_back_as_data_and_can_be_deleted(
    notebook: Opened, service: Service, queue_id: str, pictures: Path
) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    browser.get_by_role("checkbox", name="Select task t-0").click()
    browser.get_by_role("button", name="Next", exact=True).click()
    expect(browser.locator(".ct-place")).to_have_text("page 2 of many")
    browser.get_by_role("checkbox", name="Select all tasks on this page").click()
    expect(browser.get_by_role("radio", name="5 selected")).to_be_checked()
    printed = notebook.kernel("print(len(browser.tasks), browser.selection['task_id'].iloc[0])")
    assert printed == "5 t-0\n"

    verbs, status = browser.get_by_role("group", name="Act on tasks"), browser.locator(".ct-status")
    notebook.pictures(pictures, "task-browser-selected")  # before the first press, which arms for 5 s only
    verbs.get_by_role("button", name="Delete", exact=True).click()
    expect(status).to_contain_text("Delete 5 selected tasks for good.")
    verbs.get_by_role("button", name="Confirm: delete").click()
    expect(status).to_have_text("5 tasks deleted.")
    assert len(service.task_ids(queue_id)) == 5


def test_all_that_match_go_only_when_their_number_is_typed(
    notebook: Opened, service: Service, queue_id: str, pictures: Path
) -> None:
    service.create_task(queue_id, "other", b"{}", url="https://example.com/other")
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    browser.get_by_role("button", name="Load all").click()
    expect(browser.locator(".ct-place")).to_have_text("all 11 tasks")
    search = browser.get_by_role("combobox", name="Filter all 11 tasks")
    search.fill("-other")
    expect(browser.locator(".ct-found")).to_have_text("10 of 11 match")
    browser.get_by_role("radio", name="all 10 that match").check()
    verbs = browser.get_by_role("group", name="Act on tasks")
    verbs.get_by_role("button", name="Delete", exact=True).click()
    form = browser.get_by_role("form", name="Delete 10 tasks")
    go = form.get_by_role("button", name="Delete 10 tasks")
    form.get_by_role("textbox").fill("11")
    form.get_by_role("textbox").press("Enter")
    expect(go).to_be_disabled()
    notebook.pictures(pictures, "task-browser-matching")
    expect(form).to_contain_text(
        "Delete 10 tasks that match “-other” (of all 11 tasks) for good. Among them: t-0, t-1, t-2."
    )
    assert len(service.task_ids(queue_id)) == 11
    form.get_by_role("textbox").fill("10")
    go.dblclick()
    expect(browser.locator(".ct-status")).to_have_text("10 tasks deleted.")
    assert service.task_ids(queue_id) == {"other"}


def test_while_the_box_and_the_rows_disagree_the_verbs_are_off(
    notebook: Opened, service: Service, queue_id: str, pictures: Path
) -> None:
    service.create_task(queue_id, "other", b'{"to":"grace"}')
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    browser.get_by_role("button", name="Load all").click()
    browser.get_by_role("radio", name="all 11 tasks").check()
    verbs, found = browser.get_by_role("group", name="Act on tasks"), browser.locator(".ct-found")
    delete = verbs.get_by_role("button", name="Delete", exact=True)
    search = browser.get_by_role("combobox", name="Filter ")
    search.fill("id:t-1")
    expect(found).to_have_text("1 of 11 match")
    delete.click()
    expect(browser.get_by_role("form", name="Delete 1 task")).to_be_visible()
    search.fill("payload.to:grace")
    expect(delete).to_be_disabled()
    expect(found).to_have_text("The rows are still filtered by “id:t-1”: actions are disabled.")
    expect(browser.locator(".ct-status")).to_contain_text("needs payloads")
    expect(search).to_have_attribute("aria-invalid", "true")
    notebook.pictures(pictures, "task-browser-disagrees")
    browser.get_by_role("checkbox", name="Payloads").click()  # as the hint says
    expect(found).to_have_text(re.compile("^[01] of 4 match"))
    expect(search).to_have_value("payload.to:grace")
    search.fill("cod:503")
    expect(browser.locator(".ct-status")).to_contain_text(
        "There is no field cod. Next: did you mean code:503?"
    )
    search.fill("")
    expect(found).to_have_text("")
    expect(delete).to_be_enabled()
    assert len(service.task_ids(queue_id)) == 11

    # Heads filter each other, with more rows than the traits hold.
    notebook.kernel(
        "queue.create_tasks([{}] * 110, url='https://b.example/x', schedule=7200, progress=False); browser.load_all()"
    )
    loaded = browser.locator(".ct-loaded")
    expect(loaded).to_have_text("121 of 121 loaded")
    browser.get_by_role("group", name="Filter by target").get_by_role("button", name="b.example/x").press(
        "Enter"
    )
    expect(search).to_have_value("url:b.example/x")
    expect(loaded).to_have_text("110 of 121 loaded")
    bars = browser.get_by_role("group", name="Filter by schedule").get_by_role("button")
    expect(bars.first).to_have_accessible_name(re.compile("0 of "))  # excluded by the other column
    notebook.pictures(pictures, "task-browser-heads")
    bars.last.press("Enter")
    expect(search).to_have_value(re.compile(r"^url:b\.example/x due>=\S+Z due<\S+Z$"))
    expect(bars.last).to_be_focused()
    bars.last.press("Escape")
    expect(search).to_have_value("url:b.example/x")
    browser.locator(".ct-scroll").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    expect(browser.locator("tbody tr[data-id]").last).to_have_attribute("aria-rowindex", "112")
    assert notebook.kernel("print(len(browser.matching))") == "110\n"


def test_a_form_does_not_outlive_the_tasks_that_it_is_about(notebook: Opened, queue_id: str) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    browser.get_by_role("radio", name="all 4 on this page").check()
    browser.get_by_role("group", name="Act on tasks").get_by_role("button", name="Delete", exact=True).click()
    form = browser.get_by_role("form", name="Delete 4 tasks")
    expect(form).to_be_visible()
    notebook.kernel("browser.next_page()")  # four others
    expect(form).to_have_count(0)
    expect(browser.locator(".ct-status")).to_contain_text("nothing was done")


def test_a_task_is_edited_and_enqueued_again(
    notebook: Opened, service: Service, queue_id: str, pictures: Path
) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    before = service.task_ids(queue_id)
    browser.get_by_role("button", name="t-1", exact=True).click()
    browser.get_by_role("region", name="Task t-1").get_by_role("button", name="Edit…").click()
    form = browser.get_by_role("form", name="Edit t-1")
    form.get_by_role("textbox", name="Payload").fill('{"to":"grace"}')
    form.get_by_role("checkbox").check()
    notebook.pictures(pictures, "task-browser-edit")
    form.get_by_role("button", name="Create task").click()
    expect(browser.locator(".ct-status")).to_contain_text("which was deleted.")
    (made,) = service.task_ids(queue_id) - before
    assert before - service.task_ids(queue_id) == {"t-1"}
    printed = notebook.kernel(
        f"t = queue.task({made!r}); print(t.json()['to'], t.headers['Authorization'][:11])"
    )
    assert printed == "grace Bearer keep\n"


def test_rows_are_reached_by_arrows_and_letters_stay_in_the_panel(notebook: Opened, queue_id: str) -> None:
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    shown = listed(browser)
    first = browser.get_by_role("checkbox", name=f"Select task {shown[0]}")
    first.focus()
    first.press("ArrowDown")
    second = browser.get_by_role("checkbox", name=f"Select task {shown[1]}")
    expect(second).to_be_focused()
    second.press("Space")
    expect(browser.get_by_role("radio", name="1 selected")).to_be_visible()
    second.press("x")  # cuts the cell, were it the notebook's
    second.press("End")
    expect(browser.get_by_role("checkbox", name=f"Select task {shown[-1]}")).to_be_focused()
    assert notebook.kernel("print(browser.tasks[0].id)") == f"{shown[1]}\n"
    expect(browser).to_be_visible()


def test_tasks_are_filtered_selected_and_deleted_in_notebook_7(
    notebook7: Lab, page: Page, service: Service, queue_id: str
) -> None:
    opened = notebook7.open(page, notebook7.write(f"{queue_id}.ipynb", CELLS.format(queue_id=queue_id)))
    opened.run_all()
    browser = opened.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    browser.get_by_role("combobox", name="Filter ").fill("id:t-2")
    expect(browser.locator(".ct-found")).to_have_text("1 of 4 match")
    browser.get_by_role("checkbox", name="Select task t-2").click()
    expect(browser.get_by_role("radio", name="1 selected")).to_be_visible()
    verbs = browser.get_by_role("group", name="Act on tasks")
    verbs.get_by_role("button", name="Delete", exact=True).click()
    verbs.get_by_role("button", name="Confirm: delete").click()
    expect(browser.locator(".ct-status")).to_have_text("1 task deleted.")
    assert service.task_ids(queue_id) == {f"t-{number}" for number in range(10)} - {"t-2"}
