"""Selected tasks of a browser: kept over pages; deleted, copied and exported after their number is confirmed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.action import Refused
from cloudtasks_nb.widgets.task_browser import TaskBrowser
from cloudtasks_nb.widgets.task_lines import Which

from .browsing import Clicking, ids


def test_the_selection_outlives_its_page_and_comes_back_as_data(queue: ct.Queue, clicking: Clicking) -> None:
    browser = TaskBrowser(queue, page_size=2)
    page = clicking(browser)
    assert browser.selection.empty and "task_id" in browser.selection.columns
    page.click("select", task_ids=ids(browser)[:1])
    chosen = ids(browser)[:1]
    page.click("next_page")
    page.click("select", task_ids=ids(browser))
    chosen += ids(browser)
    assert [task.id for task in browser.tasks] == chosen
    assert (browser.selected, browser.ticked["count"]) == (ids(browser), len(chosen))  # of the rows shown
    assert list(browser.selection["task_id"]) == chosen
    page.click("select", task_ids=chosen[:1], on=False)
    assert [task.id for task in browser.tasks] == chosen[1:]
    page.click("previous_page")
    assert (browser.selected, browser.ticked["count"]) == ([], len(chosen) - 1)
    page.click("clear_selection")
    assert browser.tasks == []


def test_many_selected_tasks_are_not_saved_with_the_notebook(queue: ct.Queue, clicking: Clicking) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.send({"do": "mounted", "view": "v"})
    browser.scope = "all"
    browser._fill([ct.Task(name=f"{queue.name}/tasks/{number:032}") for number in range(2000)])
    page.click("clear_selection")
    before = len(json.dumps(browser.get_state()))
    page.click("select_matching")
    page.click("select", task_ids=[f"{17:032}"], on=False)
    assert len(browser.tasks) == browser.ticked["count"] == 1999
    assert len(json.dumps(browser.get_state())) - before < 5000  # the ids of the rows that are saved
    message = next(sent for sent in reversed(page.sent) if "ticked" in sent.get("content", {}))
    assert message["content"]["ticked"] == browser.place["rows"]
    (bits,) = message["buffers"]
    assert [at for at in range(2000) if not bits[at >> 3] >> (at & 7) & 1] == [17]


def test_only_tasks_that_are_shown_can_be_selected(queue: ct.Queue) -> None:
    browser = TaskBrowser(queue)
    with pytest.raises(Refused):
        browser.select(["elsewhere"])
    assert browser.selected == []
    browser.close()


def test_many_are_deleted_together(queue: ct.Queue, clicking: Clicking) -> None:
    queue.create_tasks(({"url": "http://127.0.0.1:9/x"} for _ in range(600)), progress=False)
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.click("load_all")
    total = len(browser.matching)
    assert page.click("delete_tasks", which="matching", confirm=str(total)) == f"{total} tasks deleted."
    assert (ids(browser), queue.count_tasks()) == ([], 0)


def test_selected_tasks_are_deleted_and_those_that_were_gone_are_counted(
    queue: ct.Queue, clicking: Clicking
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.click("select", task_ids=["t-0", "t-1"])
    queue.task("t-1").delete()
    assert page.click("delete_tasks", confirm="2") == "1 task deleted, 1 did not exist."
    assert (ids(browser), browser.selected) == (["t-2"], [])
    assert {task.id for task in queue.tasks()} == {"t-2"}
    assert browser.lines[-1] == f'client.queue("{queue.name}").delete_tasks(["t-0", "t-1"])'


@pytest.mark.parametrize("confirm", [None, "2", "4", "", "other", True, ["3"]])
def test_all_that_match_are_deleted_only_when_their_number_is_confirmed(
    queue: ct.Queue, clicking: Clicking, confirm: object
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    assert page.click("delete_tasks", which="matching", confirm=confirm).startswith("Nothing was done")
    assert len(list(queue.tasks())) == 3
    page.click("filter", query="-id:t-1")
    assert page.click("delete_tasks", which="matching", confirm="3").startswith("Nothing was done")
    assert page.click("delete_tasks", which="matching", confirm="2") == "2 tasks deleted."
    assert [task.id for task in queue.tasks()] == ["t-1"]


def test_tasks_are_copied_whole_to_another_queue(
    client: ct.Client, queue: ct.Queue, clicking: Clicking
) -> None:
    other = client.create_queue(f"other-{queue.id}")
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.click("list_queues")
    assert other.id in browser.queues and queue.id not in browser.queues
    page.click("select_matching")
    assert page.click("copy_tasks", to=queue.id).startswith("These tasks are already in that queue")
    assert page.click("copy_tasks", to=other.id, confirm="3") == f"3 tasks copied to {other.id}."
    assert sorted(task.json()["number"] for task in other.tasks(view="FULL")) == [0, 1, 2]
    assert len(list(queue.tasks())) == 3


def test_tasks_get_another_time(queue: ct.Queue, clicking: Clicking) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    assert page.click("reschedule_tasks", schedule="2h") == "No task is selected."
    page.click("select", task_ids=["t-1"])
    assert "not a valid due time" in page.click("reschedule_tasks", schedule="soon")
    later = (datetime.now(UTC) + timedelta(days=9)).replace(second=0, microsecond=0)
    assert page.click("reschedule_tasks", schedule=f"{later:%Y-%m-%dT%H:%MZ}").startswith(
        f"1 task rescheduled. Refresh to see them at {later:%Y-%m-%d %H:%M:%S} UTC"
    )
    line = f'.reschedule_tasks(["t-1"], schedule="{later:%Y-%m-%dT%H:%MZ}")'
    assert browser.lines[-1].endswith(line)
    assert page.click("reschedule_tasks", schedule="2h", which="matching").startswith("Nothing was done")
    moved = [task for task in queue.tasks(view="FULL") if task.id.startswith("t-1-r")]
    assert [task.json()["number"] for task in moved] == [1]
    assert [task.schedule_time for task in moved] == [later]
    assert len(list(queue.tasks())) == 3
    assert browser.selected == []


def test_a_selection_becomes_a_file_that_nothing_overwrites(
    queue: ct.Queue, clicking: Clicking, tmp_path: Path
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    assert page.click("export", path=str(tmp_path / "x.csv")) == "No task is selected."
    page.click("select", task_ids=["t-1"])
    for name, read in (("x.csv", pd.read_csv), ("x.parquet", pd.read_parquet)):
        file = tmp_path / name
        assert page.click("export", path=str(file)).startswith("1 task written to")
        assert list(read(file)["task_id"]) == ["t-1"]
        assert page.click("export", path=str(file)).endswith("already exists.")
    assert "neither" in page.click("export", path=str(tmp_path / "x.xlsx"))


def test_a_selection_is_handed_to_the_page_as_a_file(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = TaskBrowser(queue)
    sent: list[Any] = []
    monkeypatch.setattr(browser, "send", lambda content, buffers=None: sent.append((content, buffers)))
    browser.download("x.csv", "matching")
    ((content, (data,)),) = sent
    assert content == {"download": "x.csv"}
    assert sorted(pd.read_csv(BytesIO(data))["task_id"]) == ["t-0", "t-1", "t-2"]
    browser.close()


@pytest.mark.parametrize("which", ["selected", "matching"])
def test_other_tasks_than_the_page_showed_are_not_deleted(
    queue: ct.Queue, clicking: Clicking, which: Which
) -> None:
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.click("filter", query="-id:t-1")
    page.click("select", task_ids=["t-0", "t-2"])
    stamp = (browser.ticked if which == "selected" else browser.place)["stamp"]
    page.click("filter", query="-id:t-2")  # as many as before
    page.click("select", task_ids=["t-2"], on=False)
    page.click("select", task_ids=["t-1"])
    about = {"which": which, "confirm": "2"}
    assert page.click("delete_tasks", **about, stamp=stamp).startswith(
        "The tasks changed, so nothing was done"
    )
    assert len(list(queue.tasks())) == 3
    page.click("filter", query="-id:t-1")
    page.click("select", task_ids=["t-1"], on=False)
    page.click("select", task_ids=["t-2"])
    assert page.click("delete_tasks", **about, stamp=stamp) == "2 tasks deleted."
