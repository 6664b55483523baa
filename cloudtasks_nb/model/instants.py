"""Parse instants that people write: a datetime, ISO text such as "2026-03-01T09:00Z", or a duration from now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from .durations import DurationLike, parse_duration, span_of
from .json import utc

InstantLike = datetime | DurationLike
"""A datetime or ISO text; or a duration from now. Without a time zone, it is local time."""

_EPOCH_FROM = 1_000_000_000  # as a duration 31 years; as a time since 1970 the year 2001
_EPOCH_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)
_EPOCH_YEARS = range(2001, 2200)


def instant_of(value: InstantLike, now: datetime) -> datetime:
    """The instant in UTC. Errors: TypeError, ValueError, OverflowError, OSError.

    >>> noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    >>> instant_of("2026-03-01T09:00+01:00", noon).hour, instant_of("90m", noon).hour
    (8, 13)
    """
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, str):
        try:
            return utc(now + parse_duration(value))
        except ValueError:
            return utc(datetime.fromisoformat(value.strip()))
    return utc(now + span_of(value))


def epoch_of(value: Any) -> str:
    """Python code for the instant of a number since 1970; "" if the number can be a duration.

    >>> epoch_of(1767225600)
    'datetime.fromtimestamp(1767225600, UTC)'
    """
    try:
        number = 0 if isinstance(value, timedelta | datetime) else int(float(value))
    except (OverflowError, TypeError, ValueError):
        return ""
    if number < _EPOCH_FROM:
        return ""
    for unit in _EPOCH_UNITS:
        seconds = number // unit
        if seconds < 10_000_000_000 and datetime.fromtimestamp(seconds, UTC).year in _EPOCH_YEARS:
            return f"datetime.fromtimestamp({number}{f' / {unit}' if unit > 1 else ''}, UTC)"
    return ""
