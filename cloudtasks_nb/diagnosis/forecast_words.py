"""A forecast in words, and the line that applies a change. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..render.values import counted, duration, exact

if TYPE_CHECKING:
    from .forecast import Forecast, Interval

LIMITS = {
    "rate": "the rate limit of the queue",
    "effective rate": "the rate to which the service throttles the queue",
    "concurrency": "the limit of concurrent requests",
    "target": "the target, which handles fewer requests than the settings allow",
}
_SETTINGS = {"rate": "max_tasks_dispatched_per_second", "concurrency": "max_concurrent_tasks"}


def sentence(forecast: Forecast) -> str:
    """The forecast in one or two sentences."""
    if forecast.state in ("PAUSED", "DISABLED"):
        state = forecast.state.lower()
        return f"The queue is {state}: no task is sent until queue.resume(). {_grows(forecast)}".strip()
    if not forecast.waiting:
        return "The queue is empty."
    waits = f"{counted(forecast.waiting, 'task')} {'waits' if forecast.waiting == 1 else 'wait'}"
    if forecast.gives_up is not None:
        return f"{waits}. Every attempt fails, and the tasks are given up in {between(forecast.gives_up)}."
    if forecast.all is None:
        return f"{waits}. The queue never drains. {_grows(forecast) or 'Every attempt fails.'}"
    latest = clock(forecast.made + forecast.all[1], forecast.made)
    return (
        f"{waits}: half done in {between(forecast.half)}, 90 % in {between(forecast.most)}, all in "
        f"{between(forecast.all)}, by {latest} at the latest. {_limit(forecast)}"
    )


def _grows(forecast: Forecast) -> str:
    return (
        f"The queue grows by {counted(forecast.growth_per_minute, 'task', ',.3g')} per minute."
        if forecast.growth_per_minute
        else ""
    )


def _limit(forecast: Forecast) -> str:
    return f"The limit is {LIMITS[forecast.limit]}: {per_second(forecast.per_second)}."


def per_second(number: float) -> str:
    """A rate in words: "12 per second", "30 per minute"."""
    return f"{number:,.3g} per second" if number >= 1 else f"{60 * number:,.3g} per minute"


def between(interval: Interval | None) -> str:
    """An interval in words: "2 min to 2 min 10 s"."""
    if interval is None:
        return "never"
    earliest, latest = (duration(rounded(end)) for end in interval)
    return earliest if earliest == latest else f"{earliest} to {latest}"


def rounded(span: timedelta) -> timedelta:
    digits = 1 if span < timedelta(seconds=10) else 0
    return timedelta(seconds=round(span.total_seconds(), digits))


def clock(moment: datetime, now: datetime) -> str:
    """A time of day in UTC, with the date if it is another day."""
    utc = moment.astimezone(UTC)
    return (
        f"{utc:%H:%M:%S} UTC"
        if utc.date() == now.astimezone(UTC).date()
        else exact(utc.replace(microsecond=0))
    )


def change(forecast: Forecast) -> str:
    """The line that applies the passed values to the queue; empty if no setting of the queue does."""
    settings = {_SETTINGS[name]: value for name, value in forecast.given.items() if name in _SETTINGS}
    held = ", ".join(
        f'"{name}": {value:g}' for name, value in settings.items() if isinstance(value, float | int)
    )
    return f"queue.update(rate_limits={{{held}}})" if held else ""


def given_words(forecast: Forecast) -> str:
    """The passed values, in words: "latency 2 s, 10 % failing"."""
    words: dict[str, Callable[[Any], str]] = {
        "latency": lambda value: f"latency {duration(value)}",
        "failure": lambda value: f"{100 * value:g} % failing",
        "rate": lambda value: f"rate {value:g} per second",
        "concurrency": lambda value: f"{value} concurrent",
    }
    return ", ".join(words[name](value) for name, value in forecast.given.items())


def next_try(forecast: Forecast) -> str:
    """A forecast call that raises the limit that binds; empty if no setting does."""
    if forecast.limit == "rate" and forecast.per_second < 500:
        return f"queue.forecast(rate={min(500, 2 * forecast.per_second):g})"
    if forecast.limit == "concurrency":
        held = forecast.per_second * forecast.numbers["latency_s"][0]
        return f"queue.forecast(concurrency={min(5000, max(2, round(2 * held)))})"
    return ""
