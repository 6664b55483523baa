"""Where time enters: nothing else in the emulator asks what time it is."""

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
    """Says what time it is, in UTC, and how long to wait for another time: the machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def machine_s(self) -> float:
        """Seconds that pass whatever the clock shows: somebody who waits is let in at last."""
        return time.monotonic()

    def seconds_until(self, moment: datetime) -> float | None:
        """How long to sleep until a moment; None when only moving the clock brings it."""
        return max(0.0, (moment - self.now()).total_seconds())

    def on_move(self, listener: Callable[[], None]) -> None:
        """Calls the listener whenever the clock was moved by hand."""

    def deadline(self, after_s: float) -> AbstractAsyncContextManager[object]:
        """Raises TimeoutError when its body is still at work that much later."""
        return asyncio.timeout(after_s)

    async def sleep(self, for_s: float) -> None:
        """Returns that much later."""
        await asyncio.sleep(for_s)

    @property
    def asleep(self) -> int:
        """How many sleep until the clock is moved by hand."""
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
        """Nobody counts as asleep while somebody is cut off by a deadline that is over: it may be a sleeper."""
        is_over = any(moment <= self._now for moment in self._deadlines.values())
        return 0 if is_over else len(self._sleepers)

    def next_moment(self) -> datetime | None:
        """When the first of the deadlines under way is over, or the first sleeper wakes."""
        return min((*self._deadlines.values(), *self._sleepers.values()), default=None)

    def set(self, moment: datetime) -> None:
        """Another world, another time: later or earlier. Who waited in the old one waits no longer."""
        self._now = moment
        self._deadlines.clear()
        for woken in filter(lambda one: not one.done(), self._sleepers):
            woken.set_result(None)
        self._sleepers.clear()

    def advance(self, by: timedelta) -> None:
        """Moves the time, ends what is past its deadline, wakes who slept enough, and tells the listeners.

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


def pacific(moment: datetime) -> str:
    """The service shows this instant as its home reads it."""
    try:
        return moment.astimezone(ZoneInfo("America/Los_Angeles")).isoformat()
    except (ZoneInfoNotFoundError, OverflowError):
        return moment.isoformat()
