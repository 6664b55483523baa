"""Decides how many tasks to lease ahead of the handlers: about one second of work, by measured handler times. Pure.

A worker that leases only for idle handlers waits for a lease call after each task, and the service allows ten such
calls per second. A worker that leases much more takes work from other workers. Functions take the time as an argument.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from .recent import RecentMean

MOST_AHEAD = 1000
"""The maximum of tasks that wait in one worker."""
FEWEST_ATTEMPTS = 20
"""If a queue allows fewer attempts, nothing is leased ahead, because giving a task back uses an attempt."""

_USUAL_S, _LONGEST_S = 1.0, 10.0
_REFILL_BELOW = 1 / 3
_SURPLUS_HORIZONS = 3
_MOST_CALLS_PER_S, _FEWEST_CALLS_PER_S, _FEWEST_WHEN_IDLE_PER_S = 10.0, 0.05, 0.5


class Horizon:
    """Decides how many handler calls may wait in a worker, and when to lease more. One per run.

    `concurrency`: concurrent handlers. `lease_s`: the duration of a lease. `batch_size`: tasks per handler call.
    `is_allowed`: False if nothing may be leased ahead; set it once the queue's settings are known.

    >>> horizon = Horizon(8, lease_s=60)
    >>> horizon.lacks(waiting=0, running=0)
    8
    >>> horizon.handled(0.1, now_s=0.0)
    >>> horizon.lacks(waiting=0, running=8), horizon.lacks(waiting=30, running=8)
    (80, 0)
    """

    def __init__(
        self,
        concurrency: int,
        lease_s: float,
        *,
        batch_size: int = 1,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.is_allowed = True
        self._most = max(1, MOST_AHEAD // batch_size)
        self._concurrency = concurrency
        self._longest_s = min(_LONGEST_S, lease_s / 3)
        self.length_s = min(_USUAL_S, self._longest_s)
        """The work in the waiting tasks, in seconds."""
        self._chance = chance
        self._handlers = RecentMean()
        self._calls_per_s = _MOST_CALLS_PER_S

    def handled(self, took_s: float, now_s: float, count: int = 1) -> None:
        """Record handlers that took this long together, with their way to the executor."""
        self._handlers.add(took_s, now_s, count)

    def seconds_for(self, calls: int, youngest_s: float = 0.0) -> float:
        """The time that this many handler calls take. `youngest_s`: the running time of the latest handler.

        If no handler has started for a whole horizon, all have become slow.
        """
        if not self._handlers.is_known:
            return math.inf if calls else 0.0
        slow_s = youngest_s if youngest_s > self.length_s else 0.0
        return calls * max(self._handlers.mean_s, slow_s) / self._concurrency

    def wanted(self, youngest_s: float = 0.0) -> int:
        """How many handler calls should wait."""
        if not (self._handlers.is_known and self.is_allowed):
            return 0
        return min(self._most, int(self.length_s / self.seconds_for(1, youngest_s)))

    def lacks(self, waiting: int, running: int, youngest_s: float = 0.0) -> int:
        """How many handler calls to lease tasks for now; 0 while enough wait."""
        free, wanted = self._concurrency - running, self.wanted(youngest_s)
        if waiting < wanted * _REFILL_BELOW or waiting < free:
            return max(0, free + wanted - waiting)
        return 0

    def surplus(self, waiting: int, youngest_s: float = 0.0) -> int:
        """How many waiting calls to give back, because handlers became slow and other workers could start earlier."""
        if not self._handlers.is_known:
            return 0
        soon = math.ceil(_SURPLUS_HORIZONS * self.length_s / self.seconds_for(1, youngest_s))
        return max(0, waiting - soon)

    def granted(self) -> float:
        """Record a successful lease call: the horizon shrinks. Returns the wait before the next call, in seconds."""
        self.length_s = max(min(_USUAL_S, self._longest_s), self.length_s * 0.9)
        self._calls_per_s = min(_MOST_CALLS_PER_S, self._calls_per_s + 0.5)
        return self._pause_s()

    def refused(self, *, is_idle: bool = False) -> float:
        """Record a rejected lease call: the queue gets too many. Returns the wait before the next one, in seconds.

        The horizon grows, so that this worker needs fewer calls. An idle worker (`is_idle`), without any task, polls
        more often than those with work.
        """
        fewest = _FEWEST_WHEN_IDLE_PER_S if is_idle else _FEWEST_CALLS_PER_S
        self.length_s = min(self._longest_s, self.length_s * 1.25)
        self._calls_per_s = max(fewest, self._calls_per_s * 0.7)
        return self._pause_s()

    def _pause_s(self) -> float:
        """Additive increase after a success, multiplicative decrease after a rejection: workers get equal rates.

        Without a recent rejection there is no wait.
        """
        if self._calls_per_s == _MOST_CALLS_PER_S:
            return 0.0
        return (0.5 + self._chance()) / self._calls_per_s
