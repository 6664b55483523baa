"""Forecasts: the formulas beside a simulation, and what is made of what was read."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import cloudtasks_nb as ct
from cloudtasks_nb.diagnosis.forecast import Forecast, given_of, made
from cloudtasks_nb.diagnosis.forecast_facts import Given, Seen, pace
from cloudtasks_nb.diagnosis.forecast_rules import (
    Load,
    Pace,
    Range,
    attempts_each,
    binding,
    lost,
    net_per_second,
    times,
)
from cloudtasks_nb.diagnosis.forecast_words import change, next_try, sentence
from cloudtasks_nb.model import (
    AttemptStatus,
    HttpRequest,
    Queue,
    QueueStats,
    RateLimits,
    RetryConfig,
    Status,
    Task,
    TaskStatus,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "projects/p/locations/l/queues/emails"
ENDLESS = RetryConfig(unlimited_attempts=True, min_backoff=1, max_backoff=60, max_doublings=16)


class Setting(NamedTuple):
    tasks: int
    rate: float
    burst: int
    concurrency: int
    latency_s: float
    failure: float
    backoff: tuple[float, float]
    attempts: int | None = None

    @property
    def retries(self) -> RetryConfig:
        least, longest = self.backoff
        limit = {"max_attempts": self.attempts} if self.attempts else {"unlimited_attempts": True}
        return RetryConfig(min_backoff=least, max_backoff=longest, max_doublings=16, **limit)  # type: ignore[arg-type]

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
    delays = [delay.total_seconds() for delay in islice(at.retries.backoff(), 400)]
    ready = [(0.0, number, 0) for number in range(at.tasks)]
    running: list[tuple[float, int, int]] = []
    done: list[float] = []
    now, filled, tokens = 0.0, 0.0, float(at.burst)
    while ready or running:
        tokens, filled = min(at.burst, tokens + (now - filled) * at.rate), now
        while ready and ready[0][0] <= now + 1e-12 and tokens >= 1 - 1e-9 and len(running) < at.concurrency:
            _, number, failed = heapq.heappop(ready)
            tokens -= 1
            took_s = at.latency_s if even or not at.latency_s else random.expovariate(1 / at.latency_s)
            heapq.heappush(running, (now + took_s, number, failed + 1))
        events = [running[0][0]] if running else []
        if ready and len(running) < at.concurrency:
            events.append(max(ready[0][0], now + max(0.0, (1 - tokens) / at.rate) + 1e-9))
        now = max(now, min(events))
        while running and running[0][0] <= now:
            _, number, failed = heapq.heappop(running)
            if random.random() < at.failure and failed != at.attempts:
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
]


def test_true_times_lie_in_the_intervals() -> None:
    """Chance decides of each run; of all of them at least 95 % must hold, for latencies that are even or not."""
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
        "nobody knows the latency"
    )


def test_what_comes_faster_than_it_goes_grows() -> None:
    slow = replace(Setting(100, 10, 1, 1000, 0, 0.5, (1, 60)).pace(), arrivals=6.0)
    assert net_per_second(slow) == pytest.approx(-1)
    assert times(Load(100, [0.0]), slow) is None
    assert times(Load(100, [0.0]), replace(slow, arrivals=4.0)) is not None


def test_attempts_and_losses_follow_the_geometric_series() -> None:
    limited = RetryConfig(max_attempts=3)
    assert attempts_each(0.5, limited) == pytest.approx(1.75)
    assert attempts_each(0.5, ENDLESS) == pytest.approx(2)
    assert (attempts_each(1, limited), attempts_each(1, ENDLESS)) == (3, math.inf)
    assert (lost(0.5, limited), lost(0.5, ENDLESS)) == (0.125, 0)


def test_what_is_due_later_is_done_later() -> None:
    at = Setting(100, 10, 1, 1000, 0, 0, (1, 60)).pace()
    forecast = times(Load(100, [0.0] * 50 + [600.0] * 50), at)
    assert forecast is not None
    assert forecast.half[1] < 10 < 580 < forecast.all[0] < 605 < forecast.all[1] < 640


@settings(max_examples=60)
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


# What is made of what was read.


def seen(tasks: Sequence[Task] = (), *, whole: bool = True, count: int | None = None, **fields: Any) -> Seen:
    stats = fields.pop("stats", QueueStats(effective_execution_rate=10))
    limits = RateLimits(
        max_tasks_dispatched_per_second=10,
        max_burst_size=5,
        max_concurrent_tasks=100,
        **fields.pop("limits", {}),
    )
    queue = Queue(name=NAME, rate_limits=limits, retry_config=ENDLESS, stats=stats, state="RUNNING", **fields)
    return Seen(queue, tasks, len(tasks) if count is None else count, whole, NOW, 2)


def waiting(
    count: int, *, failed: int = 0, ago_s: float = 10, created_s: float = 3600, took_s: float = 2
) -> list[Task]:
    """Tasks that are due; the first of them failed, so long ago."""
    ended = NOW - timedelta(seconds=ago_s)
    attempt = AttemptStatus(
        dispatch_time=ended - timedelta(seconds=took_s), response_time=ended, response_status=Status(code=14)
    )
    status = TaskStatus(
        attempt_dispatch_count=1,
        attempt_response_count=1,
        first_attempt_status=attempt,
        last_attempt_status=attempt,
    )
    return [
        Task(
            name=f"{NAME}/tasks/{number}",
            http_request=HttpRequest(url="https://example.com/"),
            schedule_time=NOW - timedelta(minutes=5),
            create_time=NOW - timedelta(seconds=created_s),
            status=status if number < failed else None,
        )
        for number in range(count)
    ]


def test_latency_comes_from_the_best_source_there_is() -> None:
    busy = QueueStats(executed_last_minute_count=300, concurrent_dispatches_count=10)
    found, sources = pace(seen(waiting(9), stats=busy), Given())
    assert found.latency_s.good < 2 < found.latency_s.bad
    assert "under way" in sources["latency"]
    found, sources = pace(seen(waiting(9, failed=5)), Given())
    assert found.latency_s.good < 2 < found.latency_s.bad
    assert "5 failed attempts" in sources["latency"]
    found, sources = pace(seen(waiting(9)), Given())
    assert found.latency_s == Range(0, 1)
    assert "not known" in sources["latency"]
    assert pace(seen(waiting(9), stats=busy), Given(latency=timedelta(seconds=7)))[0].latency_s == Range(7, 7)


def test_failures_of_the_last_minute_are_a_share_of_all_that_ran() -> None:
    busy = QueueStats(executed_last_minute_count=200, effective_execution_rate=10)
    found, sources = pace(seen(waiting(300, failed=40), stats=busy), Given())
    assert found.failure.good < 0.2 < found.failure.bad < 0.3
    assert sources["failures"] == "40 of 200 attempts of the last minute"
    old, _ = pace(seen(waiting(300, failed=40, ago_s=600), stats=busy), Given())
    assert old.failure.good == 0
    _, sources = pace(seen(waiting(300, failed=40), whole=False, count=9000), Given())
    assert "holds no task that succeeded" in sources["failures"]
    assert pace(seen(waiting(3)), Given())[0].failure == Range(0, 0)


def test_many_tasks_at_once_are_no_stream() -> None:
    assert pace(seen(waiting(3000, created_s=5)), Given())[0].arrivals == 0
    stream = [task for age in range(0, 300, 2) for task in waiting(1, created_s=age)]
    found, _ = pace(seen(stream), Given())
    assert found.arrivals == pytest.approx(0.5)
    assert pace(seen(stream, whole=False, count=1500), Given())[0].arrivals == pytest.approx(5)


def test_tokens_are_saved_up_unless_they_are_used() -> None:
    idle = seen(waiting(9), stats=QueueStats())
    assert pace(idle, Given())[0].burst == Range(5, 5)
    busy = seen(waiting(9), stats=QueueStats(executed_last_minute_count=590))
    assert pace(busy, Given())[0].burst == Range(0, 0)
    slow = seen(waiting(9), stats=QueueStats(executed_last_minute_count=60))
    assert pace(slow, Given())[0].burst == Range(5, 0)
    busy.queue.state = "PAUSED"
    assert pace(busy, Given())[0].burst == Range(5, 0), "they come back while it is paused"
    assert pace(seen(waiting(9), stats=None), Given())[0].burst == Range(5, 0)


def test_a_target_binds_where_no_setting_does() -> None:
    slow = QueueStats(
        executed_last_minute_count=60, concurrent_dispatches_count=2, effective_execution_rate=10
    )
    forecast = made(seen(waiting(500), stats=slow), Given())
    assert (forecast.limit, round(forecast.per_second, 3)) == ("target", 1)
    assert made(seen(waiting(500), stats=slow), Given(rate=50)).limit == "target"
    assert made(seen(waiting(500), stats=slow), Given(latency=timedelta(seconds=1))).limit == "rate"


def test_a_queue_that_grows_says_by_how_much() -> None:
    stream = [task for age in range(300) for task in waiting(2, created_s=age)]
    slow = seen(stream, stats=QueueStats(executed_last_minute_count=60, concurrent_dispatches_count=100))
    forecast = made(slow, Given())
    assert not forecast.drains
    assert (forecast.half, forecast.most, forecast.all) == (None, None, None)
    assert forecast.growth_per_minute == pytest.approx(60, rel=0.1)
    assert "grows by 60 a minute" in forecast.sentence
    assert "grows by" in str(forecast)
    assert forecast.to_dataframe().empty


def test_a_paused_queue_says_what_would_be() -> None:
    paused = seen(waiting(100), stats=None)
    paused.queue.state = "PAUSED"
    forecast = made(paused, Given())
    assert (forecast.drains, forecast.all) == (False, None)
    assert forecast.if_resumed is not None and forecast.if_resumed.drains
    assert "paused" in forecast.sentence and "if it is resumed now" in str(forecast)


def test_where_every_attempt_fails_nothing_is_done() -> None:
    limited = seen(waiting(10))
    limited.queue.retry_config = RetryConfig(max_attempts=3, min_backoff=10, max_backoff=10)
    forecast = made(limited, Given(failure=1.0))
    assert not forecast.drains and forecast.all is None
    assert forecast.gives_up is not None
    earliest, latest = (end.total_seconds() for end in forecast.gives_up)
    assert earliest < 20 < latest < 35
    assert "given up" in forecast.sentence
    endless = made(seen(waiting(10)), Given(failure=1.0))
    assert (endless.drains, endless.gives_up) == (False, None)
    assert "every attempt fails" in endless.sentence


def test_an_empty_queue_is_done() -> None:
    forecast = made(seen(), Given())
    assert forecast.drains
    assert forecast.all == (timedelta(), timedelta())
    assert forecast.sentence == "It is empty."


def test_a_what_if_stands_beside_what_is() -> None:
    forecast = made(seen(waiting(1000)), Given(rate=50.0, concurrency=500))
    assert forecast.all is not None and forecast.as_it_is is not None and forecast.as_it_is.all is not None
    assert forecast.all[1] < forecast.as_it_is.all[0] / 3
    assert forecast.code == change(forecast)
    assert eval(forecast.code, {"queue": Recorder()}) == {  # noqa: S307 - our own line
        "rate_limits": {"max_tasks_dispatched_per_second": 50, "max_concurrent_tasks": 500}
    }
    assert "as it is" in str(forecast)
    assert made(seen(waiting(9)), Given(latency=timedelta(seconds=1))).code == ""


class Recorder:
    def update(self, **given: Any) -> dict[str, Any]:
        return given


def test_it_says_what_to_try() -> None:
    assert next_try(made(seen(waiting(9)), Given())) == "queue.forecast(rate=20)"
    bound = seen(
        waiting(500), stats=QueueStats(executed_last_minute_count=60, concurrent_dispatches_count=100)
    )
    assert made(bound, Given()).limit == "concurrency"
    assert next_try(made(bound, Given())) == "queue.forecast(concurrency=200)"


def test_throttling_stays_when_the_setting_changes() -> None:
    throttled = seen(waiting(500), stats=QueueStats(effective_execution_rate=2))
    forecast = made(throttled, Given(rate=100.0, latency=timedelta(seconds=1)))
    assert (forecast.limit, forecast.per_second) == ("effective rate", 2)
    assert "throttles" in sentence(forecast)


@pytest.mark.parametrize("state", ["drains", "grows", "paused", "fails", "empty", "compared"])
def test_it_shows_itself(state: str) -> None:
    forecast = {
        "drains": lambda: made(seen(waiting(1200)), Given()),
        "grows": lambda: made(
            seen([task for age in range(300) for task in waiting(2, created_s=age)],
                 stats=QueueStats(executed_last_minute_count=6, concurrent_dispatches_count=100)), Given()),
        "paused": lambda: replace(made(seen(waiting(2)), Given()), state="PAUSED", drains=False),
        "fails": lambda: made(seen(waiting(2)), Given(failure=1.0)),
        "empty": lambda: made(seen(), Given()),
        "compared": lambda: made(seen(waiting(1200)), Given(rate=100.0, failure=0.1)),
    }[state]()  # fmt: skip
    assert "emails" in forecast._repr_html_()
    assert str(forecast).splitlines()[0].startswith("emails")
    assert "\n" not in repr(forecast)
    assert forecast.plot(theme="dark").get_title(loc="left").startswith("emails: when")


@pytest.mark.parametrize(
    "given",
    [
        {"latency": -1}, {"latency": "soon"}, {"latency": True}, {"latency": float("nan")}, {"latency": [1]},
        {"failure": -0.1}, {"failure": 1.01}, {"failure": "half"}, {"failure": float("nan")}, {"failure": True},
        {"rate": 0}, {"rate": -1}, {"rate": 501}, {"rate": "fast"}, {"rate": float("inf")},
        {"concurrency": 0}, {"concurrency": 1.5}, {"concurrency": 5001}, {"concurrency": "all"},
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_refused(given: dict[str, Any]) -> None:
    everything = {"latency": None, "failure": None, "rate": None, "concurrency": None, **given}
    [(name, value)] = given.items()
    with pytest.raises(ct.ConfigError) as refused:
        given_of(**everything)
    assert f"{name}={value!r}" in str(refused.value)
    assert refused.value.hint


def test_numbers_of_other_kinds_are_taken() -> None:
    import numpy as np

    found = given_of("2s", np.float64(0.5), np.int64(5), np.int64(7))
    assert found == Given(timedelta(seconds=2), 0.5, 5.0, 7)
    assert isinstance(made(seen(waiting(3)), found), Forecast)
