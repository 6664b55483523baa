"""The token bucket: never above its limit, and saved tokens stay available."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.rules.token_bucket import TokenBucket

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


def test_another_rate_keeps_what_was_saved_up_as_far_as_it_fits() -> None:
    bucket = TokenBucket(1, 10, NOW)
    bucket.adjust(100, 3, NOW)
    assert bucket.available(NOW) == 3
    bucket.adjust(100, 10, NOW)
    assert bucket.available(NOW) == 3
    assert bucket.available(NOW + timedelta(seconds=0.05)) == 8


def test_parts_of_a_token_add_up_to_one() -> None:
    bucket = TokenBucket(1, 1, NOW)
    bucket.take(1)
    seen = [bucket.available(NOW + timedelta(seconds=after_s)) for after_s in (0.7, 0.9, 1.0)]
    assert seen == [0, 0, 1]


def test_a_clock_that_was_set_back_neither_gives_tokens_nor_stops_them() -> None:
    bucket, before = TokenBucket(5, 10, NOW), NOW - timedelta(hours=1)
    bucket.take(10)
    assert bucket.available(before) == 0
    assert bucket.available(before + timedelta(seconds=1)) == 5
