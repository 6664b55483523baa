"""Moves a manual clock in steps, so that each event happens at its own time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Protocol

from .clock import ManualClock


class Timed(Protocol):
    """A part of the emulator in which events happen as time passes."""

    def next_at(self) -> datetime | None:
        """The time of the next future event; None if there is none."""
        ...

    def quiet(self) -> bool:
        """Whether all events that are due have happened, including their effects."""
        ...

    async def settle(self) -> None:
        """Returns when it is quiet."""
        ...


class Timeline:
    """A manual clock, and the parts that depend on it. `remember` stores the time where it stopped."""

    def __init__(
        self, clock: ManualClock, remember: Callable[[datetime], Awaitable[None]] | None = None
    ) -> None:
        self.clock = clock
        self._remember = remember
        self._parts: Sequence[Timed] = ()
        self._moving = asyncio.Lock()

    def add(self, part: Timed) -> None:
        """Adds a part: the clock stops at its events, and an advance waits until it is quiet."""
        self._parts = (*self._parts, part)

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[None]:
        """Stops the clock from moving within the block."""
        async with self._moving:
            yield

    async def advance(self, by: timedelta, patience_s: float) -> bool:
        """Moves the time from one event to the next, and lets each event finish before the clock goes on.

        After `patience_s` seconds of real time it stops waiting and moves the clock to the goal, so that a target
        without a response cannot block it. Returns whether all parts were quiet in the end.

        Errors: OverflowError after the year 9999.
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
        """Repeats until all parts are quiet: an event of one part may cause an event in another."""
        while True:
            for part in self._parts:
                await part.settle()
            await asyncio.sleep(0)  # lets cancelled work finish
            if all(part.quiet() for part in self._parts):
                return
