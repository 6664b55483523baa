"""Instants, durations and sizes in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from .shapes import Cell, Value

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def moment(now: datetime | None) -> datetime:
    """`now` itself, or the current time."""
    return now or datetime.now(UTC)


def duration(value: timedelta) -> str:
    """A duration in its two largest units: "0.1 s", "1 h", "1 min 42 s", "31 d"."""
    total_s = value.total_seconds()
    sign, total_s = ("-" if total_s < 0 else ""), abs(total_s)
    if total_s < 60:
        return f"{sign}{round(total_s, 6):.6g} s"
    left_s = round(total_s)
    parts: list[str] = []
    for unit, size_s in _UNITS:
        count, left_s = divmod(left_s, size_s)
        if count or parts:
            parts.append(f"{count:,} {unit}" if count else "")
    return sign + " ".join(part for part in parts[:2] if part)


def exact(instant: datetime) -> str:
    """An instant in UTC, without trailing zeros: "2026-07-31 12:03:00.25 UTC"."""
    utc = instant.astimezone(UTC)
    fraction = f".{utc.microsecond:06}".rstrip("0") if utc.microsecond else ""
    return f"{utc:%Y-%m-%d %H:%M:%S}{fraction} UTC"


def relative(instant: datetime, now: datetime) -> str:
    """An instant as seen from `now`, in one unit: "in 3 min", "2 h ago", "now"."""
    ahead_s = (instant - now).total_seconds()
    apart_s = abs(ahead_s)
    if apart_s < 1:
        return "now"
    # "100 min" is more precise than "2 h", so each unit is used up to two of the next.
    limits_s = (("s", 1, 119.5), ("min", 60, 119.5 * 60), ("h", 3_600, 47.5 * 3_600), ("d", 86_400, math.inf))
    unit, size_s = next((unit, size_s) for unit, size_s, limit_s in limits_s if apart_s < limit_s)
    words = f"{math.floor(apart_s / size_s + 0.5):,} {unit}"
    return f"in {words}" if ahead_s > 0 else f"{words} ago"


def when(instant: datetime | None, now: datetime) -> Cell | None:
    """An instant as a Cell: relative to `now`, exact on hover."""
    return Cell(relative(instant, now), exact(instant), "time") if instant is not None else None


def timed(facts: Mapping[str, Value | datetime], now: datetime) -> dict[str, Value]:
    """Facts with their instants as Cells, relative to `now`."""
    return {
        label: when(value, now) if isinstance(value, datetime) else value for label, value in facts.items()
    }


def size(count: int) -> str:
    """A number of bytes: "412 B", "4.2 kB", "1 MB"."""
    if count < 1_000:
        return f"{count} B"
    value, unit = (count / 1e3, "kB") if count < 999_950 else (count / 1e6, "MB")
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"


def counted(count: float, what: str, form: str = ",") -> str:
    """A number of things: "1 header", "12 headers"; of a rate in the given form, "0.5 tasks"."""
    said = format(count, form)
    return f"{said} {what}" if said == "1" else f"{said} {what}s"
