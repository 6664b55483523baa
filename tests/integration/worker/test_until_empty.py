"""The end of `run(until_empty=True)`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.worker import leasing, settling
from cloudtasks_nb.worker.events import Events
from cloudtasks_nb.worker.hand import Haul
from cloudtasks_nb.worker.options import WorkerOptions
from tests.waiting import PATIENCE_S

from .conftest import fill

HOUR_S = 3600.0


def ends(worker: ct.Worker) -> bool:
    """Run until the queue is empty; False if that takes long."""
    thread = threading.Thread(target=worker.run, kwargs={"until_empty": True, "progress": False}, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return not thread.is_alive()


@pytest.fixture
def was_empty(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set after a lease call that leased nothing."""
    empty, found = threading.Event(), leasing.Leasing.found

    def told(self: leasing.Leasing, haul: Haul) -> None:
        found(self, haul)
        if not haul.hands:
            empty.set()

    monkeypatch.setattr(leasing.Leasing, "found", told)
    return empty


@pytest.fixture
def long_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that found nothing waits an hour before its next call."""
    monkeypatch.setattr(leasing.Patience, "nothing_s", lambda _: HOUR_S)


def after(event: threading.Event, act: Callable[[], Any] = lambda: None) -> Callable[[ct.Task], None]:
    """A handler that waits for the event, then acts."""

    def handler(task: ct.Task) -> None:
        assert event.wait(PATIENCE_S)
        act()

    return handler


@pytest.mark.usefixtures("long_backoff")
def test_it_ends_when_the_last_handler_ends(queue: ct.Queue, was_empty: threading.Event) -> None:
    fill(queue, 1)
    worker = queue.worker(after(was_empty))
    assert ends(worker), "it waits before its last look at the queue"
    assert (worker.tally.done, queue.count_tasks()) == (1, 0)


@pytest.mark.usefixtures("long_backoff")
def test_a_task_that_the_last_handler_creates_is_handled(queue: ct.Queue, was_empty: threading.Event) -> None:
    fill(queue, 1)
    once = iter([lambda: queue.create_task({"late": True})])
    worker = queue.worker(after(was_empty, lambda: next(once, lambda: None)()))  # type: ignore[no-any-return]
    assert ends(worker)
    assert (worker.tally.done, queue.count_tasks()) == (2, 0)


def test_the_last_tasks_are_acknowledged_at_once(queue: ct.Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_GATHERED_S", HOUR_S)
    fill(queue, 5)
    worker = queue.worker(lambda task: None)
    assert ends(worker), "it waits for more tasks to acknowledge"
    assert worker.tally.done == 5


def test_a_task_whose_lease_runs_out_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the service granted its lease late: then it ends later than the worker counts."""
    with ct.local() as client:
        queue = client.create_queue("jobs", kind="pull")
        fill(queue, 1)
        client.emulator.faults(latency=0.5, methods="queues.tasks.lease")

        def handler(task: ct.Task) -> None:
            client.emulator.faults()
            if task.dispatch_count == 1:
                raise ValueError

        worker = queue.worker(handler, on_error="leave", lease_duration=2)
        assert ends(worker)
        assert (worker.tally.done, worker.tally.failed) == (1, 1)


def test_a_task_that_could_not_be_acknowledged_is_handled_again() -> None:
    with ct.local() as client:
        queue = client.create_queue("jobs", kind="pull")
        fill(queue, 1)
        client.emulator.faults(exhausted=1, methods="queues.tasks.acknowledge")

        def handler(task: ct.Task) -> None:
            if task.dispatch_count > 1:
                client.emulator.faults()

        worker = queue.worker(handler, lease_duration=2)
        assert ends(worker)
        assert (worker.tally.done, queue.count_tasks()) == (1, 0)
        assert worker.tally.lost >= 1


def test_a_failed_task_that_is_gone_is_not_waited_for(queue: ct.Queue) -> None:
    fill(queue, 1)

    def handler(task: ct.Task) -> None:
        queue.task(task.id).delete()
        raise ValueError

    assert ends(queue.worker(handler, lease_duration=3600))


@pytest.mark.parametrize("error", [ct.ResourceExhausted("too many"), ct.Unavailable("down")])
def test_a_rejected_call_is_not_repeated_without_a_wait(queue: ct.Queue, error: ct.CloudTasksError) -> None:
    run = leasing.Leasing(queue, WorkerOptions(), Events("jobs"))
    run.found(Haul([], 1.0, 1.0, 60.0))
    run.refused(error, is_idle=True)
    waits_until_s = run.next_s()
    run.look_again()
    assert run.next_s() == waits_until_s > 0
