"""What a purge leaves behind is cleared away in the background, a little at a time, so that nobody waits for it."""

from __future__ import annotations

import asyncio

from ..clock import Clock
from .commits import Commits
from .store import Store

AT_ONCE = 250  # tasks: a few milliseconds


class Sweeper:
    """Turns purged tasks into tombstones. Stopped half-way, it goes on at the next start."""

    def __init__(self, store: Store, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits
        self._sweeping: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There may be something to clear away."""
        if self._store.has_leftovers and self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep())

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def _sweep(self) -> None:
        try:
            while await self._commits.run(self._some):
                await asyncio.sleep(0)
        finally:
            self._sweeping = None

    def _some(self) -> bool:
        with self._store.transaction():
            if not self._store.tasks.clear_away(AT_ONCE, self._clock.now()):
                self._store.has_leftovers = False
        return self._store.has_leftovers
