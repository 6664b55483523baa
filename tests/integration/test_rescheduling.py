"""Rescheduling: tasks are created again, and deleted only after their successor exists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.bulk import rescheduling
from tests.integration.filling import URL, new_id, payloads, soon
from tests.refusing import refusing


def filled(queue: ct.Queue, count: int = 7) -> ct.Queue:
    rows: list[dict[str, Any]] = [
        {"payload": {"n": n}, "schedule": soon(), "task_id": f"t-{n}", "headers": {"X-A": "b"}}
        for n in range(count)
    ]
    rows[0]["retry_config"] = {"max_attempts": 3}
    rows[-1]["dispatch_deadline"] = "20s"
    assert queue.create_tasks(rows, url=URL, progress=False).ok
    return queue


def whole(queue: ct.Queue) -> list[Any]:
    """The requests of tasks by payload, without time and id."""
    keys = ("http_request", "retry_config", "dispatch_deadline")
    found = [[getattr(task, key) for key in keys] for task in queue.tasks(view="FULL")]
    return sorted(found, key=lambda one: one[0].body)


def test_tasks_do_the_same_at_another_time(queue: ct.Queue) -> None:
    before = whole(filled(queue))
    when = datetime.now(UTC).replace(microsecond=0) + timedelta(days=20)
    result = queue.reschedule_tasks(queue.tasks(), schedule=when)
    assert result.summary() == "7 rescheduled, 0 failed, 0 not tried"
    assert [*result.names] == [task.name for task in queue.tasks()]
    assert whole(queue) == before
    assert {task.schedule_time for task in queue.tasks()} == {when}
    assert all(task.id.startswith("t-") and "-r" in task.id for task in queue.tasks())


@pytest.mark.parametrize("form", ["ids", "names", "tasks", "full", "frame", "rows"])
def test_every_selection_is_taken(queue: ct.Queue, form: str) -> None:
    filled(queue, 3)
    frame = queue.tasks(view="FULL").to_dataframe()
    given: dict[str, Any] = {
        "ids": ["t-0", "t-1"],
        "names": [f"{queue.name}/tasks/t-0", f"{queue.name}/tasks/t-1"],
        "tasks": queue.tasks().first(2),
        "full": queue.tasks(view="FULL").first(2),
        "frame": frame[frame.task_id < "t-2"],
        "rows": frame[frame.task_id < "t-2"].to_dict("records"),
    }
    assert queue.reschedule_tasks(given[form], schedule="2h").done == 2
    assert queue.task("t-2").id == "t-2"
    assert len(payloads(queue)) == 3


def test_a_listing_that_is_read_meanwhile_ends(queue: ct.Queue) -> None:
    queue.create_tasks((str(n) for n in range(250)), url=URL, schedule=3600).raise_for_errors()
    assert queue.reschedule_tasks(queue.tasks(view="FULL", page_size=10), schedule="3h").done == 250
    assert sorted(payloads(queue)) == sorted(str(n).encode() for n in range(250))


def test_ids_do_not_grow_and_never_come_twice(queue: ct.Queue) -> None:
    filled(queue, 1)
    task, seen = queue.task("t-0"), {"t-0"}
    for hours in range(1, 6):
        assert task.reschedule(timedelta(hours=hours)) is task
        assert task.id not in seen
        assert len(task.id) == len("t-0-r00000000")
        seen.add(task.id)
    assert [found.id for found in queue.tasks()] == [task.id]
    long = queue.create_task("x", url=URL, task_id="x" * 500, schedule=60).reschedule("1h")
    assert len(long.id) <= 500


def test_the_object_is_the_new_task(queue: ct.Queue) -> None:
    filled(queue, 1)
    task = queue.task("t-0")
    now = datetime.now(UTC)
    task.reschedule("2h")
    assert abs(task.schedule_time - now - timedelta(hours=2)) < timedelta(minutes=1)  # type: ignore[operator]
    assert (task.json(), task.dispatch_count, task.retry_config.max_attempts) == ({"n": 0}, 0, 3)  # type: ignore[union-attr]
    basic = queue.tasks().first(1)[0].reschedule("3h")
    assert (basic.view, basic.payload) == ("BASIC", None)
    with pytest.raises(ct.NotFound):
        queue.task("t-0")


def test_an_interrupted_call_is_completed(client: ct.Client, queue: ct.Queue) -> None:
    """If deletions fail, old and new tasks exist. A second call removes the old ones, and adds none."""
    filled(queue)
    with (
        refusing(client.endpoint, r"batchDelete") as gateway,
        ct.connect(client.project, client.location, endpoint=gateway.url) as there,
        pytest.raises(ct.PermissionDenied),
    ):
        there.queue(queue.name).reschedule_tasks(queue.tasks().to_dataframe(), schedule="2h")
    assert len(payloads(queue)) == 14
    old = [task.id for task in queue.tasks() if "-r" not in task.id]
    assert queue.reschedule_tasks(old, schedule="3h").done == 7
    assert len(payloads(queue)) == 7
    assert all("-r" in task.id for task in queue.tasks())


def test_a_task_whose_successor_has_gone_is_not_made_twice(queue: ct.Queue) -> None:
    """The successor has probably run, so the user must decide: delete the old task, or copy it."""
    filled(queue, 1)
    task = queue.task("t-0")
    queue.create_task("x", url=URL, task_id=rescheduling.successor_id(task), schedule=3600).delete()
    [item] = queue.reschedule_tasks([task], schedule="2h").failed
    assert isinstance(item.error, ct.AlreadyExists)
    assert "rescheduled before" in str(item.error)
    assert [left.id for left in queue.tasks()] == ["t-0"]
    with pytest.raises(ct.AlreadyExists, match="has run or was deleted"):
        task.reschedule("2h")


def test_another_task_under_the_new_id_keeps_the_old_one(queue: ct.Queue) -> None:
    filled(queue, 1)
    task = queue.task("t-0")
    queue.create_task("other", url=URL, task_id=rescheduling.successor_id(task), schedule=3600)
    with pytest.raises(ct.AlreadyExists):
        task.reschedule("2h")
    assert queue.task("t-0").json() == {"n": 0}
    assert task.id == "t-0"


def test_one_that_cannot_be_created_stays(queue: ct.Queue) -> None:
    filled(queue)
    result = queue.reschedule_tasks(queue.tasks(), schedule="31d")
    assert (result.done, result.failed_count) == (0, 7)
    assert "too far in the future" in result.reasons()[0][0]
    assert sorted(task.id for task in queue.tasks()) == [f"t-{n}" for n in range(7)]
    assert queue.reschedule_tasks(result.failed, schedule="29d").done == 7, "with the time of this call"
    assert min(task.schedule_time for task in queue.tasks()) > soon() + timedelta(days=28)  # type: ignore[type-var,operator]


def test_what_is_gone_fails_alone(queue: ct.Queue) -> None:
    filled(queue, 2)
    result = queue.reschedule_tasks(["t-0", "never", "t-1"], schedule=60)
    assert (result.done, [item.error.status for item in result.failed]) == (2, ["NOT_FOUND"])  # type: ignore[union-attr]


def test_lost_answers_double_nothing(client: ct.Client, queue: ct.Queue) -> None:
    queue.create_tasks((str(n) for n in range(1500)), url=URL, schedule=3600).raise_for_errors()
    client.emulator.faults(cut_before=0.1, cut_after=0.1, unavailable=0.1, seed=7, methods="queues.tasks.*")
    try:
        result = queue.reschedule_tasks(queue.tasks(view="FULL", page_size=100), schedule="5h")
    finally:
        client.emulator.faults()
    assert (result.done, result.failed_count) == (1500, 0)
    assert payloads(queue) == sorted(str(n).encode() for n in range(1500))


def test_pull_tasks_keep_what_they_hold(client: ct.Client) -> None:
    work = client.create_queue(new_id(), kind="pull")
    work.create_tasks([{"payload": str(n), "tag": "blue"} for n in range(3)]).raise_for_errors()
    assert work.reschedule_tasks(work.tasks(), schedule="1h").done == 3
    assert [*work.lease()] == []
    held = sorted((task.text(), task.tag) for task in work.tasks(view="FULL"))
    assert held == [(str(n), "blue") for n in range(3)]
    work.tasks().first(1)[0].reschedule(0)
    assert [task.tag for task in work.lease()] == ["blue"]


@pytest.mark.parametrize("version", ["v2", "v2beta3"])
def test_every_version(client: ct.Client, queue: ct.Queue, version: Any) -> None:
    before = whole(filled(queue, 3))
    with ct.connect(client.project, client.location, endpoint=client.endpoint, api_version=version) as spoken:
        assert (
            spoken.queue(queue.name).reschedule_tasks(spoken.queue(queue.name).tasks(), schedule="2h").done
            == 3
        )
        spoken.queue(queue.name).tasks().first(1)[0].reschedule("3h")
    assert whole(queue) == before


@pytest.mark.parametrize("given", [-1, timedelta(-1), None, "never", 1767225600, float("nan"), b"1h", [1]])
def test_what_is_no_time_is_refused_before_anything_is_sent(
    queue: ct.Queue, calls: list[str], given: Any
) -> None:
    filled(queue, 1)
    task = queue.task("t-0")
    calls.clear()
    for verb in (lambda: queue.reschedule_tasks(["t-0"], schedule=given), lambda: task.reschedule(given)):
        with pytest.raises(ct.InvalidArgument, match="schedule="):
            verb()
    assert calls == []


def test_a_wrong_selection_and_a_closed_client(client: ct.Client, queue: ct.Queue) -> None:
    for given in (["a/b"], [3], queue.tasks().to_dataframe().drop(columns="name")):
        with pytest.raises(ct.InvalidRows):
            queue.reschedule_tasks(given, schedule=60)  # type: ignore[arg-type]
    with pytest.raises(ct.InvalidArgument):
        queue.reschedule_tasks(7, schedule=60)  # type: ignore[arg-type]
    with ct.connect(endpoint=client.endpoint) as closed:
        handle = closed.queue("us-central1/any", read=False)
    with pytest.raises(ct.ConfigError, match="closed"):
        handle.reschedule_tasks(["a"], schedule=60)
    filled(queue, 1)
    with (
        ct.connect(client.project, endpoint=client.endpoint, read_only=True) as reader,
        pytest.raises(ct.CloudTasksError, match="read_only"),
    ):
        reader.queue(queue.name).reschedule_tasks(["t-0"], schedule=60)
