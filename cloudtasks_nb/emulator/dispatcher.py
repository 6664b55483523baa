"""Attempts of push tasks: sent, and recorded when they end. Source: SPEC section 5."""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial

from .attempts import Attempt, Outcome
from .commits import Commits
from .task_service import TaskService


class Dispatcher:
    """Sends attempts through `deliver`, and records each before it counts as ended."""

    def __init__(self, deliver: Callable[[Attempt], None], commits: Commits, tasks: TaskService) -> None:
        self._deliver = deliver
        self._commits = commits
        self._tasks = tasks
        self._recording: set[asyncio.Task[None]] = set()

    def send(self, attempt: Attempt) -> None:
        """Starts an attempt that was recorded as begun."""
        self._deliver(attempt)

    def ended(self, attempt: Attempt, outcome: Outcome) -> None:
        """Takes note of how an attempt ended."""
        recording = asyncio.get_running_loop().create_task(self._record(attempt, outcome))
        self._recording.add(recording)
        recording.add_done_callback(self._recording.discard)

    async def _record(self, attempt: Attempt, outcome: Outcome) -> None:
        try:
            await self._commits.run(partial(self._tasks.finish, attempt, outcome))
        except Exception:  # nobody waits for this attempt: say it where the owner of the process looks
            traceback.print_exc(file=sys.stderr)

    def next_at(self) -> datetime | None:
        return None

    def quiet(self) -> bool:
        return not self._recording

    async def settle(self) -> None:
        while self._recording:
            await asyncio.wait(self._recording)

    async def close(self) -> None:
        """Waits for what is being recorded."""
        await self.settle()
