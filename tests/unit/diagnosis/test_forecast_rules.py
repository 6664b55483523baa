"""Forecasts: the formulas compared with a simulation."""

from __future__ import annotations

import heapq
import math
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cloudtasks_nb.diagnosis.forecast_rules import (
    Load,
    Pace,
    Range,
    attempts_each,
    binding,
    lost,
    most_attempts,
    net_per_second,
    times,
)
from cloudtasks_nb.model import (
    RetryConfig,
)
from tests.examples import examples

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "projects/p/locations/l/queues/emails"


class Setting(NamedTuple):
    tasks: int
    rate: float
    burst: int
    concurrency: int
    latency_s: float
    failure: float
    backoff: tuple[float, float]
    attempts: int | None = None
    patience_s: float = 0.0

    @property
    def retries(self) -> RetryConfig:
        least, longest = self.backoff
        return RetryConfig(
            min_backoff=least,
            max_backoff=longest,
            max_doublings=16,
            max_attempts=self.attempts,
            unlimited_attempts=self.attempts is None,
            max_retry_duration=self.patience_s or None,
        )

    def pace(self) -> Pace:
        return Pace(
            rate=self.rate,
            concurrency=self.concurrency,
            latency_s=Range(self.latency_s, self.latency_s),
            failure=Range(self.failure, self.failure),
            retries=self.retries,
            burst=Range(self.burst, self.burst),
        )


def simulated(at: Setting, random: Random, *, even: bool) -> tuple[float, float, float]:
    """When half, 90 % and all are done: tokens, slots, latencies and failures, event by event."""
    retries = at.retries
    delays = [delay.total_seconds() for delay in islice(retries.backoff(), 400)]
    began: dict[int, float] = {}
    ready = [(0.0, number, 0) for number in range(at.tasks)]
    running: list[tuple[float, int, int]] = []
    done: list[float] = []
    now, filled, tokens = 0.0, 0.0, float(at.burst)
    while ready or running:
        tokens, filled = min(at.burst, tokens + (now - filled) * at.rate), now
        while ready and ready[0][0] <= now + 1e-12 and tokens >= 1 - 1e-9 and len(running) < at.concurrency:
            _, number, failed = heapq.heappop(ready)
            tokens -= 1
            began.setdefault(number, now)
            took_s = at.latency_s if even or not at.latency_s else random.expovariate(1 / at.latency_s)
            heapq.heappush(running, (now + took_s, number, failed + 1))
        events = [running[0][0]] if running else []
        if ready and len(running) < at.concurrency:
            events.append(max(ready[0][0], now + max(0.0, (1 - tokens) / at.rate) + 1e-9))
        now = max(now, min(events))
        while running and running[0][0] <= now:
            _, number, failed = heapq.heappop(running)
            tried_for = timedelta(seconds=now - began[number])
            if random.random() < at.failure and not retries.is_used_up(failed, tried_for):
                heapq.heappush(ready, (now + delays[min(failed, 400) - 1], number, failed))
            else:
                done.append(now)
    return done[math.ceil(at.tasks / 2) - 1], done[math.ceil(0.9 * at.tasks) - 1], done[-1]


SETTINGS = [
    Setting(2000, 10, 10, 1000, 0.2, 0, (1, 60)),
    Setting(1000, 500, 100, 1000, 0.05, 0.3, (1, 3600)),
    Setting(300, 500, 100, 10, 2, 0.1, (5, 60)),
    Setting(20, 5, 5, 100, 3, 0, (1, 60)),
    Setting(7, 1, 1, 100, 0.5, 0.5, (10, 100)),
    Setting(1, 5, 5, 5, 1, 0, (1, 1)),
    Setting(200, 1, 1, 1000, 0, 0.3, (60, 600)),
    Setting(400, 100, 100, 50, 5, 0.5, (1, 30)),
    Setting(100, 10, 10, 1, 1, 0, (1, 60)),
    Setting(322, 4, 2, 2, 2, 0.8, (10, 100), 3),
    Setting(500, 60, 11, 600, 10, 0.6, (0.1, 1)),
    Setting(200, 500, 100, 1000, 0.5, 0.8, (1, 30), None, 120),
    Setting(100, 500, 100, 1000, 1, 0.95, (5, 60), 4, 100),
    Setting(100, 500, 100, 1000, 1, 0.95, (10, 10), 2),
]


def test_true_times_lie_in_the_intervals() -> None:
    """Runs are random; at least 95 % of all intervals must hold, for equal and for different latencies."""
    held, asked = 0, 0
    for at in SETTINGS:
        forecast = times(Load(at.tasks, [0.0] * at.tasks), at.pace())
        assert forecast is not None
        for seed in range(10):
            happened = simulated(at, Random(seed), even=seed % 2 == 0)  # noqa: S311 - a run to be repeated
            held += sum(low <= time <= high for time, (low, high) in zip(happened, forecast, strict=True))
            asked += 3
    assert held / asked >= 0.95


