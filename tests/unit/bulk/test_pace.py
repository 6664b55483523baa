"""The pace of a bulk call, with a manual clock."""

from __future__ import annotations

import itertools
import math

import pytest

from cloudtasks_nb.bulk.pace import Pace, Ramps
from cloudtasks_nb.errors import ConfigError


def sent_within(pace: Pace, seconds: float, count: int = 1) -> int:
    """The number of operations within a time, at the highest allowed rate."""
    now, sent = 0.0, 0
    while True:
        now += pace.reserve(count, now)
        if now >= seconds:
            return sent
        sent += count


def test_without_limits_nothing_waits() -> None:
    pace = Pace()
    assert [pace.reserve(1000, now=float(at)) for at in range(5)] == [0.0] * 5
    assert pace.limit(0.0) == math.inf


@pytest.mark.parametrize(("count", "rate"), [(1, 10), (100, 50), (7, 0.5)])
def test_a_cap_holds_whatever_the_size_of_calls(count: int, rate: float) -> None:
    sent = sent_within(Pace(rate_per_second=rate), 1000, count)
    assert abs(sent - 1000 * rate) <= count


def test_idle_time_is_not_saved_up() -> None:
    pace = Pace(rate_per_second=10)
    pace.reserve(1, now=0.0)
    assert pace.reserve(10, now=100.0) == 0.0
    assert pace.reserve(1, now=100.0) == pytest.approx(1.0)


def test_calls_that_ramp_up_on_one_queue_share_the_ramp() -> None:
    ramps = Ramps()
    with ramps.one_more("emails") as sharers:
        first = Pace(ramp="500/50/5", sharers=sharers)
        assert first.limit(0.0) == 500
        with ramps.one_more("emails") as both, ramps.one_more("others") as alone:
            second, other = Pace(ramp="300/50/5", sharers=both), Pace(ramp="500/50/5", sharers=alone)
            assert (first.limit(0.0), second.limit(0.0), other.limit(0.0)) == (250, 150, 500)
        assert first.limit(0.0) == 500


def test_a_ramp_grows_step_by_step() -> None:
    pace = Pace(ramp="500/50/5")
    pace.reserve(1, now=0.0)
    assert [pace.limit(minute * 60.0) for minute in (0, 4.9, 5, 10)] == [500, 500, 750, 1125]
    assert pace.limit(1e9) < math.inf
    assert Pace(600, "500/50/5").limit(0.0) == 500


def test_a_refusal_halves_the_speed_and_time_brings_it_back() -> None:
    pace = Pace()
    for second in range(10):
        pace.reserve(100, now=float(second))
    pace.slow_down(now=10.0)
    assert pace.limit(10.0) == pytest.approx(50.0)
    pace.slow_down(now=10.5)  # the other calls in progress are rejected as well
    assert pace.limit(10.0) == pytest.approx(50.0)
    assert pace.limit(20.0) > 100.0


def test_it_never_stands_still_however_often_it_is_refused() -> None:
    pace, now = Pace(), 0.0
    for _ in range(200):
        now += pace.reserve(100, now)
        pace.slow_down(now)
    before, rate = now, pace.limit(now)
    waits = [pace.reserve(100, before) for _ in range(3)]
    assert rate < 1000
    assert max(later - sooner for sooner, later in itertools.pairwise(waits)) <= 1.0


@pytest.mark.parametrize("ramp", ["fast", "500/50", "0/50/5", 500])
def test_what_is_no_ramp_is_refused(ramp: str) -> None:
    with pytest.raises(ConfigError, match="not a valid ramp"):
        Pace(ramp=ramp)


@pytest.mark.parametrize("rate", [0, -1, math.inf, math.nan, "10", True])
def test_what_is_no_rate_is_refused(rate: float) -> None:
    with pytest.raises(ConfigError, match="rate_per_second must be a finite number above 0"):
        Pace(rate_per_second=rate)
