"""Deletes invisible data in the background, in small steps, so that no call waits for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from ....errors import Internal
from ..clock import Clock
from .commits import Commits
from .store import Store

AT_ONCE = 250  # tasks: a few milliseconds
_PAUSE = timedelta(minutes=1)  # between two checks for expired tombstones


class Sweeper:
    """Turns purged tasks into tombstones, deletes expired tombstones and old history.

    It continues at the next start if it was stopped.
    """

    def __init__(self, store: Store, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits
        self._look_at = clock.now()
        self._sweeping: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something changed: there may be data to delete."""
        if self._sweeping is None and (self._store.has_leftovers or self._look_at <= self._clock.now()):
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep())

    def begin_anew(self) -> None:
        """Check again: the database was replaced."""
        self._look_at = self._clock.now()
        self.wake()

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def _sweep(self) -> None:
        try:
            while await self._commits.run(self._some) or self._store.has_leftovers:
                await asyncio.sleep(0)
        except Internal:  # the owner has seen the error; the next change tries again
            pass
        finally:
            self._look_at = self._clock.now() + _PAUSE
            self._sweeping = None

    def _some(self) -> bool:
        with self._store.transaction():
            if self._store.tombstones.clear_away(AT_ONCE, self._clock.now()):
                return True
            self._store.has_leftovers = False
            return self._store.forgetting.some(self._clock.now())
