"""The time limit of handlers counts from their start, and handlers that ended are never late."""

from __future__ import annotations

import math
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.worker.bundling import START_WITHIN_S
from cloudtasks_nb.worker.hand import Bundle, Haul
from cloudtasks_nb.worker.options import WorkerOptions
from cloudtasks_nb.worker.time_limit import TimeLimit


class Cluster(Executor):
    """An executor whose futures do not tell when a function starts."""


def begun(at_s: float, future: Future[Any], calls: int = 1) -> Bundle:
    hands = Haul([[ct.Task(name=str(at))] for at in range(calls)], at_s, at_s, 60.0).hands
    return Bundle(list(hands), at_s, future)


def running() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


@pytest.fixture
def pooled() -> TimeLimit:
    """Ten seconds, in a pool of threads."""
    with ThreadPoolExecutor(1) as pool:
        return TimeLimit(WorkerOptions(executor=pool, handler_timeout=10))


def test_a_handler_is_late_once(pooled: TimeLimit) -> None:
    bundle = begun(0.0, running())
    assert pooled.late([bundle], 9.9) == []
    assert pooled.next_s([bundle], 9.9) == 10.0
    assert pooled.late([bundle], 10.0) == [bundle]
    assert pooled.late([bundle], 11.0) == []
    assert pooled.next_s([bundle], 11.0) == math.inf
    assert pooled.why == "the handler ran longer than handler_timeout=10 s"


def test_the_time_before_a_pool_starts_a_handler_does_not_count(pooled: TimeLimit) -> None:
    bundle = begun(0.0, Future())
    for now_s in (4.0, 8.0, 30.0):
        assert pooled.late([bundle], now_s) == []
        assert pooled.next_s([bundle], now_s) == now_s + 1.0
    assert bundle.future is not None
    bundle.future.set_running_or_notify_cancel()
    assert pooled.late([bundle], 39.9) == []
    assert pooled.late([bundle], 40.0) == [bundle]


def test_a_handler_that_ended_is_not_late(pooled: TimeLimit) -> None:
    bundle = begun(0.0, running())
    assert bundle.future is not None
    bundle.future.set_result(None)  # the coordinating thread was held up, and has not seen it yet
    assert pooled.late([bundle], 60.0) == []
    assert not bundle.is_late


def test_no_handler_of_a_bundle_is_late_because_of_those_before_it(pooled: TimeLimit) -> None:
    bundle = begun(0.0, running(), calls=3)
    assert pooled.next_s([bundle], 0.0) == 10.0 + START_WITHIN_S
    assert pooled.late([bundle], 10.1) == [], "the third one may have started 0.2 s after the first"
    assert pooled.late([bundle], 10.0 + START_WITHIN_S) == [bundle]


def test_on_a_cluster_the_time_counts_from_the_hand_over() -> None:
    limit = TimeLimit(WorkerOptions(executor=Cluster(), handler_timeout=10))
    bundle = begun(0.0, Future())
    assert limit.late([bundle], 9.0) == []
    assert limit.late([bundle], 10.0) == [bundle]


def test_without_a_limit_nothing_is_late() -> None:
    limit = TimeLimit(WorkerOptions())
    bundle = begun(0.0, running())
    assert (limit.late([bundle], 1e9), limit.next_s([bundle], 0.0), limit.next_s([], 0.0)) == (
        [],
        math.inf,
        math.inf,
    )
