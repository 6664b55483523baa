"""Executors that return no future, hold results for long, cancel or fail: no task is lost, and the reason is told."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest

import cloudtasks_nb as ct

from .conftest import Elsewhere, fill, leased


def test_an_executor_without_futures_ends_the_worker_and_loses_nothing(queue: ct.Queue) -> None:
    class Forgets(Elsewhere):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            return None  # type: ignore[return-value]

    fill(queue, 4)
    worker = queue.worker(print, executor=Forgets())
    with pytest.raises(TypeError, match="returned None, not a Future"):
        worker.run()
    assert (worker.tally.state, leased(queue), queue.count_tasks(progress=False)) == ("failed", 0, 4)


def test_a_future_without_a_result_is_a_failure_of_its_task(queue: ct.Queue) -> None:
    class Pretends(Elsewhere):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(None)
            return future

    fill(queue, 2)
    worker = queue.worker(print, executor=Pretends(), attempts=1).run(until_empty=True)
    assert worker.tally.done == 0
    assert "holds None" in worker.tally.failures[0].words
    assert queue.count_tasks(progress=False) == 2


def test_calls_that_are_cancelled_come_back_later_each_time(client: ct.Client) -> None:
    class Cancels(Elsewhere):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.cancel()
            return future

    queue = client.create_queue("twice", kind="pull", retry_config={"max_attempts": 2})
    fill(queue, 2)
    worker = queue.worker(print, executor=Cancels()).run(until_empty=True)
    assert (worker.tally.given_back, worker.tally.failed) == (4, 0)
    assert worker.tally.elapsed_s >= 1, "they used up their attempts at once"


def test_an_empty_executor_is_used(queue: ct.Queue) -> None:
    class Sized(Elsewhere):
        def __len__(self) -> int:
            return 0

    fill(queue, 2)
    executor = Sized()
    queue.worker(lambda task: None, executor=executor).run(until_empty=True)
    assert sum(executor.bundles) == 2


def test_nothing_holds_the_future_of_a_call_that_ended(queue: ct.Queue) -> None:
    """A cluster keeps the result of each future, and calls handlers again if it loses the results."""
    held: list[Callable[[], Any]] = []

    class Watched(Future[Any]):
        """A future that is not done before it has a callback."""

        def __init__(self, call: Callable[[], Any]) -> None:
            super().__init__()
            self.call = call

        def add_done_callback(self, fn: Callable[[Future[Any]], object]) -> None:
            super().add_done_callback(fn)
            self.set_result(self.call())

    class Watches(Elsewhere):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            future = Watched(partial(fn, *args, **kwargs))
            held.append(weakref.ref(future))
            return future

    fill(queue, 20)
    gc.collect()
    gc.disable()
    try:
        queue.worker(lambda task: None, executor=Watches()).run(until_empty=True)
        assert [future() for future in held if future() is not None] == []
    finally:
        gc.enable()
