"""The clock: everything else in the emulator gets the time from here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock:
    """The system clock: the current time in UTC, and waiting for another time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def machine_s(self) -> float:
        """Seconds of real time, also with a manual clock: for timeouts that must end."""
        return time.monotonic()

    def seconds_until(self, moment: datetime) -> float | None:
        """How long to sleep until a moment; None if only a manual move brings it."""
        return max(0.0, (moment - self.now()).total_seconds())

    def on_move(self, listener: Callable[[], None]) -> None:
        """Calls the listener whenever the clock is moved manually."""

    def deadline(self, after_s: float) -> AbstractAsyncContextManager[object]:
        """Raises TimeoutError when its body runs longer than this."""
        return asyncio.timeout(after_s)

    async def sleep(self, for_s: float) -> None:
        """Returns after this time."""
        await asyncio.sleep(for_s)

    @property
    def asleep(self) -> int:
        """How many callers sleep until the clock is moved."""
        return 0


class ManualClock(Clock):
    """Stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._listeners: list[Callable[[], None]] = []
        self._deadlines: dict[asyncio.Timeout, datetime] = {}
        self._sleepers: dict[asyncio.Future[None], datetime] = {}

    def now(self) -> datetime:
        return self._now

    def seconds_until(self, moment: datetime) -> float | None:
        return 0.0 if moment <= self._now else None

    def on_move(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    @asynccontextmanager
    async def deadline(self, after_s: float) -> AsyncIterator[object]:
        async with asyncio.timeout(None) as bound:
            self._deadlines[bound] = self._now + timedelta(seconds=after_s)
            try:
                yield bound
            finally:
                self._deadlines.pop(bound, None)

    async def sleep(self, for_s: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers[woken] = self._now + timedelta(seconds=for_s)
        try:
            await woken
        finally:
            self._sleepers.pop(woken, None)

    @property
    def asleep(self) -> int:
        """0 while an expired deadline is still cancelling its body: that body may be one of the sleepers."""
        is_over = any(moment <= self._now for moment in self._deadlines.values())
        return 0 if is_over else len(self._sleepers)

    def next_moment(self) -> datetime | None:
        """When the next deadline expires, or the next sleeper wakes."""
        return min((*self._deadlines.values(), *self._sleepers.values()), default=None)

    def set(self, moment: datetime) -> None:
        """Sets the time, earlier or later, to that of a new state. Wakes all sleepers and drops all deadlines."""
        self._now = moment
        self._deadlines.clear()
        for woken in filter(lambda one: not one.done(), self._sleepers):
            woken.set_result(None)
        self._sleepers.clear()

    def advance(self, by: timedelta) -> None:
        """Moves the time forward, ends expired deadlines, wakes sleepers that are due, and calls the listeners.

        Errors: OverflowError.
        """
        self._now += by
        for woken in [one for one, moment in self._sleepers.items() if moment <= self._now]:
            del self._sleepers[woken]
            woken.set_result(None)
        for bound, moment in self._deadlines.items():
            if moment <= self._now:
                bound.reschedule(asyncio.get_running_loop().time())
        for listener in self._listeners:
            listener()


def to_us(moment: datetime) -> int:
    """Microseconds since 1970, exact."""
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


@lru_cache(maxsize=8192)  # the tasks of a page share few different seconds
def _to_the_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


def pacific(moment: datetime) -> str:
    """The instant in Pacific time, which the service uses in its messages."""
    try:
        return moment.astimezone(ZoneInfo("America/Los_Angeles")).isoformat()
    except (ZoneInfoNotFoundError, OverflowError):
        return moment.isoformat()
