"""Handlers in processes, on a cluster, and in an executor that was shut down."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.worker import executing
from tests.handlers import die, end_own_pool, fail, lock, note
from tests.waiting import wait_until

from .conftest import LEASE_S, Elsewhere, fill, leased


def test_handlers_in_processes(queue: ct.Queue, tmp_path: Path) -> None:
    queue.create_tasks(({"payload": {"folder": str(tmp_path)}} for _ in range(20)), progress=False)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        worker = queue.worker(note, concurrency=6, executor=pool).run(until_empty=True)
    handled = {path.name: int(path.read_text()) for path in tmp_path.iterdir()}
    assert len(handled) == 20
    assert os.getpid() not in handled.values()
    assert worker.tally.done == 20
    assert queue.count_tasks() == 0


def test_what_a_handler_returns_need_not_travel(queue: ct.Queue) -> None:
    fill(queue, 3)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        worker = queue.worker(lock, executor=pool).run(until_empty=True)
    assert (worker.tally.done, worker.tally.failed) == (3, 0)


@pytest.fixture
def once(client: ct.Client) -> ct.Queue:
    """A queue that deletes a task after one attempt."""
    return client.create_queue("once", kind="pull", retry_config={"max_attempts": 1})


def test_an_exception_need_not_travel(once: ct.Queue) -> None:
    fill(once, 2)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        worker = once.worker(fail, executor=pool).run(until_empty=True)
    assert (worker.tally.done, worker.tally.failed, worker.tally.state) == (0, 2, "stopped")
    assert {failure.words for failure in worker.tally.failures} == {"NeedsTwo: 7: no such image"}


def test_a_pool_of_a_handler_that_dies_is_not_the_workers(once: ct.Queue) -> None:
    fill(once, 1)
    worker = once.worker(end_own_pool).run(until_empty=True)
    assert (worker.tally.failed, worker.tally.is_broken) == (1, False)
    assert worker.tally.failures[0].words.startswith("BrokenProcessPool: ")


@pytest.mark.usefixtures("quick")
def test_short_handlers_travel_together_and_each_task_is_handled_once(queue: ct.Queue) -> None:
    fill(queue, 500)
    handled: list[int] = []
    elsewhere = Elsewhere()
    worker = queue.worker(lambda task: handled.append(task.json()["n"]), executor=elsewhere)
    worker.run(until_empty=True)
    assert sorted(handled) == list(range(500))
    assert sum(elsewhere.bundles) == 500
    assert max(elsewhere.bundles) > 10
    assert (worker.tally.done, worker.tally.leased) == (500, 500)


@pytest.mark.usefixtures("quick")
def test_a_slow_handler_does_not_hold_those_that_travel_with_it(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, 300)
    monkeypatch.setattr(executing, "START_WITHIN_S", 0.0)  # a handler that takes any time is slow
    handled: list[int] = []
    elsewhere = Elsewhere()
    worker = queue.worker(lambda task: handled.append(task.json()["n"]), executor=elsewhere)
    worker.run(until_empty=True)
    assert sorted(handled) == list(range(300))
    assert sum(elsewhere.bundles) > 300, "those that had not begun came back"
    assert (worker.tally.done, worker.tally.given_back) == (300, 0)


@pytest.mark.usefixtures("quick", "renewed_early")
def test_a_lease_that_is_lost_meanwhile_is_not_handled(
    queue: ct.Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(queue, 60)
    monkeypatch.setattr(executing, "START_WITHIN_S", 0.0)
    handled: list[str] = []
    together: list[str] = []

    class Cluster(Elsewhere):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            if len(args[1]) > 1 and not together:
                together.extend(task.id for task in args[1])
            return super().submit(fn, *args, **kwargs)

    def is_known_as_lost() -> bool:
        run = worker._run
        assert run is not None
        return any(
            hand.held != hand.tasks for bundle in run._flow.executing._running for hand in bundle.hands
        )

    def handler(task: ct.Task) -> None:
        handled.append(task.id)
        if together and task.id == together[0]:
            queue.task(together[1]).delete()
            wait_until(is_known_as_lost)  # by the next renewal

    worker = queue.worker(handler, concurrency=1, executor=Cluster(), lease_duration=LEASE_S)
    worker.run(until_empty=True)
    assert together[1] not in handled
    assert len(handled) == len(set(handled)) == 59
    assert (worker.tally.done, worker.tally.lost) == (59, 1)


@pytest.mark.usefixtures("quick")
def test_a_task_that_breaks_a_process_of_a_cluster_harms_others_once(queue: ct.Queue) -> None:
    fill(queue, 300)
    handled: list[tuple[int, int]] = []

    class Cluster(Elsewhere):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            if all(task.json()["n"] != 250 for task in args[1]):
                return super().submit(fn, *args, **kwargs)
            self.bundles.append(-len(args[1]))
            future: Future[Any] = Future()
            future.set_exception(MemoryError("the process was killed"))
            return future

    cluster = Cluster()
    worker = queue.worker(
        lambda task: handled.append((task.json()["n"], task.dispatch_count)), executor=cluster, attempts=2
    )
    worker.run(until_empty=True)
    assert sorted(n for n, _ in handled) == [n for n in range(300) if n != 250]
    assert {count for _, count in handled} == {1, 2}
    harmful = [-count for count in cluster.bundles if count < 0]
    assert harmful[0] > 1
    assert harmful[1:] == [1] * (len(harmful) - 1)
    assert worker.tally.failed == harmful[0] + len(harmful) - 1


def test_a_handler_that_cannot_travel_is_said_before_anything_is_leased(queue: ct.Queue) -> None:
    fill(queue, 1)
    with (
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
        pytest.raises(ct.ConfigError, match="cannot be pickled for other processes") as caught,
    ):
        queue.worker(lambda task: None, executor=pool)
    assert "top of a module" in (caught.value.hint or "")
    assert [task.dispatch_count for task in queue.tasks()] == [0]


def test_an_executor_that_was_shut_down_ends_the_worker_and_loses_nothing(queue: ct.Queue) -> None:
    fill(queue, 3)
    pool = ThreadPoolExecutor(1)
    worker = queue.worker(print, executor=pool)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="after shutdown"):
        worker.run()
    assert queue.count_tasks() == 3
    assert leased(queue) == 0


def test_a_process_that_dies_ends_the_worker_and_loses_nothing(queue: ct.Queue) -> None:
    fill(queue, 2)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        worker = queue.worker(die, concurrency=1, executor=pool)
        with pytest.raises(BrokenExecutor) as caught:
            worker.run()
    assert "put it into a module" in caught.value.__notes__[0]
    assert "worker.run(" not in str(worker) and "queue.worker(handler, executor=…)" in str(worker)
    with pytest.raises(ct.ConfigError, match="is shut down"):
        worker.run()
    assert queue.count_tasks() == 2
    assert leased(queue) == 0


def test_an_executor_that_was_shut_down_takes_no_more_work(queue: ct.Queue) -> None:
    fill(queue, 1)
    closed = ThreadPoolExecutor(1)
    closed.shutdown()
    worker = queue.worker(note, executor=closed)
    with pytest.raises(RuntimeError):
        worker.run()
    with pytest.raises(ct.ConfigError, match="is shut down"):
        worker.start()
    assert leased(queue) == 0


@pytest.fixture(scope="module")
def dask() -> Iterator[Executor]:
    """An executor of a cluster of two processes."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as cluster,
        Client(cluster) as made,
    ):
        yield made.get_executor(pure=False)


