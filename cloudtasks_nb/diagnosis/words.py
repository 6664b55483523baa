"""Format counts, shares and times of day for findings. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ..render.values import counted, duration, relative

__all__ = ["clock", "counted", "duration", "per_second", "percent", "percentile", "relative", "tasks"]

_A_DAY = timedelta(hours=20)


def clock(instant: datetime, now: datetime) -> str:
    """A time of day in UTC, with the date if it is not near: "09:12 UTC", "27 Nov 09:12 UTC"."""
    utc = instant.astimezone(UTC)
    near = abs(now - instant) < _A_DAY
    precise = "%H:%M:%S" if abs(now - instant) < timedelta(minutes=3) else "%H:%M"
    return utc.strftime(f"{precise} UTC") if near else f"{utc.day} {utc:%b %H:%M} UTC"


def moment(instant: datetime, now: datetime) -> str:
    """A time of day with its preposition: "at 09:12 UTC", "on 27 Nov 09:12 UTC"."""
    words = clock(instant, now)
    return f"at {words}" if words[2:3] == ":" else f"on {words}"


def tasks(count: int, *, about: bool = False) -> str:
    """A number of tasks; "about" for an estimate."""
    return f"{'about ' if about else ''}{counted(count, 'task')}"


def percent(share: float) -> str:
    """A share: "95 %", or "99.5 %" if rounding would show 100 %."""
    rounded = 100 * share
    return f"{rounded:.0f} %" if rounded == round(rounded) or 1 < rounded < 99 else f"{rounded:.1f} %"


def per_second(rate: float) -> str:
    """A rate: "5/s", "1.1/min"."""
    return f"{rate:,.3g}/s" if rate >= 1 or not rate else f"{60 * rate:,.3g}/min"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed. `values` must not be empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
