"""Replaces the emulator's whole state while it runs: reset, save a snapshot, load a snapshot.

The database is replaced as a whole. Parts of the emulator that keep state in memory join, and are told to drop it.
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
    """A part of the emulator that keeps state in memory."""

    def begin_anew(self) -> None:
        """Drop all state at once: the database and a manual clock have been replaced already."""
        ...


class World:
    """The database, the clock and the parts of a running emulator. Lives in one event loop."""

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
        self.timeline: Timeline | None = None  # of a manual clock
        self.restore: Callable[[], None] | None = (
            None  # restores the backups of the start through the API, on another thread
        )
        self.opened: Callable[[], None] = lambda: None  # runs first on a new state
        self.left: Callable[[Store], None] = lambda _: None  # runs on a copy of this state

    def join(self, *parts: Joined) -> None:
        """Registers parts; they are told about a new state in this order."""
        self._parts = (*self._parts, *parts)

    async def reset(self) -> None:
        """Goes back to the state of the start: its queues and tasks, and the time when the clock began."""
        async with self._alone():
            began = self._began if isinstance(self._clock, ManualClock) else self._clock.now()
            await self._replace(partial(self._emptied, began), began)
            if self.restore is not None:
                await asyncio.to_thread(self.restore)

    async def save(self, name: str) -> None:
        """Saves a snapshot; replaces one with the same name. Errors: InvalidArgument."""
        check_name(name)
        async with self._alone():
            finish = partial(self._leave, self._clock.now())
            await self._commits.alone(partial(self._snapshots.save, self._store, name, finish))

    async def load(self, name: str) -> None:
        """Loads a snapshot. Errors: InvalidArgument, NotFound, FailedPrecondition."""
        check_name(name)
        async with self._alone():
            with closing(await asyncio.to_thread(self._snapshots.opened, name)) as copy:
                await self._replace(partial(self._store.replace_with, copy), copy.stopped_at())

    def saved(self) -> list[str]:
        """The names of the snapshots."""
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
        """Replaces the database, then sets the time and resets all parts."""
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
        """Allows one replacement at a time, and none while the clock is moving."""
        async with self._replacing:
            if self.timeline is None:
                yield
                return
            async with self.timeline.standing():
                yield
