"""The counts of a worker add up at every moment, also if handlers fail, hang or are abandoned."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.worker import run as one_run
from cloudtasks_nb.worker.hand import Haul
from cloudtasks_nb.worker.leasing import Leasing
from cloudtasks_nb.worker.options import WorkerOptions
from cloudtasks_nb.worker.run import WorkerRun
from cloudtasks_nb.worker.tally import Tally
from tests.waiting import PATIENCE_S, wait_until

from .conftest import fill, leased


def lacking(tally: Tally) -> int:
    """Tasks that the worker leased, and that no count contains."""
    held = tally.waiting + tally.in_hand + tally.acknowledging
    return tally.leased - held - tally.done - tally.failed - tally.given_back - tally.lost


def test_an_error_of_the_worker_itself_is_its_failure(queue: ct.Queue) -> None:
    told: list[Tally] = []

    def report(tally: Tally) -> None:
        told.append(tally)
        if len(told) == 1:
            raise OSError("the card cannot be shown")

    with pytest.raises(OSError, match="cannot be shown"):
        WorkerRun(queue, print, WorkerOptions(), Tally(), until_empty=True).work(report)
    assert told[-1].state == "failed"


class Interrupted:
    """Runs a worker in a thread, and interrupts it."""

    def __init__(self, worker: ct.Worker) -> None:
        self.worker = worker
        self.ended: list[BaseException] = []
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self) -> None:
        try:
            self.worker.run()
        except BaseException as error:
            self.ended.append(error)

    def interrupt(self, times: int, then: Callable[[], object] = lambda: None) -> None:
        """Interrupt the run, do something, and wait for its end."""
        run = self.worker._run
        assert run is not None
        for _ in range(times):
            run.interrupt()
        then()
        self.thread.join(PATIENCE_S)
        assert isinstance(self.ended[0], KeyboardInterrupt)


@pytest.mark.parametrize("batch_size", [None, 3])
def test_all_counts_that_are_told_add_up(queue: ct.Queue, batch_size: int | None) -> None:
    fill(queue, 400)
    stuck = threading.Event()

    def handler(given: ct.Task | list[ct.Task]) -> None:
        task = given if isinstance(given, ct.Task) else given[0]
        number = task.json()["n"]
        if number % 7 == 0 and task.dispatch_count == 1:
            raise ValueError(number)
        if number == 100 and task.dispatch_count == 1:
            stuck.wait(PATIENCE_S)
        if number % 50 == 0:
            queue.task(task.id).delete()

    options = WorkerOptions(batch_size=batch_size, handler_timeout=2, lease_duration=1)
    told: list[Tally] = []
    WorkerRun(queue, handler, options, Tally(), until_empty=True).work(told.append)
    stuck.set()
    assert {lacking(tally) for tally in told} == {0}
    assert told[-1].failed > 0
    assert told[-1].lost > 0
    assert max(tally.in_hand for tally in told) > 0


def test_the_counts_of_a_moment_do_not_change_while_they_are_read() -> None:
    tally = Tally()
    tally.note("a", 1, "first")
    kept: deque[object] = tally.failures  # type: ignore[assignment]
    tally.note("b", 1, "second")
    assert (len(kept), len(tally.failures)) == (1, 2)


def test_tasks_that_a_second_interrupt_abandons_are_counted_as_lost(queue: ct.Queue) -> None:
    fill(queue, 10)
    begun, go = threading.Semaphore(0), threading.Event()

    def handler(task: ct.Task) -> None:
        begun.release()
        go.wait(PATIENCE_S)

    worker = queue.worker(handler, concurrency=2, lease_duration=600)
    running = Interrupted(worker)
    assert begun.acquire(timeout=PATIENCE_S) and begun.acquire(timeout=PATIENCE_S)
    running.interrupt(2)
    assert (worker.tally.running, worker.tally.lost, worker.tally.state) == (0, 2, "stopped")
    assert leased(queue) == 2
    go.set()
    worker.run(until_empty=True)
    assert (worker.tally.done, lacking(worker.tally)) == (8, 0)


@pytest.mark.usefixtures("patient")
def test_a_second_interrupt_gives_back_the_tasks_of_a_running_lease_call(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, 3)
    called, go, lease = threading.Event(), threading.Event(), Leasing._lease

    def held(leasing: Leasing, *given: Any) -> Haul:
        called.set()
        assert go.wait(PATIENCE_S)
        return lease(leasing, *given)

    monkeypatch.setattr(Leasing, "_lease", held)
    worker = queue.worker(print, lease_duration=600)
    running = Interrupted(worker)
    assert called.wait(PATIENCE_S)
    running.interrupt(2, then=go.set)
    assert (worker.tally.leased, worker.tally.given_back, leased(queue)) == (3, 3, 0)


@pytest.mark.usefixtures("quick", "patient")
@pytest.mark.parametrize("end", [ct.Queue.purge, ct.Queue.delete])
def test_tasks_that_cannot_be_given_back_are_lost(
    client: ct.Client, queue: ct.Queue, end: Callable[[ct.Queue], object]
) -> None:
    fill(queue, 300)
    begun, go = threading.Semaphore(0), threading.Event()

    def handler(task: ct.Task) -> None:
        if worker.tally.waiting:
            begun.release()
            go.wait(PATIENCE_S)

    worker = queue.worker(handler, concurrency=2, lease_duration=600)
    running = Interrupted(worker)
    assert begun.acquire(timeout=PATIENCE_S) and begun.acquire(timeout=PATIENCE_S)
    end(client.queue("jobs"))
    running.interrupt(2)
    go.set()
    tally = worker.tally
    assert (lacking(tally), tally.given_back, tally.lost) == (0, 0, tally.leased - tally.done)
    assert "the task was gone" in tally.failures[-1].words


def test_a_third_interrupt_ends_the_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_run, "_GIVING_BACK_S", 3600.0)
    with ct.local() as client:
        queue = client.create_queue("jobs", kind="pull")
        client.emulator.faults(latency=60, methods="queues.tasks.lease")
        worker = queue.worker(print)
        running = Interrupted(worker)
        wait_until(lambda: worker._run is not None and worker._run._flow._leasing.is_under_way)
        run = worker._run
        running.interrupt(3)
        assert run is not None
        assert run._flow._leasing.is_under_way
        assert any(thread.name.startswith("leases jobs") for thread in threading.enumerate()), "it waited"


def test_a_worker_outside_of_notebooks_shows_a_line(
    queue: ct.Queue, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(queue, 3)
    queue.worker(lambda task: None).run(until_empty=True, progress=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.split("\r")[-1].startswith("worker jobs: stopped, 3 succeeded, 0 failed after 00:0")
