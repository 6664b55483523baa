"""Attempts: how long until the next one, when they are used up, and how an answer reads in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.rules import attempts
from cloudtasks_nb.model import Duration, RetryConfig, Task

from .conftest import new_queue


@dataclass
class Series:
    shortest: float
    longest: float
    doublings: int
    delays: list[float]


@pytest.mark.parametrize(
    "series",
    [
        Series(10, 300, 3, [10, 20, 40, 80, 160, 240, 300, 300]),
        Series(2, 100, 2, [2, 4, 8, 16, 24, 32, 40]),
        Series(1, 10, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]),
        Series(0.1, 3600, 16, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]),
    ],
    ids=lambda series: f"{series.shortest}-{series.longest}-{series.doublings}",
)
def test_documented_delays(series: Series) -> None:
    retries = RetryConfig(
        min_backoff=Duration.of(series.shortest),
        max_backoff=Duration.of(series.longest),
        max_doublings=series.doublings,
    )
    delays = [
        attempts.retry_delay(retries, failed + 1).total_seconds() for failed in range(len(series.delays))
    ]
    assert delays == series.delays


@given(st.floats(0, 100), st.floats(100, 10_000), st.integers(0, 30), st.integers(1, 200))
def test_delays_never_shrink_and_stay_below_the_longest(
    shortest: float, longest: float, doublings: int, failed: int
) -> None:
    retries = RetryConfig(
        min_backoff=Duration.of(shortest), max_backoff=Duration.of(longest), max_doublings=doublings
    )
    delays = [attempts.retry_delay(retries, count) for count in range(failed, failed + 3)]
    assert all(first <= second for first, second in pairwise(delays))
    assert delays[-1] <= Duration.of(longest)


@pytest.mark.parametrize(
    ("retries", "failed", "since_s", "ended"),
    [
        (RetryConfig(max_attempts=3), 2, 0, False),
        (RetryConfig(max_attempts=3), 3, 0, True),
        (RetryConfig(max_attempts=3, max_retry_duration=Duration(seconds=60)), 3, 59, False),
        (RetryConfig(max_attempts=3, max_retry_duration=Duration(seconds=60)), 4, 60, True),
        (RetryConfig(unlimited_attempts=True), 10_000, 10**6, False),
    ],
)
def test_when_attempts_are_used_up(retries: RetryConfig, failed: int, since_s: int, ended: bool) -> None:
    assert attempts.used_up(retries, failed, timedelta(seconds=since_s)) is ended


def test_a_task_overrides_its_queue() -> None:
    task = Task(retry_config=RetryConfig(unlimited_attempts=True, min_backoff=Duration(seconds=9)))
    merged = attempts.retry_config(new_queue(retry_config=RetryConfig(max_attempts=3, max_doublings=1)), task)
    assert merged.unlimited_attempts
    assert merged.max_attempts is None
    assert (merged.min_backoff, merged.max_doublings) == (Duration(seconds=9), 1)


def test_a_task_may_be_tried_for_ever_in_a_queue_of_little_patience() -> None:
    queue = new_queue(retry_config=RetryConfig(max_retry_duration=Duration(minutes=1)))
    patient = Task(retry_config=RetryConfig(max_retry_duration=Duration()))
    assert attempts.retry_config(queue, Task()).max_retry_duration == Duration(minutes=1)
    assert attempts.retry_config(queue, Task(retry_config=RetryConfig())).max_retry_duration == Duration(
        minutes=1
    )
    assert attempts.retry_config(queue, patient).max_retry_duration == Duration()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (401, "UNAUTHENTICATED(16): HTTP status code 401"),
        (502, "INTERNAL(13): HTTP status code 502"),
        (503, "UNAVAILABLE(14): HTTP status code 503"),
        (404, "NOT_FOUND(5): HTTP status code 404"),
        (429, "RESOURCE_EXHAUSTED(8): HTTP status code 429"),
        (302, "UNKNOWN(2): HTTP status code 302"),
    ],
)
def test_answers_in_words(code: int, message: str) -> None:
    outcome = attempts.answered(code)
    assert not outcome.succeeded
    assert outcome.status.message == message
