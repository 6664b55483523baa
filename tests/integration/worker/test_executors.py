"""Handlers in processes, on a cluster, and in an executor that was shut down."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import cloudtasks_nb as ct
from tests.handlers import die, lock, note

from .conftest import fill, leased


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


def test_handlers_on_a_cluster(queue: ct.Queue, tmp_path: Path) -> None:
    from distributed import Client, LocalCluster

    queue.create_tasks(({"payload": {"folder": str(tmp_path)}} for _ in range(20)), progress=False)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        Client(cluster) as dask,
    ):
        worker = queue.worker(note, concurrency=6, executor=dask.get_executor(pure=False)).run(
            until_empty=True
        )
    pids = {int(path.read_text()) for path in tmp_path.iterdir()}
    assert len(list(tmp_path.iterdir())) == 20
    assert os.getpid() not in pids
    assert worker.tally.done == 20
    assert queue.count_tasks() == 0
