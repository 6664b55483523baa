"""The forecast of a queue: when its backlog will be done, and which limit binds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import ConfigError
from ..model.durations import EXAMPLES, DurationLike, span_of
from ..shown import Shown
from .forecast_facts import Given, Seen, look, pace
from .forecast_rules import Limit, Pace, Times, binding, lost, most_attempts, net_per_second, terms, times

if TYPE_CHECKING:
    import pandas as pd

    from ..plots import Picture
    from ..render import Card
    from ..resources.queue import Queue

_VALID = {"failure": 0.1, "rate": 50, "concurrency": 10}
"""Valid values, for hints."""
Interval = tuple[timedelta, timedelta]
"""The earliest and the latest time, as durations from now."""

MOST_RATE, MOST_CONCURRENT = 500.0, 5_000
_LONGEST_S = 1e9


class Forecast(msgspec.Struct, Shown, frozen=True, kw_only=True):
    """When half, most (90 %) and all of the tasks in a queue will be done, as intervals, and which limit binds.

    A task is done when it leaves the queue: it succeeds, or is given up after its last attempt. If the numbers of the
    forecast are right, an interval contains the true time in at least 95 of 100 cases.

    Example:
        >>> forecast = queue.forecast(latency=2, failure=0.1)
        >>> forecast.drains, forecast.limit
        (True, 'rate')
        >>> forecast.to_dataframe()
    """

    queue: str
    """The id of the queue."""
    made: datetime
    """When the forecast was made. Intervals count from here."""
    waiting: int
    """How many tasks the queue holds."""
    due: int
    """How many of them are due now."""
    drains: bool
    """Whether all tasks will be done. False if more tasks arrive than are finished, and for a paused queue."""
    limit: Limit
    """Which limit binds: "rate", "effective rate", "concurrency" or "target"."""
    per_second: float
    """Attempts per second that this limit allows."""
    half: Interval | None = None
    """When half of the tasks are done: the earliest and the latest time from now. None if the queue does not drain."""
    most: Interval | None = None
    """When 90 % of them are done. None if the queue does not drain."""
    all: Interval | None = None
    """When all of them are done. None if the queue does not drain."""
    gives_up: Interval | None = None
    """When the tasks are given up, if every attempt fails and attempts are limited."""
    growth_per_minute: float = 0.0
    """By how many tasks per minute the queue grows, if more tasks arrive than are finished."""
    state: str = ""
    """The state of the queue. A paused queue sends nothing."""
    given: Mapping[str, object] = {}
    """The values that were passed. They replace values that were read."""
    sources: Mapping[str, str] = {}
    """The source of latency, failures and the other numbers."""
    numbers: Mapping[str, tuple[float, float]] = {}
    """The inputs, each as a range from the better to the worse end: latency_s, failure, lost (the share of tasks that
    are given up) and arrivals per second."""
    calls: int = 0
    """How many calls were made."""
    as_it_is: Forecast | None = None
    """The forecast without the passed values, for comparison; None if none were passed."""
    if_resumed: Forecast | None = None
    """The forecast if a paused queue is resumed now."""

    @property
    def sentence(self) -> str:
        """The forecast in words."""
        from .forecast_words import sentence

        return sentence(self)

    @property
    def code(self) -> str:
        """The line that applies the passed values to the queue; empty if no setting of the queue does."""
        from .forecast_words import change

        return change(self)

    def to_dataframe(self) -> pd.DataFrame:
        """One row each for half, most and all.

        Shapes: done, earliest, latest (timedelta64[us]), earliest_time, latest_time (datetime64[us, UTC]); no rows
        if the queue does not drain.

        Example:
            >>> queue.forecast(latency=1, failure=0).to_dataframe().done.tolist()
            ['half', 'most', 'all']
        """
        from .forecast_table import forecast_frame

        return forecast_frame(self)

    def plot(self) -> Picture:
        """A picture of the intervals, beside those of the unchanged queue. Errors: MissingExtra without matplotlib.

        Example:
            >>> queue.forecast(rate=50, latency=1).plot()
        """
        from ..plots import Picture
        from ..plots.forecast import draw_forecast

        return Picture(f"the forecast of {self.queue}", partial(draw_forecast, self))

    def _now_(self) -> datetime:
        return self.made

    def _shape_(self) -> Card:
        from .forecast_card import card

        return card(self)

    def __repr__(self) -> str:
        return f"<Forecast {self.queue}: {self.sentence}>"


def forecast(
    queue: Queue,
    latency: DurationLike | None,
    failure: float | None,
    rate: float | None,
    concurrency: int | None,
) -> Forecast:
    """Read the queue and compute its forecast. Errors: NotFound, PermissionDenied, ConfigError."""
    given = given_of(latency, failure, rate, concurrency)
    seen = look(queue)
    if seen.queue.kind == "pull":
        raise ConfigError(
            f"forecast() does not support pull queues such as {seen.queue.id!r}: their workers set the pace.",
            hint="use worker.tally or queue.monitor() to see the progress of a pull queue",
        )
    return made(seen, given)


def made(seen: Seen, given: Given) -> Forecast:
    """The forecast from the facts. Pure."""
    as_it_is = made(seen, Given()) if given.changes else None
    found = reckoned(seen, given, seen.queue.state, as_it_is)
    if seen.queue.state in ("PAUSED", "DISABLED"):
        return msgspec.structs.replace(found, if_resumed=reckoned(seen, given, "RUNNING", None))
    return found


def reckoned(seen: Seen, given: Given, state: str, as_it_is: Forecast | None) -> Forecast:
    """A forecast of the queue in this state."""
    pace_now, sources = pace(seen, given)
    runs = state not in ("PAUSED", "DISABLED")
    found = times(seen.load(), pace_now) if runs else None
    net, fails = net_per_second(pace_now), pace_now.failure.good >= 1
    return Forecast(
        queue=seen.queue.id,
        made=seen.now,
        waiting=seen.count,
        due=seen.due,
        drains=found is not None and not fails,
        limit=binding(pace_now),
        per_second=terms(pace_now, "good")[binding(pace_now)],
        gives_up=_intervals(found)["all"] if found is not None and fails else None,
        **(_intervals(found) if found is not None and not fails else {}),
        growth_per_minute=60 * (pace_now.arrivals if not runs else max(0.0, -net)),
        state=state,
        given=given.changes,
        sources=sources,
        numbers=_numbers(pace_now),
        calls=seen.calls,
        as_it_is=as_it_is,
    )


def _intervals(found: Times) -> dict[str, Any]:
    return {
        name: tuple(timedelta(seconds=min(end, _LONGEST_S)) for end in pair)
        for name, pair in found._asdict().items()
    }


def _numbers(pace_now: Pace) -> dict[str, tuple[float, float]]:
    good, bad = pace_now.failure
    most = [most_attempts(pace_now.retries, latency_s) for latency_s in reversed(pace_now.latency_s)]
    return {
        "latency_s": (pace_now.latency_s.good, pace_now.latency_s.bad),
        "failure": (good, bad),
        "lost": (lost(good, most[1]), lost(bad, most[0])),
        "arrivals": (pace_now.arrivals, pace_now.arrivals),
    }


def given_of(
    latency: DurationLike | None, failure: float | None, rate: float | None, concurrency: int | None
) -> Given:
    """Validate the passed values. Errors: ConfigError."""
    return Given(
        None if latency is None else _latency(latency),
        None if failure is None else _number("failure", failure, 0.0, 1.0, "a number from 0 to 1"),
        None
        if rate is None
        else _number("rate", rate, 1e-6, MOST_RATE, "a number of tasks per second, above 0 and up to 500"),
        None if concurrency is None else _whole(concurrency),
    )


def _latency(value: DurationLike) -> timedelta:
    try:
        span = span_of(value)
    except (TypeError, ValueError, OverflowError):
        span = timedelta(-1)
    if span < timedelta():
        raise ConfigError(
            f"latency must be a duration, not {value!r}.",
            hint=f"pass seconds, a timedelta, or text such as {EXAMPLES}",
        )
    return span


def _number(name: str, value: float, least: float, most: float, words: str) -> float:
    try:
        number = float("nan") if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if math.isnan(number) or not least <= number <= most:
        raise ConfigError(f"{name} must be {words}, not {value!r}.", hint=f"pass {name}={_VALID[name]}")
    return number


def _whole(value: int) -> int:
    number = _number("concurrency", value, 1, MOST_CONCURRENT, "a whole number from 1 to 5,000")
    if number != int(number):
        raise ConfigError(
            f"concurrency must be a whole number from 1 to 5,000, not {value!r}.", hint="pass concurrency=10"
        )
    return int(number)
