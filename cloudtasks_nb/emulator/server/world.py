"""All that an emulator holds, begun anew: emptied, kept under a name, and brought back while it runs.

The database is replaced as a whole. What parts of the emulator hold in memory belongs to the world that is left behind,
so every such part joins, and is told to forget it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from functools import partial
from typing import Protocol

from ...errors import Internal
from .clock import Clock, ManualClock
from .store.commits import Commits
from .store.snapshots import Snapshots, blank, check_name, time_of
from .store.store import Store
from .timeline import Timeline

Fill = Callable[[], Awaitable[None]]


class Joined(Protocol):
    """A part of the emulator that holds something of the world in memory."""

    def begin_anew(self) -> None:
        """Forget all of it, at once: the database, and a manual clock, are those of another world already."""
        ...


class World:
    """The database of a running emulator with the time and the memory that belong to it. Lives inside one event loop."""

    def __init__(
        self, store: Store, clock: Clock, commits: Commits, timeline: Timeline | None, snapshots: Snapshots
    ) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits
        self._timeline = timeline
        self._snapshots = snapshots
        self._began = clock.now()
        self._parts: Sequence[Joined] = ()
        self._replacing = asyncio.Lock()
        self.fill: Fill | None = None  # what is there from the start

    def join(self, *parts: Joined) -> None:
        """Lets parts know when the world is another one; they are told in this order."""
        self._parts = (*self._parts, *parts)

    async def reset(self) -> None:
        """Everything is as at the start: nothing but what the options name, at the time when the clock began."""
        async with self._alone():
            with closing(blank()) as nothing:
                await self._replace(nothing, self._began)
            if self.fill is not None:
                await self.fill()

    async def save(self, name: str) -> None:
        """Keeps all of it under a name, in place of what had that name. Errors: InvalidArgument."""
        check_name(name)
        async with self._alone():
            await self._commits.alone(
                partial(self._snapshots.save, self._store, name, self._clock.now())
            )

    async def load(self, name: str) -> None:
        """Brings back what was kept under a name. Errors: InvalidArgument, NotFound, FailedPrecondition."""
        check_name(name)
        async with self._alone():
            with closing(await asyncio.to_thread(self._snapshots.opened, name)) as copy:
                await self._replace(copy, time_of(copy))

    def saved(self) -> list[str]:
        """The names under which something is kept."""
        return self._snapshots.names()

    async def _replace(self, copy: sqlite3.Connection, moment: datetime | None) -> None:
        try:
            await self._commits.alone(
                partial(self._store.replace_with, copy), partial(self._begin_anew, moment)
            )
        except Internal:
            await self._commits.run(self._store.cut_off)
            raise
        if isinstance(self._clock, ManualClock):
            await self._commits.run(partial(self._store.remember_time, self._clock.now()))

    def _begin_anew(self, moment: datetime | None) -> None:
        if isinstance(self._clock, ManualClock) and moment is not None:
            self._clock.set(moment)
        for part in self._parts:
            part.begin_anew()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One change of the world at a time, and none while the clock is on its way."""
        async with self._replacing:
            if self._timeline is None:
                yield
                return
            async with self._timeline.standing():
                yield
