"""QueuePanel in a real JupyterLab: the effect of each click is checked at the service, over plain HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pandas as pd
import pytest
from playwright.sync_api import Locator, Page, expect

from .lab import Lab, Opened
from .service import Service

pytestmark = pytest.mark.browser


@pytest.fixture
def queue_id(service: Service) -> str:
    queue_id = f"panel-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    for number in range(3):
        service.create_task(queue_id, f"t-{number}", b"{}")
    return queue_id


@pytest.fixture
def opened(lab: Lab, page: Page, queue_id: str) -> Callable[[str], Opened]:
    def show(arguments: str) -> Opened:
        cell = f'import cloudtasks_nb as ct\nclient = ct.connect()\nclient.queue("{queue_id}").panel({arguments})'
        notebook = lab.open(page, lab.write(f"{queue_id}.ipynb", cell))
        notebook.run_all()
        return notebook

    return show


def purge_form(panel: Locator) -> Locator:
    panel.get_by_role("button", name="Purge…").click()
    return panel.locator("form")


def test_every_button_acts_on_the_service(
    opened: Callable[[str], Opened], lab: Lab, service: Service, queue_id: str, pictures: Path
) -> None:
    notebook = opened("")
    panel = notebook.outputs.get_by_role("region", name=f"Queue {queue_id}")
    badge, status = panel.locator(".ct-badge"), panel.get_by_role("status")
    expect(badge).to_have_text("RUNNING")
    expect(panel.get_by_role("button", name="Resume")).to_be_disabled()

    panel.get_by_role("button", name="Pause").click()
    expect(badge).to_have_text("PAUSED")
    expect(status).to_contain_text("Paused.")
    assert service.queue(queue_id)["state"] == "PAUSED"

    panel.get_by_role("button", name="Resume").click()
    expect(badge).to_have_text("RUNNING")
    assert service.queue(queue_id)["state"] == "RUNNING"

    panel.get_by_role("button", name="Show tasks").click()
    expect(panel.get_by_role("region", name=f"Tasks of queue {queue_id}")).to_contain_text("t-0")
    panel.get_by_role("button", name="Close", exact=True).click()
    expect(panel.get_by_role("region")).to_have_count(0)

    form = purge_form(panel)
    expect(form).to_contain_text(f"about 3 tasks (estimate) from queue {queue_id}. This cannot be undone.")
    notebook.pictures(pictures, "queue-panel")
    typed = form.get_by_role("textbox", name="Type the queue id")
    typed.fill(queue_id[:-1])
    typed.press("Enter")
    expect(form.get_by_role("button", name="Purge for good")).to_be_disabled()
    typed.press("Escape")
    expect(form).to_have_count(0)
    assert len(service.task_ids(queue_id)) == 3

    panel.get_by_role("button", name="Pause").click()
    expect(badge).to_have_text("PAUSED")
    form = purge_form(panel)
    form.get_by_role("checkbox", name="Back up all tasks").check()
    form.get_by_role("textbox", name="Backup file").fill(f"{queue_id}.parquet")
    form.get_by_role("textbox", name="Type the queue id").fill(queue_id)
    form.get_by_role("button", name="Purge for good").click()
    expect(status).to_contain_text("Purged.")
    expect(panel.get_by_role("button", name="Purge…")).to_be_focused()  # as before, and not on Resume
    panel.page.keyboard.press("Enter")
    expect(panel.get_by_role("form", name="Confirm: purge")).to_be_visible()
    panel.page.keyboard.press("Escape")
    assert service.queue(queue_id)["state"] == "PAUSED"
    assert service.task_ids(queue_id) == set()
    kept = pd.read_parquet(lab.root / f"{queue_id}.parquet")
    assert set(kept["task_id"]) == {"t-0", "t-1", "t-2"}

    panel.get_by_text("as code").click()
    line = f'us-central1/queues/{queue_id}").purge(backup="{queue_id}.parquet")'
    expect(panel.locator(".ct-code code")).to_contain_text(line)


def test_the_keyboard_is_enough(
    opened: Callable[[str], Opened], service: Service, queue_id: str, page: Page
) -> None:
    panel = opened("").outputs.get_by_role("region", name=f"Queue {queue_id}")
    panel.get_by_role("button", name="Pause").focus()
    page.keyboard.press("Enter")
    expect(panel.locator(".ct-badge")).to_have_text("PAUSED")
    expect(panel).to_be_focused()  # Pause is disabled now, and no other button was chosen
    page.keyboard.press("Enter")
    panel.get_by_role("button", name="Resume").focus()
    page.keyboard.press("Space")
    expect(panel.locator(".ct-badge")).to_have_text("RUNNING")
    assert service.queue(queue_id)["state"] == "RUNNING"


def test_keys_in_a_panel_are_no_shortcuts_of_the_notebook(
    opened: Callable[[str], Opened], queue_id: str, page: Page
) -> None:
    notebook = opened("")
    panel = notebook.outputs.get_by_role("region", name=f"Queue {queue_id}")
    kinds = "() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells.map(cell => cell.cell_type)"
    page.evaluate("() => { window.jupyterapp.shell.currentWidget.content.mode = 'command'; }")
    panel.get_by_role("button", name="Refresh").focus()
    for key in "mdd":  # to markdown, and delete the cell
        page.keyboard.press(key)
    panel.get_by_text("as code").focus()
    page.keyboard.press("m")
    assert page.evaluate(kinds) == ["code"]
    expect(panel).to_be_visible()


def test_read_only_has_no_button_that_changes_anything(
    opened: Callable[[str], Opened], queue_id: str
) -> None:
    panel = opened("read_only=True").outputs.get_by_role("region", name=f"Queue {queue_id}")
    expect(panel.get_by_role("button")).to_have_text(["Now", "Why?", "History", "Refresh", "Show tasks"])
    expect(panel).to_contain_text("read-only")


def test_an_error_of_the_service_is_words_in_the_status_line(
    opened: Callable[[str], Opened], service: Service, queue_id: str
) -> None:
    panel = opened("").outputs.get_by_role("region", name=f"Queue {queue_id}")
    service.delete_queue(queue_id)
    panel.get_by_role("button", name="Pause").click()
    status = panel.get_by_role("status")
    expect(status).to_have_class("ct-status ct-error")
    expect(status).not_to_contain_text("Traceback")
    expect(panel.get_by_role("button", name="Refresh")).to_be_enabled()


def test_settings_are_edited_in_place_and_what_does_not_fit_is_not_sent(
    opened: Callable[[str], Opened], service: Service, queue_id: str, pictures: Path
) -> None:
    notebook = opened("")
    panel = notebook.outputs.get_by_role("region", name=f"Queue {queue_id}")
    panel.get_by_role("button", name="Edit settings…").click()
    form = panel.get_by_role("form", name="Settings")
    rate, shortest = (
        form.get_by_role("textbox", name=name) for name in ("Rate, per second", "Shortest delay")
    )
    expect(rate).to_be_focused()
    save = form.get_by_role("button", name="Save")
    expect(save).to_be_disabled()  # nothing was changed
    rate.fill("501")
    expect(rate).to_have_attribute("aria-invalid", "true")
    expect(rate).to_have_accessible_description("Type 0.001 to 500.")
    rate.press("Enter")
    expect(save).to_be_disabled()
    notebook.pictures(pictures, "queue-settings")
    rate.fill("5")
    shortest.fill("2 min")
    save.click()
    expect(panel.get_by_role("status")).to_have_text("Changed 2 settings.")
    expect(form).to_have_count(0)
    now = service.queue(queue_id)
    assert now["rateLimits"]["maxTasksDispatchedPerSecond"] == 5
    assert now["retryConfig"]["minBackoff"] == "120s"
    assert now["rateLimits"]["maxConcurrentTasks"] == 1000  # not typed, so not sent


def test_a_queue_is_deleted_only_when_its_id_was_typed(
    opened: Callable[[str], Opened], service: Service, queue_id: str
) -> None:
    panel = opened("").outputs.get_by_role("region", name=f"Queue {queue_id}")
    panel.get_by_role("button", name="Delete…").click()
    form = panel.get_by_role("form", name="Confirm: delete")
    form.get_by_role("textbox", name="Type the queue id").fill(queue_id.upper())
    expect(form.get_by_role("button", name="Delete for good")).to_be_disabled()
    assert service.has_queue(queue_id)
    form.get_by_role("textbox", name="Type the queue id").fill(queue_id)
    form.get_by_role("button", name="Delete for good").click()
    expect(panel.get_by_role("status")).to_contain_text("Deleted.")
    expect(panel.locator(".ct-badge:visible")).to_have_text("NOT FOUND")
    expect(panel.get_by_role("button", name="Pause", exact=True)).to_be_disabled()
    expect(panel.get_by_role("button", name="Refresh")).to_be_enabled()
    assert not service.has_queue(queue_id)
