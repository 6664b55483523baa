"""How fast and how often, as rules: the token bucket's envelope, the documented series of delays, when to give up."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.emulator.rules.attempts import retry_delay, used_up
from cloudtasks_nb.emulator.rules.token_bucket import TokenBucket
from cloudtasks_nb.model import Duration, RetryConfig

from .conftest import NOW


@given(
    rate=st.floats(0.01, 500),
    burst=st.integers(1, 500),
    steps=st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(0, 600)), min_size=1, max_size=40),
)
def test_a_token_bucket_never_exceeds_its_envelope(
    rate: float, burst: int, steps: list[tuple[int, int]]
) -> None:
    bucket, now = TokenBucket(rate, burst, NOW), NOW
    taken: list[tuple[datetime, int]] = []
    for wait_us, wanted in steps:
        now += timedelta(microseconds=wait_us)
        count = min(wanted, bucket.available(now))
        bucket.take(count)
        taken.append((now, count))
    for start in range(len(taken)):
        for end in range(start, len(taken)):
            span_s = (taken[end][0] - taken[start][0]).total_seconds()
            assert sum(count for _, count in taken[start : end + 1]) <= burst + rate * span_s + 1e-6


@given(st.floats(0.01, 500), st.integers(1, 500), st.integers(1, 500), st.integers(0, 500))
def test_waiting_for_tokens_is_enough_and_not_too_long(
    rate: float, burst: int, wanted: int, used: int
) -> None:
    bucket = TokenBucket(rate, burst, NOW)
    bucket.take(min(used, burst))
    when = bucket.when(wanted, NOW)
    missing = min(wanted, burst) - (burst - min(used, burst))
    assert when - NOW <= timedelta(seconds=max(0, missing) / rate + 0.00001)
    assert bucket.available(when) >= min(wanted, burst)


@settings(max_examples=200)
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
    assert retry_delay(retries, failed) == timedelta(milliseconds=min(longest_ms, grown))


@pytest.mark.parametrize(
    ("shortest", "longest", "doublings", "seconds"),
    [
        (10, 300, 3, [10, 20, 40, 80, 160, 240, 300, 300]),
        (0.1, 3600, 16, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 102.4, 204.8, 409.6, 819.2]),
        (2, 100, 2, [2, 4, 8, 16, 24, 32]),
        (1, 10, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]),
    ],
)
def test_the_documented_series(shortest: float, longest: float, doublings: int, seconds: list[float]) -> None:
    retries = RetryConfig(
        min_backoff=Duration.of(shortest), max_backoff=Duration.of(longest), max_doublings=doublings
    )
    delays = [retry_delay(retries, failed).total_seconds() for failed in range(1, len(seconds) + 1)]
    assert delays == seconds


def test_unlimited_attempts_end_with_their_duration() -> None:
    forever = RetryConfig(unlimited_attempts=True)
    bounded = RetryConfig(unlimited_attempts=True, max_retry_duration=Duration(hours=1))
    assert not used_up(forever, 10_000, timedelta(days=30))
    assert not used_up(bounded, 10_000, timedelta(minutes=59))
    assert used_up(bounded, 1, timedelta(hours=1))
