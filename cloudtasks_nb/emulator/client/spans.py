"""A stretch of time as a person writes it: "2h", "1h 30m", a timedelta, seconds."""

from __future__ import annotations

import re
from datetime import timedelta

from ...errors import InvalidArgument
from ...model import Duration

_UNITS_S = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_PART = r"(\d+(?:\.\d+)?)\s*(ms|min|s|m|h|d|w)"
_WHOLE = re.compile(rf"\s*(?:{_PART}\s*)+")


def span(value: timedelta | float | str) -> Duration:
    """The duration that is meant. Errors: InvalidArgument.

    >>> span("1h 30m") == timedelta(minutes=90)
    True
    """
    if not isinstance(value, str):
        return Duration.of(value)
    if not _WHOLE.fullmatch(value):
        raise InvalidArgument(
            f"{value!r} is not a duration.",
            hint='such as "2h", "90s", "1h 30m", "3d", a timedelta or seconds',
        )
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in re.findall(_PART, value))
    return Duration.of(seconds)
