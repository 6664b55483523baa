"""Forecasts are right, on an emulator with a manual clock. benchmarks/forecast.py has all settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import cloudtasks_nb as ct
from benchmarks.forecast import SHARES, Setting, drained, measure
from tests.integration.filling import new_id
from tests.refusing import refusing

FEW = [
    Setting(150, 10),
    Setting(80, 10, failure=0.3, backoff=(1, 10)),
    Setting(60, 50, concurrency=5, latency_s=1),
    Setting(60, 10, failure=0.2, attempts=3, later_s=10),
]


@pytest.fixture(scope="module")
def local() -> Iterator[ct.Client]:
    with ct.local(clock="manual") as client:
        yield client


def test_true_times_lie_in_the_intervals() -> None:
    runs = [run for runs in measure(FEW, range(2)).values() for run in runs]
    held = [run.holds(share) for run in runs for share in SHARES]
    assert sum(held) >= 0.95 * len(held) - 1


def test_what_is_read_alone_is_enough(local: ct.Client) -> None:
    """Without arguments: settings, statistics and tasks are read."""
    queue = local.create_queue(
        new_id(), rate_limits={"max_tasks_dispatched_per_second": 5, "max_burst_size": 1}
    )
    inbox = "http://127.0.0.1:9/"
    queue.update(retry_config={"max_attempts": 1})  # it is done after one attempt, successful or not
    queue.pause().create_tasks([b"x"] * 100, url=inbox, progress=False).raise_for_errors()
    forecast = queue.resume().forecast()
    assert forecast.drains and forecast.all is not None
    assert (forecast.limit, forecast.waiting, forecast.due) == ("rate", 100, 100)
    happened = drained(local, queue, 100, forecast)
    assert forecast.all[0].total_seconds() <= happened["all"] <= forecast.all[1].total_seconds()
    assert queue.forecast().sentence == "The queue is empty."


def test_a_what_if_comes_true_when_its_line_is_run(local: ct.Client) -> None:
    queue = local.create_queue(
        new_id(), rate_limits={"max_tasks_dispatched_per_second": 2, "max_burst_size": 1}
    )
    queue.update(retry_config={"max_attempts": 1})
    queue.pause().create_tasks([b"x"] * 100, url="http://127.0.0.1:9/", progress=False).raise_for_errors()
    forecast = queue.resume().forecast(rate=20)
    assert forecast.all is not None
    eval(forecast.code, {"queue": queue})  # noqa: S307 - our own line
    happened = drained(local, queue, 100, forecast)
    assert forecast.all[0].total_seconds() <= happened["all"] <= forecast.all[1].total_seconds()


def test_throttling_is_seen(local: ct.Client) -> None:
    queue = local.create_queue(new_id(), rate_limits={"max_tasks_dispatched_per_second": 100}).pause()
    queue.create_tasks([b"x"] * 50, url="http://127.0.0.1:9/", progress=False).raise_for_errors()
    local.emulator.faults(throttled_rate=2)
    try:
        forecast = queue.resume().forecast(latency=0, failure=0)
    finally:
        local.emulator.faults()
    assert (forecast.limit, forecast.per_second) == ("effective rate", 2)


@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_every_version_tells_what_it_can(emulator: str, version: Any) -> None:
    with ct.connect(
        project="forecasts", location="us-central1", endpoint=emulator, api_version=version
    ) as client:
        queue = client.create_queue(new_id(), rate_limits={"max_tasks_dispatched_per_second": 10})
        queue.create_tasks(
            [str(n) for n in range(3100)], url="http://127.0.0.1:9/", progress=False
        ).raise_for_errors()
        forecast = queue.forecast(latency=0, failure=0)
        assert (forecast.waiting, forecast.drains, forecast.calls) == (
            3100,
            True,
            10 if version == "v2" else 6,
        )
        assert forecast.all is not None
        assert 270 < forecast.all[0].total_seconds() < 310 <= forecast.all[1].total_seconds() < 340


def test_what_cannot_be_forecast(client: ct.Client) -> None:
    work = client.create_queue(new_id(), kind="pull")
    with pytest.raises(ct.ConfigError, match="pull queue"):
        work.forecast()
    work.delete()
    with pytest.raises(ct.NotFound):
        work.forecast()
    with pytest.raises(ct.ConfigError, match=r"rate must be .* not 0"):
        work.forecast(rate=0)
    with ct.connect(endpoint=client.endpoint) as closed:
        handle = closed.queue("us-central1/any", read=False)
    with pytest.raises(ct.ConfigError, match="closed"):
        handle.forecast()


def test_metrics_tell_how_many_fail_and_come(local: ct.Client) -> None:
    """Half of the attempts fail, and a task arrives every ten seconds: only the metrics show successes."""
    queue = local.create_queue(new_id(), retry_config={"max_attempts": 1})
    with local.emulator.inbox() as inbox:

        @inbox.on("/half")
        def half(request: Any) -> int:
            return 200 if request.json() % 2 else 500

        for number in range(90):
            queue.create_task(number, url=inbox.url_for("/half"))
            local.emulator.advance(10)
        queue.pause().create_task(1, url=inbox.url_for("/half"))
        forecast = queue.resume().forecast(latency=0)
    low, high = forecast.numbers["failure"]
    assert low < 0.5 < high < 0.8
    assert "from the metrics" in forecast.sources["failures"]
    assert forecast.numbers["arrivals"][0] == pytest.approx(0.1, rel=0.25)


def test_metrics_that_nobody_may_read_are_done_without(local: ct.Client) -> None:
    with (
        refusing(local.endpoint, "timeSeries") as gateway,
        ct.connect(local.project, local.location, endpoint=gateway.url) as there,
    ):
        queue = there.create_queue(new_id()).pause()
        queue.create_task("x", url="http://127.0.0.1:9/")
        assert queue.resume().forecast().waiting == 1
