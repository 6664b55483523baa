"""All that an emulator holds, begun anew: emptied, kept under a name, and brought back while it runs.

The database is replaced as a whole. What parts of the emulator hold in memory belongs to the world that is left behind,
so every such part joins, and is told to forget it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime
from functools import partial
from typing import Protocol

from ...errors import Internal
from .clock import Clock, ManualClock
from .starting import Start
from .store.commits import Commits
from .store.snapshots import Snapshots, check_name
from .store.store import Store
from .timeline import Timeline


class Joined(Protocol):
    """A part of the emulator that holds something of the world in memory."""

    def begin_anew(self) -> None:
        """Forget all of it, at once: the database, and a manual clock, are those of another world already."""
        ...


class World:
    """The database of a running emulator, with the time and the memory that belong to it. Lives in one event loop."""

    def __init__(
        self, store: Store, clock: Clock, commits: Commits, start: Start, snapshots: Snapshots
    ) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits
        self._start = start
        self._snapshots = snapshots
        self._began = clock.now()
        self._parts: Sequence[Joined] = ()
        self._replacing = asyncio.Lock()
        self.timeline: Timeline | None = None  # of a clock that is moved by hand
        self.restore: Callable[[], None] | None = (
            None  # what the start brings in through the API, on another thread
        )
        self.opened: Callable[[], None] = lambda: None  # what is written first into another world
        self.left: Callable[[Store], None] = lambda _: None  # what is written into a copy of this one

    def join(self, *parts: Joined) -> None:
        """Lets parts know when the world is another one; they are told in this order."""
        self._parts = (*self._parts, *parts)

    async def reset(self) -> None:
        """Everything is as at the start: nothing but what the options name, at the time when the clock began."""
        async with self._alone():
            began = self._began if isinstance(self._clock, ManualClock) else self._clock.now()
            await self._replace(partial(self._emptied, began), began)
            if self.restore is not None:
                await asyncio.to_thread(self.restore)

    async def save(self, name: str) -> None:
        """Keeps all of it under a name, in place of what had that name. Errors: InvalidArgument."""
        check_name(name)
        async with self._alone():
            finish = partial(self._leave, self._clock.now())
            await self._commits.alone(partial(self._snapshots.save, self._store, name, finish))

    async def load(self, name: str) -> None:
        """Brings back what was kept under a name. Errors: InvalidArgument, NotFound, FailedPrecondition."""
        check_name(name)
        async with self._alone():
            with closing(await asyncio.to_thread(self._snapshots.opened, name)) as copy:
                await self._replace(partial(self._store.replace_with, copy), copy.stopped_at())

    def saved(self) -> list[str]:
        """The names under which something is kept."""
        return self._snapshots.names()

    def _emptied(self, moment: datetime) -> None:
        with closing(Store.blank()) as nothing:
            self._start.make(nothing, moment)
            nothing.write_notes()
            self._store.replace_with(nothing)

    def _leave(self, now: datetime, copy: Store) -> None:
        self.left(copy)
        copy.remember_time(now)

    async def _replace(self, work: Callable[[], None], moment: datetime | None) -> None:
        """Replaces the database, and once that is done the time and the memory of all parts."""
        try:
            await self._commits.alone(work, partial(self._begin_anew, moment))
        except Internal:
            await self._commits.run(self._store.cut_off)
            raise
        await self._commits.run(self._open)

    def _open(self) -> None:
        self.opened()
        if isinstance(self._clock, ManualClock):
            self._store.remember_time(self._clock.now())

    def _begin_anew(self, moment: datetime | None) -> None:
        if isinstance(self._clock, ManualClock) and moment is not None:
            self._clock.set(moment)
        for part in self._parts:
            part.begin_anew()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """One change of the world at a time, and none while the clock is on its way."""
        async with self._replacing:
            if self.timeline is None:
                yield
                return
            async with self.timeline.standing():
                yield
