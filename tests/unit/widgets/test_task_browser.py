"""The task browser: pages and filters, one task opened, run, edited or deleted, and what another panel changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb import model
from cloudtasks_nb.render import shape
from cloudtasks_nb.widgets.cells import task_detail
from cloudtasks_nb.widgets.task_browser import TaskBrowser

from .browsing import Clicking, cell, ids


def test_pages_forth_and_back(queue: ct.Queue, clicking: Clicking) -> None:
    browser = TaskBrowser(queue, page_size=2)
    page = clicking(browser)
    first, read_at = ids(browser), browser.place["updated"]
    assert (browser.place["number"], browser.place["more"], len(first)) == (1, True, 2)
    page.click("next_page")
    assert (browser.place["number"], browser.place["more"]) == (2, False)
    assert sorted(first + ids(browser)) == ["t-0", "t-1", "t-2"]
    assert browser.place["updated"] > read_at
    page.click("previous_page")
    assert (ids(browser), browser.place["updated"]) == (first, read_at)  # kept, not read again


def test_the_line_of_each_turn_of_a_page_reads_that_page(
    queue: ct.Queue, client: ct.Client, clicking: Clicking
) -> None:
    browser = TaskBrowser(queue, page_size=1)
    page = clicking(browser)
    for action in (
        "next_page",
        "next_page",
        "previous_page",
        "refresh",
        "next_page",
        "next_page",
        "first_page",
    ):
        page.click(action)
        seen: dict[str, ct.Page[ct.Task]] = {}
        exec(browser.lines[-1], {"client": client}, seen)  # noqa: S102 - the line is what is tested
        assert [task.id for task in seen["page"].items] == ids(browser), action


def test_from_a_page_whose_token_expired_one_can_start_over(
    queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = TaskBrowser(queue, page_size=2)
    page = clicking(browser)
    first = ids(browser)
    page.click("next_page")

    def expired(self: ct.Pager[ct.Task], token: str = "") -> ct.Page[ct.Task]:
        raise ct.InvalidArgument("The page token is invalid.")

    monkeypatch.setattr(ct.Pager, "page", expired)
    assert page.click("refresh") == "The page token is invalid."
    assert page.click("first_page") == ""
    assert (ids(browser), browser.place["number"]) == (first, 1)


def test_a_task_opens_with_its_payload_and_without_its_secrets(queue: ct.Queue, clicking: Clicking) -> None:
    queue.create_task(
        {"n": 1}, url="https://me:pw123@example.com/?token=abc", headers={"Authorization": "Bearer keep-me-123"},
        schedule=3600, task_id="open-me",
    )  # fmt: skip
    browser = TaskBrowser(queue)
    clicking(browser).click("open_task", task_id="open-me")
    tree = browser.detail["payload"]["tree"]
    assert (tree["kind"], tree["open"]) == ("object", True)
    assert [(leaf["kind"], leaf["key"], leaf["text"]) for leaf in tree["children"]] == [
        ("number", '"n"', "1")
    ]
    assert browser.detail["payload"]["raw"] == '{"n":1}'
    assert not any(secret in str(browser.get_state()) for secret in ("keep-me", "pw123", "token=abc"))
    clicking(browser).click("close_task")
    assert browser.detail == {}


@pytest.mark.parametrize(
    ("payload", "summary", "text"),
    [
        (b"", "payload: empty, 0 B", ""),
        (b"plain \x1b[31m", "payload: text, 11 B", "plain ␛[31m"),
        (b"\x00\x01\xff", "payload: binary, 3 B", "000000  00 01 ff"),
        ("a\u202eb".encode(), "payload: text, 5 B", "a⟨U+202E⟩b"),
    ],
)
def test_payloads_are_made_readable(queue: ct.Queue, payload: bytes, summary: str, text: str) -> None:
    queue.create_task(payload, url="https://example.com/", schedule=3600, task_id="p")
    browser = TaskBrowser(queue)
    browser.open_task("p")
    shown = browser.detail["payload"]
    assert (shown["summary"], shown["raw"]) == (summary, None)
    assert shown["text"].startswith(text)
    browser.close()


def test_a_long_payload_is_cut_and_says_so(queue: ct.Queue) -> None:
    queue.create_task("x" * 50_000, url="https://example.com/", schedule=3600, task_id="long")
    browser = TaskBrowser(queue)
    browser.open_task("long")
    assert len(browser.detail["payload"]["text"]) < 10_000
    assert "first 8,000 of 50,000" in browser.detail["payload"]["summary"]
    browser.close()


def test_delete_takes_the_task_out_of_the_queue_the_page_and_the_selection(
    queue: ct.Queue, clicking: Clicking
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.click("open_task", task_id="t-1")
    page.click("select", task_ids=["t-1", "t-2"])
    assert page.click("delete_task", task_id="t-1") == "t-1 was deleted."
    assert {task.id for task in queue.tasks()} == {"t-0", "t-2"} == set(ids(browser))
    assert (browser.selected, browser.detail) == (["t-2"], {})


def test_deleting_the_last_task_of_the_last_page_goes_back_a_page(queue: ct.Queue) -> None:
    browser = TaskBrowser(queue, page_size=2)
    browser.next_page()
    browser.delete_task(ids(browser)[0])
    assert (browser.place["number"], len(ids(browser))) == (1, 2)
    browser.close()


def test_a_task_that_is_gone_is_an_error_in_words(queue: ct.Queue, clicking: Clicking) -> None:
    browser = TaskBrowser(queue)
    queue.task("t-0").delete()
    assert clicking(browser).click("open_task", task_id="t-0")
    assert browser.notice["level"] == "error"


def test_run_sends_the_task(queue: ct.Queue, clicking: Clicking) -> None:
    queue.pause()
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.click("open_task", task_id="t-0")
    assert page.click("run_task", task_id="t-0").startswith("t-0 was sent.")
    assert browser.lines[-1] == f'client.queue("{queue.name}").task("t-0", view="BASIC").run()'


@pytest.mark.parametrize("task_id", ["projects/p/locations/l/queues/q/tasks/t", "a b", "", "../t-0"])
def test_only_ids_of_tasks_are_taken(queue: ct.Queue, clicking: Clicking, task_id: str) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    for action in ("open_task", "run_task", "delete_task"):
        assert page.click(action, task_id=task_id).startswith("Task ID")


def test_read_only_opens_and_pages_and_refuses_the_rest(queue: ct.Queue, clicking: Clicking) -> None:
    browser = TaskBrowser(queue, read_only=True)
    page = clicking(browser)
    for action in ("run_task", "delete_task"):
        assert page.click(action, task_id="t-0") == "This panel is read-only."
    for action in ("run_tasks", "delete_tasks"):
        assert page.click(action) == "This panel is read-only."
    assert page.click("open_task", task_id="t-0") == ""
    assert len(list(queue.tasks())) == 3


def test_a_pull_queue_shows_tags_and_cannot_run(client: ct.Client, queue: ct.Queue) -> None:
    pull = client.create_queue(f"pull-{queue.id}", kind="pull")
    pull.create_task("x", tag="red", task_id="held")
    browser = TaskBrowser(pull)
    assert cell(browser, "held", "tag") == "red"
    browser.open_task("held")
    assert (browser.detail["can_run"], browser.place["can_run"]) == (False, False)
    browser.close()


def test_a_leased_task_says_when_its_lease_ends() -> None:
    now = datetime(2026, 7, 31, 12, tzinfo=UTC)
    task = model.Task(
        name="projects/p/locations/l/queues/q/tasks/held",
        pull_message=model.PullMessage(tag="red"),
        schedule_time=now + timedelta(minutes=10),
        status=model.TaskStatus(attempt_dispatch_count=1),
    )
    assert "Lease ends" in [label for label, _ in task_detail(task, now)["facts"]]
    over = now + timedelta(minutes=11)
    assert "Lease ends" not in [label for label, _ in task_detail(task, over)["facts"]]


def test_the_detail_pane_says_what_the_card_says() -> None:
    now = datetime(2026, 7, 31, 12, tzinfo=UTC)
    task = model.Task(
        name="projects/p/locations/l/queues/q/tasks/t",
        http_request=model.HttpRequest(url=f"https://example.com/{'a' * 400}", http_method="PUT"),
        schedule_time=now,
        dispatch_deadline=model.Duration(minutes=10),
        retry_config=model.RetryConfig(max_attempts=3),
    )
    facts = dict(task_detail(task, now)["facts"])
    card = {label: cells for label, cells in shape(task, now).lines() if label != "payload"}  # type: ignore[union-attr]
    assert [label.lower() for label in facts] == list(card)
    assert facts["Deadline"] == [{"text": "10 min"}]
    assert facts["Target"][1]["text"] == task.url  # complete, although the card cuts it
    assert facts["Schedule"] == [{"time": now.isoformat()}]


def test_a_table_says_what_when_and_how_often_each_different_value_once(queue: ct.Queue) -> None:
    url = f"https://example.com/{'a' * 60}/send"
    queue.create_task(b"", url=url, task_id="long", schedule=7200)
    browser = TaskBrowser(queue)
    assert (cell(browser, "t-0", "method"), cell(browser, "t-0", "target")) == (
        "POST",
        "https://example.com/",
    )
    assert (cell(browser, "t-0", "attempts"), cell(browser, "t-0", "status")) == (0, None)
    assert cell(browser, "long", "target") == url
    target = next(held for held in browser.table["columns"] if held["name"] == "target")
    assert (len(target["different"]), len(target["at"])) == (2, 4)
    browser.close()


def test_what_is_loaded_as_a_whole_is_filtered_and_sorted_as_a_whole(
    queue: ct.Queue, clicking: Clicking
) -> None:
    browser = TaskBrowser(queue, page_size=1)
    page = clicking(browser)
    page.click("sort", column="task", descending=True)
    assert (len(ids(browser)), browser.place["scope"]) == (1, "page")
    assert page.click("load_all") == "3 tasks loaded: the whole queue."
    assert (ids(browser), browser.place["scope"]) == (["t-2", "t-1", "t-0"], "all")
    page.click("filter", query="t-1")
    assert (ids(browser), [task.id for task in browser.matching]) == (["t-1"], ["t-1"])
    page.click("delete_task", task_id="t-1")
    page.click("filter", query="")
    assert ids(browser) == ["t-2", "t-0"]
    for column, beside in (("attempts", True), ("task", True), ("attempts", False)):
        page.click("cycle_sort", column=column, beside=beside)
    assert browser.place["sorting"] == ["-attempts"]
    assert page.click("cycle_sort", column="colour").startswith("There is no column 'colour'.")
    page.click("show_columns", columns=["tag", "attempts"])
    page.click("show_columns", columns=["tag"], on=False)
    page.click("show_columns", columns=["created"], on=True)
    assert browser.columns == ["task", "created", "attempts"]
    page.click("first_page")
    assert (browser.place["scope"], browser.place["number"], len(ids(browser))) == ("page", 1, 1)


def test_rows_beyond_the_saved_ones_go_in_messages_and_a_filter_sends_their_bits(
    queue: ct.Queue, clicking: Clicking
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.send({"do": "mounted"})
    request = model.HttpRequest(url="https://example.com/", http_method="POST")
    names = [f"{queue.name}/tasks/t-{number:03}" for number in range(150)]
    browser._fill([ct.Task(name=name, http_request=request) for name in names])

    def rows() -> list[dict[str, Any]]:
        sent = [data["content"] for data in page.sent if data.get("method") == "custom"]
        return [content for content in sent if "rows" in content]

    assert [len(rows()), "columns" in rows()[-1]] == [1, True]
    assert len(ids(browser)) == 100 and browser.place["matched"] == 150
    page.click("filter", query="id:t-14")
    assert [len(rows()), "columns" in rows()[-1], ids(browser)] == [2, False, [f"t-14{n}" for n in range(10)]]
    page.click("sort", column=["-task"])
    assert rows()[-1]["has_order"] and ids(browser)[0] == "t-149"
    page.send({"do": "rows"})  # a page that was opened late
    page.settle()
    assert "columns" in rows()[-1]
    assert (rows()[-1]["rows"], rows()[-1]["turn"]) == (browser.place["rows"], browser.place["turn"])
    page.click("between", field="attempts", low=1)
    assert (browser.place["query"], ids(browser)) == ("id:t-14 attempts>=1", [])


def test_a_cancel_keeps_what_was_read_and_says_that_there_is_more(
    client: ct.Client, queue: ct.Queue, clicking: Clicking, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    small = ct.Queue.tasks

    def paged(self: ct.Queue, view: model.task.View = "BASIC", page_size: int = 1) -> ct.Pager[ct.Task]:
        page.send({"do": "cancel"})
        return small(self, view=view, page_size=1)

    monkeypatch.setattr(ct.Queue, "tasks", paged)
    assert page.click("load_all") == "1 task loaded; there are more."
    assert (browser.place["scope"], browser.progress) == ("part", {})


def test_payloads_are_searched_once_they_were_read(queue: ct.Queue, clicking: Clicking) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    assert "needs payloads" in page.click("filter", query="payload.number:2")
    assert (len(ids(browser)), browser.place["query"], browser.place["asked"]) == (3, "", "payload.number:2")
    assert page.click("read_payloads") == ""  # as the hint says; the typed text is not lost
    assert (ids(browser), browser.place["query"]) == (["t-2"], "payload.number:2")
    assert cell(browser, "t-2", "payload") == '{"number":2}'
    assert page.click("read_payloads", on=False) == "The filter needs payloads."
    assert (ids(browser), browser.place["query"]) == (["t-2"], "payload.number:2")
    page.click("filter", query="")
    page.click("read_payloads", on=False)
    assert (len(ids(browser)), browser.place["query"], "payload" in browser.columns) == (3, "", False)


def test_while_a_filter_is_refused_nothing_is_done_with_all_that_match(
    queue: ct.Queue, clicking: Clicking
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    browser.filter("id:t-1")
    assert "no field cod" in page.click("filter", query="cod:503")
    assert (ids(browser), browser.place["query"], browser.place["asked"]) == (["t-1"], "id:t-1", "cod:503")
    refusal = page.click("delete_tasks", which="matching", confirm=1)
    assert refusal == "The filter 'cod:503' could not be applied, so nothing was done."
    assert queue.count_tasks() == 3
    with pytest.raises(ct.QueryError, match="code has no value"):
        browser.filter("code:99")
    browser.filter("id:t-2")
    browser.delete_tasks("matching", confirm=1)
    assert queue.count_tasks() == 2


def test_another_panel_s_change_reads_the_page_again_and_marks_what_was_loaded(
    queue: ct.Queue, clicking: Clicking
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.send({"do": "mounted"})
    other = TaskBrowser(queue)
    other.delete_task("t-0")
    page.settle()
    assert ids(browser) == ["t-1", "t-2"]
    browser.load_all()
    other.delete_task("t-1")
    page.settle()
    assert (ids(browser), browser.place["outdated"]) == (["t-1", "t-2"], True)
    page.click("refresh")
    assert (ids(browser), browser.place["outdated"]) == (["t-2"], False)
    other.close()


@pytest.mark.parametrize("page_size", [0, 1001, "25", None, True])
def test_pages_have_sizes_that_the_service_takes(queue: ct.Queue, page_size: Any) -> None:
    with pytest.raises(ct.ConfigError, match=r"page_size must be (between 1 and 1,000|an integer)"):
        queue.browse(page_size=page_size)
    browser = queue.browse()
    with pytest.raises(ct.ConfigError, match="page_size must be between 1 and 1,000"):
        browser.set_page_size(page_size)
    assert browser.page_size == 25
