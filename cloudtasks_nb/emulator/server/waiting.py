"""Waits, in real time, until a queue is empty or has nothing due."""

from __future__ import annotations

import asyncio
from functools import partial

from ...errors import DeadlineExceeded, NotFound
from ...model import QueueStats
from ...names import QueueName
from .clock import Clock, ManualClock
from .rules.locations import check_location
from .store.commits import Commits
from .store.store import QueueRow, Store

_LOOK_AGAIN_S = 1.0  # tasks also expire as time passes


class Waiting:
    """Checks a queue after every commit while a caller waits for it."""

    def __init__(self, store: Store, clock: Clock, commits: Commits) -> None:
        self._store = store
        self._clock = clock
        self._commits = commits

    async def until(self, name: QueueName, timeout_s: float, *, empty: bool) -> int:
        """Returns the number of tasks in the queue once it is empty; or, without `empty`, once no task is due or under
        way.

        Errors: DeadlineExceeded, which names what holds up the queue; NotFound, also when the queue is deleted
        meanwhile; InvalidArgument for a location that does not exist.
        """
        changed = asyncio.Event()
        stop = self._commits.on_turn(changed.set)
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + timeout_s
        try:
            while True:
                changed.clear()
                done = await self._commits.run(partial(self._is_over, name, empty=empty))
                if done:
                    return await self._commits.run(partial(self._count, name))
                left_s = ends_s - loop.time()
                if left_s <= 0:
                    raise DeadlineExceeded(await self._commits.run(partial(self._why, name, timeout_s)))
                try:
                    await asyncio.wait_for(changed.wait(), min(left_s, _LOOK_AGAIN_S))
                except TimeoutError:
                    continue
        finally:
            stop()

    def _is_over(self, name: QueueName, *, empty: bool) -> bool:
        generation = self._row(name).generation
        due_by = None if empty else self._clock.now()
        return not self._store.tasks.has_work(generation, due_by)

    def _count(self, name: QueueName) -> int:
        return int(self._stats(self._row(name)).tasks_count or 0)

    def _why(self, name: QueueName, timeout_s: float) -> str:
        """The reason why the wait is not over."""
        row = self._row(name)
        stats = self._stats(row)
        under_way = int(stats.concurrent_dispatches_count or 0)
        next_due = stats.oldest_estimated_arrival_time
        count = int(stats.tasks_count or 0)
        facts = [f"{name.queue} holds {count} {'task' if count == 1 else 'tasks'} after {timeout_s:g} s"]
        facts += [f"under way: {under_way}"] if under_way else []
        facts += [f"the next one is due at {next_due:%Y-%m-%dT%H:%M:%SZ}"] if next_due is not None else []
        facts += [f"the queue is {row.queue.state}"] if row.queue.state != "RUNNING" else []
        if isinstance(self._clock, ManualClock):
            facts.append("the clock is manual, so tasks are sent only when it is moved")
        return "; ".join(facts) + "."

    def _stats(self, row: QueueRow) -> QueueStats:
        return self._store.tasks.stats(row.row, row.generation, self._clock.now())

    def _row(self, name: QueueName) -> QueueRow:
        check_location(name.parent)
        found = self._store.queue(str(name))
        if found is None:
            raise NotFound(f"The queue '{name}' does not exist.")
        return found
