"""Parse durations that people write: "90", "30 sec", "10m", "1h 30m". Code, magics and panels all use this."""

from __future__ import annotations

import re
from datetime import timedelta

DurationLike = timedelta | float | str
"""A timedelta, a number of seconds, or text such as "1h 30m"."""

_UNITS_S = {"ms": 0.001, "s": 1, "sec": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_NUMBER = r"\d+(?:\.\d+)?|\.\d+"
_PART = re.compile(rf"({_NUMBER})\s*({'|'.join(_UNITS_S)})(?![a-z])", re.IGNORECASE | re.ASCII)
_ALONE = re.compile(_NUMBER, re.ASCII)
EXAMPLES = '"90s", "10m", "2h" or "1h 30m"'


def parse_duration(text: str) -> timedelta:
    """Parse a duration; a number alone means seconds. Errors: ValueError.

    >>> parse_duration("1h 30m") == parse_duration("1.5 h") == parse_duration("5400")
    True
    """
    alone = _ALONE.fullmatch(text.strip())
    parts = [(alone[0], "s")] if alone else _PART.findall(text)
    if not parts or (not alone and _PART.sub("", text).strip()):
        raise ValueError(f"{text!r} is not a duration such as {EXAMPLES}")
    try:
        return timedelta(seconds=sum(float(number) * _UNITS_S[unit.lower()] for number, unit in parts))
    except OverflowError:
        raise ValueError(f"{text!r} is not a duration that Python can hold") from None


def span_of(value: DurationLike) -> timedelta:
    """A timedelta unchanged, a number (also of numpy) as seconds, a text parsed as a duration.

    Errors: TypeError, ValueError, OverflowError.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool):
        raise TypeError(f"{value} is not a duration such as {EXAMPLES}")
    return parse_duration(value) if isinstance(value, str) else timedelta(seconds=float(0.0 + value))
