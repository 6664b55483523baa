"""Forecasts from given facts, in words and as a card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

import cloudtasks_nb as ct
from cloudtasks_nb.diagnosis.forecast import Forecast, given_of, made
from cloudtasks_nb.diagnosis.forecast_facts import Given, Seen, pace
from cloudtasks_nb.diagnosis.forecast_rules import Range
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
    assert "in progress" in sources["latency"]
    found, sources = pace(seen(waiting(9, failed=5)), Given())
    assert found.latency_s.good < 2 < found.latency_s.bad
    assert "5 failed attempts" in sources["latency"]
    found, sources = pace(seen(waiting(9)), Given())
    assert found.latency_s == Range(0, 1)
    assert "unknown" in sources["latency"]
    assert pace(seen(waiting(9), stats=busy), Given(latency=timedelta(seconds=7)))[0].latency_s == Range(7, 7)


def test_a_queue_that_just_began_answered_in_less_than_a_minute() -> None:
    busy = QueueStats(executed_last_minute_count=100, concurrent_dispatches_count=100)
    young = [replace(task, schedule_time=NOW - timedelta(seconds=20)) for task in waiting(9)]
    found, _ = pace(seen(young, stats=busy), Given())
    assert found.latency_s.good < 20 < found.latency_s.bad
    assert pace(seen(waiting(9), stats=busy), Given())[0].latency_s.good > 50


def test_failures_of_the_last_minute_are_a_share_of_all_that_ran() -> None:
    busy = QueueStats(executed_last_minute_count=200, effective_execution_rate=10)
    found, sources = pace(seen(waiting(300, failed=40), stats=busy), Given())
    assert found.failure.good < 0.2 < found.failure.bad < 0.3
    assert sources["failures"] == "40 of 200 attempts of the last minute"
    old, _ = pace(seen(waiting(300, failed=40, ago_s=600), stats=busy), Given())
    assert old.failure.good == 0
    _, sources = pace(seen(waiting(300, failed=40), whole=False, count=9000), Given())
    assert "contains no task that succeeded" in sources["failures"]
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
    assert "grows by 60 tasks per minute" in forecast.sentence
    assert "grows by" in str(forecast)
    assert forecast.to_dataframe().empty


def test_a_paused_queue_says_what_would_be() -> None:
    paused = seen(waiting(100), stats=None)
    paused.queue.state = "PAUSED"
    forecast = made(paused, Given())
    assert (forecast.drains, forecast.all) == (False, None)
    assert forecast.if_resumed is not None and forecast.if_resumed.drains
    assert "paused" in forecast.sentence and "if the queue is resumed now" in str(forecast)


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
    assert "Every attempt fails" in endless.sentence


def test_an_empty_queue_is_done() -> None:
    forecast = made(seen(), Given())
    assert forecast.drains
    assert forecast.all == (timedelta(), timedelta())
    assert forecast.sentence == "The queue is empty."


def test_a_what_if_stands_beside_what_is() -> None:
    forecast = made(seen(waiting(1000)), Given(rate=50.0, concurrency=500))
    assert forecast.all is not None and forecast.as_it_is is not None and forecast.as_it_is.all is not None
    assert forecast.all[1] < forecast.as_it_is.all[0] / 3
    assert forecast.code == change(forecast)
    assert eval(forecast.code, {"queue": Recorder()}) == {  # noqa: S307 - our own line
        "rate_limits": {"max_tasks_dispatched_per_second": 50, "max_concurrent_tasks": 500}
    }
    assert "unchanged" in str(forecast)
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
    assert forecast.plot().draw(theme="dark").get_title(loc="left").startswith("emails: when")


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
    assert f"{name} must be" in str(refused.value)
    assert f"not {value!r}." in str(refused.value)
    assert refused.value.hint


def test_numbers_of_other_kinds_are_taken() -> None:
    import numpy as np

    found = given_of("2s", np.float64(0.5), np.int64(5), np.int64(7))
    assert found == Given(timedelta(seconds=2), 0.5, 5.0, 7)
    assert isinstance(made(seen(waiting(3)), found), Forecast)
