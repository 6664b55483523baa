"""Where time enters: nothing else in the emulator asks what time it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Says what time it is, in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


def to_us(moment: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The instant, in UTC."""
    return _EPOCH + timedelta(microseconds=us)


def rfc3339(us: int) -> str:
    """The instant as proto JSON writes it: no fraction, or three or six digits."""
    seconds, fraction_us = divmod(us, 1_000_000)
    if not fraction_us:
        return f"{_to_the_second(seconds)}Z"
    fraction = f"{fraction_us:06}"
    return f"{_to_the_second(seconds)}.{fraction.removesuffix('000')}Z"


@lru_cache(maxsize=8192)  # a page of tasks names few different seconds
def _to_the_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]
