"""Moving the time by hand: in steps, so that whatever becomes due on the way happens at its own moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

from .clock import ManualClock


class Timed(Protocol):
    """A part of the emulator in which things happen by themselves, as time passes."""

    def next_at(self) -> datetime | None:
        """When the next thing will happen that is not due yet; None when nothing will."""
        ...

    def quiet(self) -> bool:
        """Whether all that is due by now has happened, its effects included."""
        ...

    async def settle(self) -> None:
        """Returns once it was quiet."""
        ...


class Timeline:
    """A clock that is moved, and the parts that live by it. `remember` keeps where it stopped."""

    def __init__(
        self, clock: ManualClock, remember: Callable[[datetime], Awaitable[None]] | None = None
    ) -> None:
        self.clock = clock
        self._remember = remember
        self._parts: Sequence[Timed] = ()
        self._moving = asyncio.Lock()

    def add(self, part: Timed) -> None:
        """Lets a part have a say in where the time stops on its way, and when an advance is over."""
        self._parts = (*self._parts, part)

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[None]:
        """Within the block the clock is not moved."""
        async with self._moving:
            yield

    async def advance(self, by: timedelta, patience_s: float) -> bool:
        """Moves the time, from one event to the next, each given the chance to happen before the clock goes on.

        After `patience_s` seconds of real time nobody is waited for any longer and the clock goes straight to its
        goal, so that a target that never answers cannot hold it. Returns whether the world was quiet in the end.

        Errors: OverflowError beyond the year 9999.
        """
        async with self._moving:
            goal = self.clock.now() + by
            try:
                async with asyncio.timeout(patience_s):
                    await self._walk(goal)
                settled = True
            except TimeoutError:
                self.clock.advance(goal - self.clock.now())
                settled = False
            if self._remember is not None:
                await self._remember(self.clock.now())
            return settled

    async def _walk(self, goal: datetime) -> None:
        await self._settle()
        while self.clock.now() < goal:
            self.clock.advance(min(goal, self._next_at() or goal) - self.clock.now())
            await self._settle()

    def _next_at(self) -> datetime | None:
        now = self.clock.now()
        found = [self.clock.next_moment(), *(part.next_at() for part in self._parts)]
        return min((moment for moment in found if moment is not None and moment > now), default=None)

    async def _settle(self) -> None:
        """Until no part has anything left to do: what one does may give another something to do."""
        while True:
            for part in self._parts:
                await part.settle()
            await asyncio.sleep(0)  # what was cut off by its deadline gets to say so
            if all(part.quiet() for part in self._parts):
                return
