"""The card of a forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..render import Card, Table, badge, muted
from ..render.values import counted, duration
from .forecast_words import LIMITS, between, change, clock, given_words, next_try, per_second, rounded

if TYPE_CHECKING:
    from ..render import Cell, Value
    from .forecast import Forecast, Interval

_DONE = {"half": "half", "most": "90 %", "all": "all"}


def card(forecast: Forecast) -> Card:
    """The card: the intervals, the limit that binds, the source of each number, and a line that changes it."""
    shown = forecast.if_resumed or forecast
    lines = [change(forecast), next_try(shown) if not forecast.given else "", "forecast.plot()"]
    return Card(
        forecast.queue,
        kind="forecast",
        badge=_badge(forecast),
        facts=_facts(forecast, shown),
        table=_table(shown, forecast) if shown.drains and shown.waiting else None,
        code=["queue.resume()"] * (forecast.state == "PAUSED") + [line for line in lines if line],
    )


def _badge(forecast: Forecast) -> Cell:
    if forecast.state in ("PAUSED", "DISABLED"):
        return badge(forecast.state, "warn")
    return badge("drains", "ok") if forecast.drains else badge("never drains", "bad")


def _facts(forecast: Forecast, shown: Forecast) -> dict[str, Value]:
    numbers, later = shown.numbers, shown.waiting - shown.due
    arrivals, lost = numbers["arrivals"][0], numbers["lost"]
    return {
        "waiting": [
            counted(shown.waiting, "task"),
            muted(f"{later:,} of them due later") if later else None,
        ],
        "if": given_words(forecast) or None,
        "grows by": f"{forecast.growth_per_minute:,.3g} per minute" if forecast.growth_per_minute else None,
        "limit": [badge(shown.limit), f"{LIMITS[shown.limit]}: {per_second(shown.per_second)}"],
        "given up": f"in {between(forecast.gives_up)}" if forecast.gives_up else None,
        "latency": [_range(numbers["latency_s"], " s"), muted(shown.sources["latency"])],
        "failures": [_range(numbers["failure"], " %", 100), muted(shown.sources["failures"])],
        "lost": f"{_range(lost, ' %', 100)} of the tasks are given up after their last attempt"
        if lost[1] > 5e-4
        else None,
        "arrivals": per_second(arrivals) if arrivals else None,
        "read": counted(forecast.calls, "call"),
    }


def _range(ends: tuple[float, float], unit: str, times: float = 1) -> str:
    low, high = (f"{times * end:.3g}" for end in ends)
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"


def _table(shown: Forecast, forecast: Forecast) -> Table:
    before = forecast.as_it_is
    rows: list[list[Value]] = []
    for name, words in _DONE.items():
        interval: Interval = getattr(shown, name)
        earliest, latest = (duration(rounded(end)) for end in interval)
        compared = [between(getattr(before.if_resumed or before, name))] if before is not None else []
        rows.append([words, earliest, latest, clock(shown.made + interval[1], shown.made), *compared])
    columns = ["done", "earliest", "latest", "by", *(["unchanged"] if before is not None else [])]
    return Table(
        columns=columns, rows=rows, caption="if the queue is resumed now" if forecast.if_resumed else ""
    )
