"""Recorded attempts: counts, outcomes, statistics, and attempts whose task is gone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from cloudtasks_nb.emulator.server.rules import attempts
from cloudtasks_nb.emulator.server.rules.attempts import answered
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.model import Duration, Queue, RetryConfig
from cloudtasks_nb.model.messages import CreateTaskRequest

from .conftest import PARENT, QUEUE, Emulator, http


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
                "message": "DEADLINE_EXCEEDED(4): the target did not respond in time",
            },
        },
    }


def test_execution_counts_leave_server_errors_out(emulator: Emulator) -> None:
    """The run that was measured on the real service. Source: SPEC section 5.1."""
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
