"""Sends push tasks when they are due, at the rate that their queue allows. Source: SPEC section 5.

Nothing is polled. It checks a queue when something in it changed, when an attempt ended, or at the next time found by
the last check: the next due task or the next token.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import chain

from ....errors import Internal
from ..clock import Clock, ManualClock
from ..hindrances import Hindrances
from ..rules.attempts import Attempt, Outcome
from ..services.attempts import AttemptService
from ..store.commits import Commits
from ..store.store import Store
from .lane import Lane

_DISK_PAUSE_S = 1.0
_LONGEST_SLEEP_S = 3600.0  # the system clock may be changed during a sleep


class Dispatcher:
    """Sends attempts through `deliver`, and records each one before it counts as ended.

    With a manual clock, due tasks wait for the next move.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        attempts: AttemptService,
        commits: Commits,
        deliver: Callable[[Attempt], None],
        hindrances: Hindrances | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._attempts = attempts
        self._commits = commits
        self._moved_by_hand = isinstance(clock, ManualClock)
        self._deliver = deliver
        self._dispatches = False
        self._closing = False
        self._lanes: dict[int, Lane] = {}
        self._woken: set[int] = set()
        self._looking: asyncio.Task[None] | None = None
        self._recording: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        clock.on_move(self._moved)
        self._hindrances = hindrances or Hindrances()
        self._hindrances.on_change(self._hindered)

    def start(self, *, dispatches: bool = True) -> None:
        """Starts to dispatch due tasks automatically, unless the options disable it."""
        self._dispatches = dispatches
        for queue in self._store.queue_numbers() if dispatches else ():
            self.wake(queue)

    def begin_anew(self) -> None:
        """Drops queues and attempts: the database was replaced."""
        for recording in self._recording:
            recording.cancel()
        self._recording.clear()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._lanes.clear()
        self._woken.clear()
        self.start(dispatches=self._dispatches)

    def wake(self, queue: int) -> None:
        """Something changed in this queue."""
        if not self._dispatches:
            return
        self._woken.add(queue)
        if not self._moved_by_hand:
            self._look()

    def ended(self, attempt: Attempt, outcome: Outcome) -> None:
        """Takes the outcome of an attempt, to record it."""
        recording = asyncio.get_running_loop().create_task(self._record(attempt, outcome))
        self._recording.add(recording)
        recording.add_done_callback(self._recording.discard)

    async def _record(self, attempt: Attempt, outcome: Outcome) -> None:
        while not await self._recorded(attempt, outcome):
            await asyncio.sleep(_DISK_PAUSE_S)
        lane = self._lanes.get(attempt.queue_row)
        if lane is not None and not attempt.by_run:
            lane.under_way -= 1
        self.wake(attempt.queue_row)

    async def _recorded(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Records an outcome. Returns False, to try again, when the disk rejects it."""
        try:
            await self._commits.run(partial(self._attempts.finish, attempt, outcome))
        except Internal:
            return self._closing
        except Exception:  # no caller waits for this attempt: show the error to the owner
            traceback.print_exc(file=sys.stderr)
        return True

    def _look(self) -> None:
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look_until_done())

    async def _look_until_done(self) -> None:
        try:
            while self._woken and self._dispatches:
                woken, self._woken = self._woken, set()
                for attempt in chain(*await asyncio.gather(*map(self._begun, woken))):
                    if not self._closing:  # after a stop, it is due again at the next start
                        self._deliver(attempt)
        except Exception:
            traceback.print_exc(file=sys.stderr)
        if self._looking is asyncio.current_task():
            self._looking = None
            self._set_alarm()

    async def _begun(self, number: int) -> list[Attempt]:
        """The attempts that a queue can send now, committed to disk; empty for a while if the disk rejects them."""
        begun: list[Attempt] = []
        try:
            await self._commits.run(partial(self._begin, number, begun))
        except Internal:
            if begun:
                self._lanes[number].under_way -= len(begun)
            self._woken.add(number)
            await asyncio.sleep(_DISK_PAUSE_S)
            return []
        return begun

    def _begin(self, number: int, begun: list[Attempt]) -> None:
        """Begins the attempts that a queue can send now, and notes the time of its next check."""
        queue = self._store.queue_numbered(number)
        if queue is None or queue.queue.pull_target is not None:
            self._lanes.pop(number, None)
            return
        lane = self._lanes.get(number)
        if lane is None:
            lane = self._lanes[number] = Lane(self._clock.now(), self._hindrances)
        begun += lane.begin(queue, self._attempts, self._store.tasks, self._clock.now())
        if lane.has_more:
            self._woken.add(number)

    def _due_lanes(self) -> None:
        now = self._clock.now()
        self._woken |= {
            number for number, lane in self._lanes.items() if lane.look_at and lane.look_at <= now
        }

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        moments = [lane.look_at for lane in self._lanes.values() if lane.look_at is not None]
        wait_s = self._clock.seconds_until(min(moments)) if moments and self._dispatches else None
        if wait_s is not None and not self._moved_by_hand:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(min(wait_s, _LONGEST_SLEEP_S), self._rung)

    def _rung(self) -> None:
        self._alarm = None
        self._due_lanes()
        if self._woken:
            self._look()
        else:
            self._set_alarm()

    def _hindered(self) -> None:
        """Applies new rates."""
        for queue in self._lanes:
            self.wake(queue)

    def _moved(self) -> None:
        if self._dispatches:
            self._due_lanes()

    def next_at(self) -> datetime | None:
        """When the next task or token is due, for a manual clock."""
        now = self._clock.now()
        moments = (lane.look_at for lane in self._lanes.values())
        return min((moment for moment in moments if moment is not None and moment > now), default=None)

    def quiet(self) -> bool:
        """Whether no due task can be sent, and every ended attempt is recorded."""
        return not self._woken and not self._recording and self._looking is None

    async def settle(self) -> None:
        """Sends due tasks; returns when these and all ended attempts are on disk."""
        while not self.quiet():
            if self._woken:
                self._look()
            await asyncio.wait([*self._recording, *([self._looking] if self._looking is not None else [])])

    def stop(self) -> None:
        """Begins no more attempts. Ended ones can still be recorded: `settle` waits for that."""
        self._dispatches, self._closing = False, True
        self._woken.clear()
        if self._alarm is not None:
            self._alarm.cancel()