def test_without_chance_the_interval_is_narrow() -> None:
    forecast = times(Load(5000, [0.0] * 3000), Setting(5000, 10, 10, 1000, 0.0, 0, (1, 60)).pace())
    assert forecast is not None
    for (low, high), wanted in zip(forecast, (249, 449, 499), strict=True):
        assert low <= wanted <= high
        assert high - low < 0.07 * wanted


def test_the_smallest_limit_binds() -> None:
    base = Setting(100, 10, 1, 1000, 1, 0, (1, 60)).pace()
    assert binding(base) == "rate"
    assert binding(replace(base, concurrency=5)) == "concurrency"
    assert binding(replace(base, effective_rate=3.0)) == "effective rate"
    assert binding(replace(base, effective_rate=9.8)) == "rate", "it follows the setting"
    assert binding(replace(base, target=2.0)) == "target"
    assert binding(replace(base, concurrency=5, latency_s=Range(0.0, 1.0))) == "rate", (
        "the latency is unknown"
    )


def test_what_comes_faster_than_it_goes_grows() -> None:
    slow = replace(Setting(100, 10, 1, 1000, 0, 0.5, (1, 60)).pace(), arrivals=6.0)
    assert net_per_second(slow) == pytest.approx(-1)
    assert times(Load(100, [0.0]), slow) is None
    assert times(Load(100, [0.0]), replace(slow, arrivals=4.0)) is not None


def test_attempts_and_losses_follow_the_geometric_series() -> None:
    assert attempts_each(0.5, 3) == pytest.approx(1.75)
    assert attempts_each(0.5, math.inf) == pytest.approx(2)
    assert (attempts_each(1, 3), attempts_each(1, math.inf)) == (3, math.inf)
    assert (lost(0.5, 3), lost(0.5, math.inf)) == (0.125, 0)


@pytest.mark.parametrize(
    ("limits", "latency_s", "most"),
    [
        ({"max_attempts": 3}, 1, 3),
        ({"unlimited_attempts": True}, 1, math.inf),
        ({"unlimited_attempts": True, "max_retry_duration": 60}, 0, 7),
        ({"unlimited_attempts": True, "max_retry_duration": 60}, 5, 5),
        ({"max_attempts": 3, "max_retry_duration": 60}, 0, 7),
        ({"max_attempts": 30, "max_retry_duration": 60}, 0, 30),
        ({"max_attempts": 3, "max_retry_duration": 30_000}, 0, 3_001),
        ({"unlimited_attempts": True, "max_retry_duration": 60}, 100, 1),
    ],
)
def test_a_retry_duration_limits_attempts_too(limits: Any, latency_s: float, most: float) -> None:
    """With both limits, a task is given up once both are used up."""
    assert most_attempts(RetryConfig(min_backoff=10, max_backoff=10, **limits), latency_s) == most


def test_what_is_due_later_is_done_later() -> None:
    at = Setting(100, 10, 1, 1000, 0, 0, (1, 60)).pace()
    forecast = times(Load(100, [0.0] * 50 + [600.0] * 50), at)
    assert forecast is not None
    assert forecast.half[1] < 10 < 600 <= forecast.all[0] < 605 < forecast.all[1] < 620


def test_no_task_is_done_before_it_is_due_and_all_soon_after() -> None:
    month_s = 29 * 86_400.0
    forecast = times(Load(10, [month_s] * 10), Setting(10, 10, 1, 5, 0.5, 0, (1, 60)).pace())
    assert forecast is not None
    assert month_s <= forecast.half[0] <= forecast.all[1] < month_s + 60


@settings(max_examples=examples(60))
@given(
    st.integers(0, 100_000),
    st.floats(0.01, 500),
    st.integers(1, 5000),
    st.floats(0, 600),
    st.floats(0, 1),
    st.integers(1, 100) | st.none(),
)
def test_intervals_are_in_order(
    tasks: int, rate: float, concurrency: int, latency_s: float, failure: float, attempts: int | None
) -> None:
    at = Setting(tasks, rate, 5, concurrency, latency_s, failure, (0.1, 3600), attempts)
    forecast = times(Load(tasks, [0.0] * min(tasks, 50)), at.pace())
    assert (forecast is None) == (failure == 1 and attempts is None)
    for low, high in forecast or ():
        assert 0 <= low <= high
    if forecast is not None:
        assert [pair[0] for pair in forecast] == sorted(pair[0] for pair in forecast)
        assert [pair[1] for pair in forecast] == sorted(pair[1] for pair in forecast)


@given(
    tasks=st.integers(1, 300),
    failure=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    tried=st.tuples(st.integers(0, 14), st.integers(0, 14)).map(sorted),
    attempts=st.integers(1, 15),
)
@settings(max_examples=examples(60))
def test_the_earliest_time_is_never_after_the_latest(
    tasks: int, failure: list[float], tried: list[int], attempts: int
) -> None:
    retries = RetryConfig(max_attempts=attempts, min_backoff=10, max_backoff=300, max_doublings=16)
    pace = Pace(rate=50, concurrency=10, latency_s=Range(0.1, 0.5), failure=Range(*failure), retries=retries)
    found = times(Load(tasks, [0.0] * tasks, Range(*tried)), pace)
    assert found is not None
    assert all(earliest <= latest for earliest, latest in found)
