"""How many tasks are leased ahead of the handlers? About one second of work, by the measured time of a handler. Pure.

A worker that leases only what it can start waits for a lease call after each task, and the service allows ten such
calls a second. A worker that leases much more takes the work of others. Every function takes the time as an argument.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

MOST_AHEAD = 1000
"""Handler calls that wait in one worker at most."""
FEWEST_ATTEMPTS = 20
"""Where a queue allows fewer attempts, nothing is leased ahead: a task that is given back has used an attempt."""

_HORIZON_S, _LONGEST_HORIZON_S = 1.0, 10.0
_REFILL_BELOW = 1 / 3
_SURPLUS_HORIZONS = 3
_REMEMBERED_S, _FEWEST = 2.0, 10.0  # the mean is of the handlers of the last seconds, and of ten at least
_MOST_CALLS_PER_S, _FEWEST_CALLS_PER_S, _FEWEST_WHEN_IDLE_PER_S = 10.0, 0.05, 0.5


class Ahead:
    """How many handler calls may wait in a worker, and when more are leased. One for each run.

    `concurrency`: handlers that run at the same time. `lease_s`: how long a lease lasts. `is_allowed`: False where
    nothing may be leased ahead; set it when the queue's settings are known.

    >>> ahead = Ahead(8, lease_s=60)
    >>> ahead.lacks(waiting=0, running=0)
    8
    >>> ahead.handled(0.1, now_s=0.0)
    >>> ahead.lacks(waiting=0, running=8), ahead.lacks(waiting=30, running=8)
    (80, 0)
    """

    def __init__(self, concurrency: int, lease_s: float, chance: Callable[[], float] = random.random) -> None:
        self.is_allowed = True
        self._concurrency = concurrency
        self._longest_s = min(_LONGEST_HORIZON_S, lease_s / 3)
        self._horizon_s = min(_HORIZON_S, self._longest_s)
        self._chance = chance
        self._count = self._sum_s = self._counted_s = 0.0  # of handlers, older ones fading
        self._calls_per_s = _MOST_CALLS_PER_S

    @property
    def horizon_s(self) -> float:
        """For how long the waiting tasks keep the handlers busy, in seconds."""
        return self._horizon_s

    def handled(self, took_s: float, now_s: float) -> None:
        """A handler ended after so many seconds."""
        faded = self._count * math.exp((self._counted_s - now_s) / _REMEMBERED_S)
        kept = max(faded, min(self._count, _FEWEST)) / self._count if self._count else 0.0
        self._count = self._count * kept + 1
        self._sum_s = self._sum_s * kept + took_s
        self._counted_s = now_s

    def seconds_for(self, calls: int, youngest_s: float = 0.0) -> float:
        """How long so many handler calls take. `youngest_s`: for how long the handler that began last has run.

        Where no handler has begun for a whole horizon, all of them have become slow.
        """
        if not self._count:
            return math.inf if calls else 0.0
        mean_s = max(self._sum_s / self._count, 1e-9)
        slow_s = youngest_s if youngest_s > self._horizon_s else 0.0
        return calls * max(mean_s, slow_s) / self._concurrency

    def wanted(self, youngest_s: float = 0.0) -> int:
        """How many handler calls should wait."""
        if not self._count or not self.is_allowed:
            return 0
        return min(MOST_AHEAD, int(self._horizon_s / self.seconds_for(1, youngest_s)))

    def lacks(self, waiting: int, running: int, youngest_s: float = 0.0) -> int:
        """How many handler calls to lease tasks for now; 0 while enough wait."""
        free, wanted = self._concurrency - running, self.wanted(youngest_s)
        if waiting < wanted * _REFILL_BELOW or waiting < free:
            return max(0, free + wanted - waiting)
        return 0

    def surplus(self, waiting: int, youngest_s: float = 0.0) -> int:
        """How many of those that wait to give back, because handlers became slow and others could begin earlier."""
        if not self._count:
            return 0
        soon = math.ceil(_SURPLUS_HORIZONS * self._horizon_s / self.seconds_for(1, youngest_s))
        return max(0, waiting - soon)

    def granted(self) -> float:
        """A lease call was answered: the horizon shrinks. How long to wait before the next call, in seconds."""
        self._horizon_s = max(min(_HORIZON_S, self._longest_s), self._horizon_s * 0.9)
        self._calls_per_s = min(_MOST_CALLS_PER_S, self._calls_per_s + 0.5)
        return self._pause_s()

    def refused(self, *, is_idle: bool = False) -> float:
        """A lease call was refused, because the queue gets too many. How long to wait before the next one, in seconds.

        The horizon grows, so that this worker needs fewer calls. A worker that `is_idle`, without any task, goes on
        asking oftener than those that have work.
        """
        fewest = _FEWEST_WHEN_IDLE_PER_S if is_idle else _FEWEST_CALLS_PER_S
        self._horizon_s = min(self._longest_s, self._horizon_s * 1.25)
        self._calls_per_s = max(fewest, self._calls_per_s * 0.7)
        return self._pause_s()

    def _pause_s(self) -> float:
        """A step up after each answer and a part less after each refusal make the rates of all workers alike."""
        return (0.5 + self._chance()) / self._calls_per_s
