"""What the methods mean over time: pages that hold still, names that stay blocked, tasks that end by themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator import demo
from cloudtasks_nb.emulator.rules import attempts
from cloudtasks_nb.emulator.rules.attempts import answered
from cloudtasks_nb.emulator.rules.pages import make_token, page_size, read_token
from cloudtasks_nb.emulator.store import tasks as task_store
from cloudtasks_nb.emulator.store.store import Store
from cloudtasks_nb.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from cloudtasks_nb.model import Duration, HttpRequest, PullMessage, PullTarget, Queue, RetryConfig, Task
from cloudtasks_nb.model.messages import CreateTaskRequest

from .conftest import NOW, PARENT, QUEUE, Emulator


def http(task_id: str = "", in_s: float = 0, **settings: Any) -> Task:
    return Task(
        name=f"{QUEUE}/tasks/{task_id}" if task_id else "",
        http_request=HttpRequest(url="https://example.com"),
        schedule_time=NOW + timedelta(seconds=in_s),
        **settings,
    )


# Pages

_CHANGES = st.lists(
    st.tuples(st.sampled_from(["create", "delete", "retry"]), st.integers(0, 10**6)), max_size=6
)


@settings(max_examples=60)
@given(
    start=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    size=st.integers(1, 5),
    between=st.lists(_CHANGES, max_size=12),
)
def test_pages_hold_still_while_tasks_come_and_go(
    start: list[int], size: int, between: list[list[tuple[str, int]]]
) -> None:
    """Nothing is shown twice, and nothing that was there throughout is left out: many tasks share an instant."""
    emulator = Emulator()
    emulator.queue()
    alive = [f"t{number}" for number in range(len(start))]
    for task_id, in_s in zip(alive, start, strict=True):
        emulator.task(http(task_id, in_s))
    throughout, seen, token, changes, fresh = set(alive), [], "", iter(between), count()
    while True:
        page = emulator("queues.tasks.list", parent=QUEUE, page_size=size, page_token=token)
        seen += [task["name"].rpartition("/")[2] for task in page.get("tasks", [])]
        token = page.get("nextPageToken", "")
        if not token:
            break
        for change, number in next(changes, []):
            if change == "create":
                alive.append(f"new{next(fresh)}")
                emulator.task(http(alive[-1], number % 4))
            elif alive and change == "delete":
                gone = alive.pop(number % len(alive))
                emulator("queues.tasks.delete", name=f"{QUEUE}/tasks/{gone}")
                throughout.discard(gone)
            elif alive:
                emulator("queues.tasks.run", name=f"{QUEUE}/tasks/{alive[number % len(alive)]}")
                emulator.service.attempts.finish(emulator.sent.pop(), attempts.answered(500))
    emulator.store.close()
    assert len(seen) == len(set(seen))
    assert throughout <= set(seen)


def test_orders_of_tasks(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    for task_id, tag, in_s in (("a", "z", 3), ("b", "", 2), ("c", "y", 1), ("d", "y", 0)):
        message = PullMessage(tag=tag)
        emulator.task(
            Task(
                name=f"{QUEUE}/tasks/{task_id}",
                pull_message=message,
                schedule_time=NOW + timedelta(seconds=in_s),
            )
        )
    for size in (1, 2, 1000):
        assert emulator.names(page_size=size) == ["d", "c", "b", "a"]
        assert emulator.names(page_size=size, order_by="schedule_time") == ["d", "c", "b", "a"]
        assert emulator.names(page_size=size, order_by="pull_message.tag") == ["b", "d", "c", "a"]
    with pytest.raises(InvalidArgument, match="order_by"):
        emulator.names(order_by="name")


def test_large_payloads_make_short_pages(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_store, "MAX_PAGE_BYTES", 3000)
    emulator.queue(pull_target=PullTarget())
    ids = [f"t{number}" for number in range(7)]
    for task_id in ids:
        emulator.task(Task(name=f"{QUEUE}/tasks/{task_id}", pull_message=PullMessage(payload=b"x" * 900)))
    first = emulator("queues.tasks.list", parent=QUEUE, response_view="FULL")
    assert len(first["tasks"]) == 3
    assert emulator.names(response_view="FULL") == ids
    assert "nextPageToken" not in emulator("queues.tasks.list", parent=QUEUE)
    for task_id in ids[3:]:
        emulator("queues.tasks.delete", name=f"{QUEUE}/tasks/{task_id}")
    assert "nextPageToken" not in emulator("queues.tasks.list", parent=QUEUE, response_view="FULL")


def test_page_sizes() -> None:
    assert (page_size(0, 1000), page_size(7, 1000), page_size(5000, 1000)) == (1000, 7, 1000)
    with pytest.raises(InvalidArgument):
        page_size(-1, 1000)


@given(st.binary(max_size=40) | st.text(max_size=40), st.text(max_size=20))
def test_garbage_is_no_token(garbage: bytes | str, listing: str) -> None:
    token = garbage if isinstance(garbage, str) else garbage.hex()
    if token:
        with pytest.raises(InvalidArgument, match="page token"):
            read_token(token, [listing], NOW)


def test_tokens_are_good_for_two_hours() -> None:
    token = make_token([5, "id"], ["a", "b"], NOW)
    assert read_token(token, ["a", "b"], NOW + timedelta(hours=2)) == [5, "id"]
    with pytest.raises(InvalidArgument, match="expired"):
        read_token(token, ["a", "b"], NOW + timedelta(hours=2, seconds=1))
    with pytest.raises(InvalidArgument, match="other parameters"):
        read_token(token, ["ab", ""], NOW)


def test_locations_have_pages(emulator: Emulator) -> None:
    first = emulator("list", name="projects/p", page_size=40)
    rest = emulator("list", name="projects/p", page_size=40, page_token=first["nextPageToken"])
    ids = [location["locationId"] for location in first["locations"] + rest["locations"]]
    assert "nextPageToken" not in rest
    assert ids == sorted(ids, key=ids.index)
    assert len(ids) == len(set(ids)) > 40


def test_filtered_queues_have_pages(emulator: Emulator) -> None:
    for number in range(9):
        name = f"{PARENT}/queues/q{number}"
        emulator("queues.create", parent=PARENT, body=Queue(name=name))
        if number % 2:
            emulator("queues.pause", name=name)
    first = emulator("queues.list", parent=PARENT, filter="state=PAUSED", page_size=3)
    assert [queue["name"][-1] for queue in first["queues"]] == ["1", "3", "5"]
    token = first["nextPageToken"]
    second = emulator("queues.list", parent=PARENT, filter="state=PAUSED", page_size=3, page_token=token)
    assert [queue["name"][-1] for queue in second["queues"]] == ["7"]
    assert "nextPageToken" not in second
    with pytest.raises(InvalidArgument, match="other parameters"):
        emulator("queues.list", parent=PARENT, filter="state=RUNNING", page_token=token)


# Time


def test_a_deleted_queue_blocks_its_name_for_three_days(emulator: Emulator) -> None:
    emulator.queue()
    emulator.task(http("one"))
    emulator("queues.delete", name=QUEUE)
    emulator.clock.advance(timedelta(days=3, seconds=-1))
    with pytest.raises(FailedPrecondition):
        emulator.queue()
    emulator.clock.advance(timedelta(seconds=1))
    emulator.queue()
    assert emulator.names() == []
    emulator.task(http("one"))


def test_a_finished_task_blocks_its_name_for_the_tombstone_ttl(emulator: Emulator) -> None:
    emulator.queue(tombstone_ttl=Duration(hours=2))
    emulator.task(http("one"))
    emulator("queues.tasks.delete", name=f"{QUEUE}/tasks/one")
    emulator.clock.advance(timedelta(hours=2, seconds=-1))
    with pytest.raises(AlreadyExists, match="existed too recently"):
        emulator.task(http("one"))
    emulator.clock.advance(timedelta(seconds=1))
    with pytest.raises(NotFound, match="Requested entity was not found"):
        emulator("queues.tasks.get", name=f"{QUEUE}/tasks/one")
    emulator.task(http("one"))


def test_a_task_ends_with_its_time_to_live(emulator: Emulator) -> None:
    emulator.queue(task_ttl=Duration(days=10))
    emulator.task(http("one"))
    emulator.clock.advance(timedelta(days=10, microseconds=-1))
    assert emulator.names() == ["one"]
    emulator.clock.advance(timedelta(microseconds=1))
    assert emulator.names() == []
    with pytest.raises(NotFound, match="no longer exists"):
        emulator("queues.tasks.get", name=f"{QUEUE}/tasks/one")
    emulator.clock.advance(timedelta(hours=1))
    emulator.task(http("one"))


def test_schedule_times(emulator: Emulator) -> None:
    emulator.queue()
    assert emulator.task(http(in_s=-50))["scheduleTime"] == "2026-03-01T12:00:00.250Z"
    assert emulator.task(http(in_s=30 * 86_400))["scheduleTime"] == "2026-03-31T12:00:00.250Z"
    with pytest.raises(
        InvalidArgument, match=r"The Task\.scheduleTime, 2026-03-31T05:00:00.250001-07:00, is too far"
    ):
        emulator.task(http(in_s=30 * 86_400 + 0.000001))


# Attempts


def run(emulator: Emulator, outcome: attempts.Outcome, after_s: float = 0.5) -> None:
    emulator("queues.tasks.run", name=f"{QUEUE}/tasks/one")
    emulator.clock.advance(timedelta(seconds=after_s))
    emulator.service.attempts.finish(emulator.sent.pop(), outcome)


def test_attempts_are_recorded(emulator: Emulator) -> None:
    emulator.queue(retry_config=RetryConfig(min_backoff=Duration(seconds=10), max_doublings=3))
    emulator.task(http("one", in_s=100))
    run(emulator, attempts.answered(503))
    emulator.clock.advance(timedelta(seconds=99.5))
    run(emulator, attempts.timed_out())
    task = emulator("queues.tasks.get", name=f"{QUEUE}/tasks/one")
    assert task["scheduleTime"] == "2026-03-01T12:02:00.250Z"  # the second call of run, and 20 s
    assert task["status"] == {
        "attemptDispatchCount": 2,
        "attemptResponseCount": 1,
        "firstAttemptStatus": {"dispatchTime": "2026-03-01T12:00:00.250000Z"},
        "lastAttemptStatus": {
            "scheduleTime": "2026-03-01T12:00:10.250000Z",
            "dispatchTime": "2026-03-01T12:01:40.250000Z",
            "responseTime": "2026-03-01T12:01:40.750000Z",
            "responseStatus": {
                "code": 4,
                "message": "DEADLINE_EXCEEDED(4): the target did not answer in time",
            },
        },
    }


def test_execution_counts_leave_server_errors_out(emulator: Emulator) -> None:
    """The run that was measured on the real service: SPEC section 5.1."""
    emulator.queue()
    emulator.task(http("one"))
    counts, previous = [], []
    for code in (503, 404, 429, 500, 302, 200):
        emulator("queues.tasks.run", name=f"{QUEUE}/tasks/one")
        sent = emulator.sent.pop()
        counts.append(sent.execution_count)
        previous.append(sent.previous_code)
        emulator.service.attempts.finish(sent, attempts.answered(code))
    assert counts == [0, 0, 1, 2, 2, 3]
    assert previous == [None, 503, 404, 429, 500, 302]
    assert emulator.names() == []


def test_a_task_deleted_meanwhile_stays_deleted(emulator: Emulator) -> None:
    emulator.queue()
    emulator.task(http("one"))
    emulator("queues.tasks.run", name=f"{QUEUE}/tasks/one")
    emulator("queues.purge", name=QUEUE)
    emulator.service.attempts.finish(emulator.sent.pop(), attempts.answered(500))
    assert emulator.names() == []


def test_an_attempt_that_outlives_its_queue_touches_no_other(emulator: Emulator) -> None:
    task = http("t")
    emulator.queue()
    emulator.task(task)
    emulator("queues.tasks.run", name=task.name)
    emulator("queues.delete", name=QUEUE)
    other = f"{QUEUE}-2"
    emulator("queues.create", parent=PARENT, body=Queue(name=other))
    task.name = f"{other}/tasks/t"
    emulator("queues.tasks.create", parent=other, body=CreateTaskRequest(task=task))
    emulator.service.attempts.finish(emulator.sent.pop(), answered(200))
    assert emulator("queues.tasks.get", name=task.name)["name"] == task.name


def test_statistics_are_true(emulator: Emulator) -> None:
    emulator.queue()
    for number in range(5):
        emulator.task(http(f"t{number}", in_s=number * 10 + 5))
    for number in (0, 1, 2):
        emulator("queues.tasks.run", name=f"{QUEUE}/tasks/t{number}")
    emulator.service.attempts.finish(emulator.sent.pop(), attempts.answered(200))

    def stats() -> dict[str, Any]:
        return dict(emulator("queues.get", name=QUEUE, read_mask="stats")["stats"])

    assert stats() == {
        "tasksCount": "4",
        "oldestEstimatedArrivalTime": "2026-03-01T12:00:05.250000Z",
        "executedLastMinuteCount": "1",
        "concurrentDispatchesCount": "2",
        "effectiveExecutionRate": 500.0,
    }
    emulator.clock.advance(timedelta(minutes=1))
    emulator("queues.pause", name=QUEUE)
    assert "executedLastMinuteCount" not in stats()
    assert "effectiveExecutionRate" not in stats()


def test_an_attempt_cut_off_by_a_stop_is_not_in_flight(tmp_path: Path) -> None:
    path = tmp_path / "queues.db"
    emulator = Emulator()
    emulator.store.close()
    emulator = _on_file(path)
    emulator.queue()
    emulator.task(http("one"))
    emulator("queues.tasks.run", name=f"{QUEUE}/tasks/one")
    emulator.store.close()
    emulator = _on_file(path)
    shown = emulator("queues.get", name=QUEUE, read_mask="stats")["stats"]
    assert "concurrentDispatchesCount" not in shown
    assert emulator("queues.tasks.get", name=f"{QUEUE}/tasks/one")["status"]["attemptDispatchCount"] == 1
    emulator.store.close()


def _on_file(path: Path) -> Emulator:
    emulator = Emulator()
    emulator.store.close()
    emulator.store = Store.open(path)
    emulator.service = type(emulator.service)(
        type(emulator.service.context)(emulator.store, emulator.clock, emulator.sent.append)
    )
    return emulator


# Demo


def test_the_demo_is_the_same_each_time() -> None:
    shown = []
    for _ in range(2):
        emulator = Emulator()
        demo.fill(emulator.store, NOW)
        parent = "projects/local/locations"
        tasks = {
            queue: emulator("queues.tasks.list", parent=f"{parent}/{queue}", response_view="FULL")["tasks"]
            for queue in (
                "us-central1/queues/emails",
                "us-central1/queues/thumbnails",
                "europe-west1/queues/webhooks",
            )
        }
        shown.append(tasks)
        emulator.store.close()
    assert shown[0] == shown[1]
    webhooks = shown[0]["europe-west1/queues/webhooks"]
    codes = {
        task["status"]["lastAttemptStatus"]["responseStatus"]["code"] for task in webhooks if "status" in task
    }
    assert codes == {4, 5, 8, 13, 14}
    assert all(datetime.fromisoformat(task["createTime"]) <= NOW for task in webhooks)


@pytest.mark.parametrize(
    "queue",
    [
        "us-central1/queues/emails",
        "us-central1/queues/reports",
        "europe-west1/queues/webhooks",
        "asia-northeast1/queues/translations",
    ],
)
def test_where_the_demo_dispatches_nothing_is_overdue(emulator: Emulator, queue: str) -> None:
    demo.fill(emulator.store, NOW)
    name = f"projects/local/locations/{queue}"
    tasks = emulator("queues.tasks.list", parent=name)["tasks"]
    assert all(datetime.fromisoformat(task["scheduleTime"]) > NOW - timedelta(seconds=5) for task in tasks)
    assert emulator("queues.get", name=name)["state"] == "RUNNING"
