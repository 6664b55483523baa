"""Short handlers travel to an executor together, and report how each of them ended."""

from __future__ import annotations

import pickle
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.worker.bundling import Bundling
from cloudtasks_nb.worker.executing import Executing
from cloudtasks_nb.worker.hand import Bundle, Hand, Haul
from cloudtasks_nb.worker.handling import Ended, handle
from cloudtasks_nb.worker.options import WorkerOptions


class Elsewhere(Executor):
    """An executor that is not known to use threads."""


def waiting(*leases: int) -> deque[Hand]:
    """Handler calls of one task each, which was leased so many times."""
    tasks = [
        [ct.Task(name=str(at), status=ct.TaskStatus(attempt_dispatch_count=count))]
        for at, count in enumerate(leases)
    ]
    return deque(Haul(tasks, 0.0, 0.0, 60.0).hands)


def taken(bundling: Bundling, calls: deque[Hand], places: int = 1) -> list[str]:
    return [hand.tasks[0].name or "" for hand in bundling.take(calls, places)]


@pytest.fixture
def bundling() -> Bundling:
    """Of handlers of 10 ms."""
    made = Bundling(Elsewhere())
    made.ended(Ended([""] * 10, 0.1), now_s=0.0)
    return made


def test_a_task_that_allows_few_attempts_itself_goes_alone(bundling: Bundling) -> None:
    calls = waiting(*[1] * 5)
    for at, most in ((1, 19), (3, 20)):
        calls[at].tasks[0].retry_config = ct.RetryConfig(max_attempts=most)
    assert [taken(bundling, calls) for _ in range(3)] == [["0"], ["1"], ["2", "3", "4"]]


def test_handlers_are_measured_before_any_travel_together() -> None:
    calls = waiting(*[1] * 100)
    assert taken(Bundling(Elsewhere()), calls) == ["0"]
    assert len(calls) == 99


def test_about_50_ms_of_handlers_travel_together(bundling: Bundling) -> None:
    calls = waiting(*[1] * 12)
    assert [taken(bundling, calls) for _ in range(3)] == [list("01234"), list("56789"), ["10", "11"]]
    bundling.ended(Ended([""] * 1000, 26.0), now_s=1.0)  # they became slower
    assert taken(bundling, waiting(*[1] * 12)) == ["0"]


def test_all_places_get_the_same_part_of_what_waits(bundling: Bundling) -> None:
    calls = waiting(*[1] * 9)
    assert [len(taken(bundling, calls, places=3)) for _ in range(5)] == [3, 2, 1, 1, 1]


def test_a_task_that_was_leased_before_goes_alone(bundling: Bundling) -> None:
    calls = waiting(1, 1, 2, 3, 1, 1)
    assert [taken(bundling, calls) for _ in range(4)] == [["0", "1"], ["2"], ["3"], ["4", "5"]]


def test_the_failure_of_an_executor_is_not_the_time_of_a_handler() -> None:
    class Fails(Elsewhere):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(MemoryError("the process was killed"))
            return future

    ended: list[Bundle] = []
    executing = Executing(print, WorkerOptions(executor=Fails(), concurrency=1), ended.append)
    calls = waiting(*[1] * 100)
    for _ in range(2):
        assert executing.begin(calls, now_s=0.0) is None
        finished = executing.finish(ended.pop())
        assert finished is not None
        assert finished[0].whys == ["MemoryError: the process was killed"], (
            "unknown handlers travelled together"
        )


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(1)])
def test_in_threads_each_call_goes_alone(executor: Executor | None) -> None:
    bundling = Bundling(executor)
    bundling.ended(Ended([""] * 10, 0.001), now_s=0.0)
    assert taken(bundling, waiting(*[1] * 100)) == ["0"]


class NeedsTwo(Exception):
    """An exception that can be pickled, but not unpickled."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(f"{code}: {words}")


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_any_way_to_fail_is_told_in_plain_text() -> None:
    def handler(error: BaseException | None) -> None:
        if error is not None:
            raise error

    errors = [
        None,
        ValueError("first\nsecond"),
        NeedsTwo(7, "no"),
        Mute(),
        KeyboardInterrupt(),
        SystemExit(3),
    ]
    ended = handle(handler, errors, within_s=60.0, run_id="a")
    assert ended.whys == [
        "",
        "ValueError: first",
        "NeedsTwo: 7: no",
        "Mute: its message cannot be read",
        "KeyboardInterrupt: ",
        "SystemExit: 3",
    ]
    assert pickle.loads(pickle.dumps(ended)) == ended  # noqa: S301 - our own bytes


def test_no_call_starts_late_but_the_first() -> None:
    begun: list[int] = []
    assert handle(begun.append, [1, 2, 3], within_s=-1.0, run_id="a").whys == [""]
    assert begun == [1]