@pytest.mark.usefixtures("quick")
def test_handlers_on_a_cluster(queue: ct.Queue, tmp_path: Path, dask: Executor) -> None:
    queue.create_tasks(({"payload": {"folder": str(tmp_path)}} for _ in range(200)), progress=False)
    worker = queue.worker(note, concurrency=6, executor=dask).run(until_empty=True)
    pids = {int(path.read_text()) for path in tmp_path.iterdir()}
    assert len(list(tmp_path.iterdir())) == 200
    assert os.getpid() not in pids
    assert (worker.tally.done, worker.tally.leased) == (200, 200)
    assert queue.count_tasks() == 0


def test_handlers_that_fail_on_a_cluster(once: ct.Queue, dask: Executor) -> None:
    fill(once, 2)
    worker = once.worker(fail, executor=dask).run(until_empty=True)
    assert {failure.words for failure in worker.tally.failures} == {"NeedsTwo: 7: no such image"}


def test_a_handler_that_holds_a_client_is_refused_before_it_goes_to_a_cluster(
    client: ct.Client, queue: ct.Queue, dask: Executor
) -> None:
    fill(queue, 1)
    with pytest.raises(ct.ConfigError, match=r"pickled for other processes: .* holds connections") as caught:
        queue.worker(lambda task: client.project, executor=dask)
    assert "inside the function" in (caught.value.hint or "")
    assert [task.dispatch_count for task in queue.tasks()] == [0]
