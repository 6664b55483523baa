"""Leases in the workbench: leased, held, finished, lost; no task is acknowledged by accident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.action import Refused
from cloudtasks_nb.widgets.lease_workbench import FEW, LeaseWorkbench

from .page import FakePage

Clicking = Callable[[LeaseWorkbench], FakePage]


@pytest.fixture
def pull(client: ct.Client, queue: ct.Queue) -> ct.Queue:
    """A pull queue with three tasks that are due."""
    made = client.create_queue(f"pull-{queue.id}", kind="pull")
    for number, tag in enumerate(("red", "red", "blue")):
        made.create_task({"number": number}, tag=tag, task_id=f"p-{number}")
    return made


@pytest.fixture
def workbench(pull: ct.Queue) -> LeaseWorkbench:
    return LeaseWorkbench(pull)


@pytest.fixture
def page(workbench: LeaseWorkbench, clicking: Clicking) -> FakePage:
    return clicking(workbench)


def states(workbench: LeaseWorkbench) -> dict[str, str]:
    return {row["id"]: row["state"] for row in workbench.leases}


def test_leased_tasks_are_held_with_payloads_until_their_leases_end(
    workbench: LeaseWorkbench, page: FakePage, pull: ct.Queue
) -> None:
    assert page.click("lease", max_tasks=10, lease_duration=300, tag="red") == "2 tasks leased."
    assert [task.json()["number"] for task in workbench.tasks] == [0, 1]
    assert states(workbench) == {"p-0": "held", "p-1": "held"}
    task = pull.task("p-0")
    assert (task.dispatch_count, workbench.leases[0]["ends"]) == (1, task.schedule_time.isoformat())  # type: ignore[union-attr]
    assert page.click("lease", tag="red") == "No task was available to lease."
    assert page.click("lease", oldest_tag=True) == "1 task leased."
    assert (
        workbench.lines[1] == f'tasks = client.queue("{pull.name}").lease(10, lease_duration=300, tag="red")'
    )


def test_finishing_one_does_to_the_service_what_it_says(
    workbench: LeaseWorkbench, page: FakePage, pull: ct.Queue
) -> None:
    page.click("lease", lease_duration=300)
    before = pull.task("p-1").schedule_time
    assert page.click("acknowledge", task_id="p-0") == "p-0 was acknowledged."
    assert page.click("renew", task_id="p-1", lease_duration=3600) == "p-1 is leased for 3600 s from now."
    assert page.click("give_back", task_id="p-2") == "p-2 was given back."
    after = {task.id: task.schedule_time for task in pull.tasks()}
    assert set(after) == {"p-1", "p-2"}
    assert before and after["p-1"] and after["p-1"] - before > timedelta(minutes=50)
    assert states(workbench) == {"p-0": "acknowledged", "p-1": "held", "p-2": "returned"}
    assert [task.id for task in workbench.tasks] == ["p-1"]
    assert page.click("acknowledge", task_id="p-2").startswith("p-2 is no longer leased here")
    assert len(list(pull.tasks())) == 2
    page.click("clear")
    assert states(workbench) == {"p-1": "held"}


def test_a_lost_lease_is_shown_as_lost_and_the_others_go_on(
    workbench: LeaseWorkbench, page: FakePage, pull: ct.Queue
) -> None:
    page.click("lease", lease_duration=300)
    pull.task("p-0").delete()
    pull.task("p-1").renew_lease(900)  # by another holder of the same lease: here it has ended
    assert page.click("acknowledge_all", confirm="3") == "1 task acknowledged, 2 lost."
    assert states(workbench) == {"p-0": "lost", "p-1": "lost", "p-2": "acknowledged"}
    assert all(row["note"] for row in workbench.leases[:2])
    assert {task.id for task in pull.tasks()} == {"p-1"}
    with pytest.raises(Refused, match="no longer leased here"):
        workbench.renew("p-1")


def test_what_waits_is_counted_and_what_was_said_of_leases_goes_with_them(
    workbench: LeaseWorkbench, page: FakePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workbench.place["waiting"] == 3
    assert page.click("lease", max_tasks=2, lease_duration=300) == "2 tasks leased."
    assert workbench.place["waiting"] == 1
    page.click("look")
    assert workbench.notice["text"] == "2 tasks leased."
    later = datetime.now(UTC) + timedelta(seconds=301)
    monkeypatch.setattr(LeaseWorkbench, "_now", lambda self: later)
    page.click("look")
    assert workbench.notice["text"] == "The leases ended. Any worker may lease these tasks again."
    assert workbench.place["waiting"] == 3


def test_all_are_renewed_and_given_back(workbench: LeaseWorkbench, page: FakePage, pull: ct.Queue) -> None:
    page.click("lease", lease_duration=60)
    assert page.click("renew_all", lease_duration=900) == "3 tasks renewed."
    assert page.click("give_back_all") == "3 tasks given back."
    assert (workbench.tasks, len(pull.lease())) == ([], 3)
    assert page.click("give_back_all") == "No task is leased here."


def test_many_are_acknowledged_only_when_their_number_is_confirmed(
    workbench: LeaseWorkbench, page: FakePage, pull: ct.Queue
) -> None:
    for number in range(FEW):
        pull.create_task(b"x", task_id=f"more-{number}")
    page.click("lease", max_tasks=100, lease_duration=300)
    for confirm in (None, "3", ""):
        assert page.click("acknowledge_all", confirm=confirm).startswith("Nothing was acknowledged")
    assert len(list(pull.tasks())) == FEW + 3
    assert page.click("acknowledge_all", confirm=FEW + 3) == f"{FEW + 3} tasks acknowledged."
    assert list(pull.tasks()) == []


def test_an_expired_lease_cannot_be_acted_on(
    workbench: LeaseWorkbench, page: FakePage, pull: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.click("lease", lease_duration=60)
    now = pull._session.now()
    monkeypatch.setattr(pull._session, "now", lambda: now + timedelta(seconds=61))
    assert workbench.tasks == []
    assert page.click("acknowledge", task_id="p-0") == "p-0 is no longer leased here: its lease ended."
    assert len(list(pull.tasks())) == 3


def test_a_payload_opens_without_another_call(workbench: LeaseWorkbench, page: FakePage) -> None:
    page.click("lease", tag="blue")
    page.click("open_task", task_id="p-2")
    assert workbench.detail["payload"]["raw"] == '{"number":2}'
    page.click("close_task")
    assert workbench.detail == {}
    assert page.click("open_task", task_id="p-0") == "This task is not on the workbench."


def test_read_only_shows_what_others_hold(pull: ct.Queue, clicking: Clicking) -> None:
    pull.lease(1, lease_duration=300)
    workbench = LeaseWorkbench(pull, read_only=True)
    page = clicking(workbench)
    assert states(workbench) == {"p-0": "held"}
    assert page.click("lease") == "This panel is read-only."
    pull.lease(1, lease_duration=300)
    page.click("refresh")
    assert set(states(workbench)) == {"p-0", "p-1"}


def test_only_a_pull_queue_has_a_workbench(queue: ct.Queue) -> None:
    with pytest.raises(ct.ConfigError, match="sent, not leased"):
        queue.workbench()
