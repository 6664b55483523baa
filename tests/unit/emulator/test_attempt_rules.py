"""Attempts: the delay before the next one, the limits, and the text for a response."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.rules import attempts
from cloudtasks_nb.emulator.server.rules.attempts import retry_after
from cloudtasks_nb.model import Duration, RetryConfig, Task
from tests.examples import examples

from .conftest import NOW, new_queue


@settings(max_examples=examples(200))
@given(
    shortest_ms=st.integers(1, 100_000),
    longest_ms=st.integers(1, 4_000_000),
    doublings=st.integers(0, 20),
    failed=st.integers(1, 60),
)
def test_backoff_is_that_of_the_table(shortest_ms: int, longest_ms: int, doublings: int, failed: int) -> None:
    longest_ms = max(shortest_ms, longest_ms)
    retries = RetryConfig(
        min_backoff=Duration(milliseconds=shortest_ms),
        max_backoff=Duration(milliseconds=longest_ms),
        max_doublings=doublings,
    )
    doubled = shortest_ms * 2 ** min(failed - 1, doublings)
    grown = doubled if failed <= doublings + 1 else doubled * (failed - doublings)
    assert attempts.retry_delay(retries, failed) == timedelta(milliseconds=min(longest_ms, grown))


@pytest.mark.parametrize(
    ("shortest", "longest", "doublings", "seconds"),
    [
        (10, 300, 3, [10, 20, 40, 80, 160, 240, 300, 300]),
        (0.1, 3600, 16, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6, 819.2]),
        (2, 100, 2, [2, 4, 8, 16, 24, 32, 40]),
        (1, 10, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]),
    ],
)
def test_the_documented_series(shortest: float, longest: float, doublings: int, seconds: list[float]) -> None:
    retries = RetryConfig(
        min_backoff=Duration.of(shortest), max_backoff=Duration.of(longest), max_doublings=doublings
    )
    delays = [attempts.retry_delay(retries, failed).total_seconds() for failed in range(1, len(seconds) + 1)]
    assert delays == seconds


def test_unlimited_attempts_end_with_their_duration() -> None:
    forever = RetryConfig(unlimited_attempts=True)
    bounded = RetryConfig(unlimited_attempts=True, max_retry_duration=Duration(hours=1))
    assert not forever.is_used_up(10_000, timedelta(days=30))
    assert not bounded.is_used_up(10_000, timedelta(minutes=59))
    assert bounded.is_used_up(1, timedelta(hours=1))


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
    assert retries.is_used_up(failed, timedelta(seconds=since_s)) is ended


@given(
    st.none() | st.integers(1, 30),
    st.booleans(),
    st.none() | st.integers(0, 500),
    st.integers(1, 60),
    st.integers(60, 100),
)
def test_retries_are_counted_as_the_emulator_makes_them(
    most: int | None, unlimited: bool, kept_up_s: int | None, shortest_s: int, longest_s: int
) -> None:
    retries = RetryConfig(
        max_attempts=most,
        unlimited_attempts=unlimited,
        max_retry_duration=kept_up_s,
        min_backoff=shortest_s,
        max_backoff=longest_s,
        max_doublings=3,
    )
    failed, since_first, made = 1, timedelta(), []
    while len(made) < 50 and not retries.is_used_up(failed, since_first):
        made.append(attempts.retry_delay(retries, failed))
        failed, since_first = failed + 1, since_first + made[-1]
    assert list(islice(retries.delays(), 50)) == made


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


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": " 120 "}, 120),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "9" * 40}, 86_400),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "Sun, 01 Mar 2026 12:01:00 GMT"}, 59.75),
        ({"Retry-After": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0),
        ({"Retry-After": "Mon, 01 Mar 2027 12:00:00 GMT"}, 86_400),
        ({"Retry-After": "Sun, 01 Mar 2026 10:00:30 GMT", "Date": "Sun, 01 Mar 2026 10:00:00 GMT"}, 30),
    ],
)
def test_how_long_a_target_asks_to_be_left_alone(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers, NOW).total_seconds() == seconds
