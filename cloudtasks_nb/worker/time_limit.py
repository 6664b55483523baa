"""Finds handlers that run longer than `handler_timeout`. Functions take the time as an argument."""

from __future__ import annotations

import math
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from .hand import Hand
from .options import WorkerOptions


class TimeLimit:
    """The time limit of the handlers of one run. It counts from the start of a handler.

    A pool that other code uses, too, starts a handler later than it takes it. On executors other than Python's pools,
    the time counts from the hand-over, because a future there does not tell when its function starts.
    """

    def __init__(self, options: WorkerOptions) -> None:
        self.why = ""
        """Why a task of a late handler failed."""
        self._limit_s = math.inf
        self._knows_starts = isinstance(options.executor, ThreadPoolExecutor | ProcessPoolExecutor)
        if options.timeout_s is not None:
            self._limit_s = options.timeout_s
            self.why = f"the handler ran longer than handler_timeout={options.timeout_s:g} s"

    def next_s(self, running: Collection[Hand], now_s: float) -> float:
        """The time of the next check. It is infinite if there is no limit."""
        if self._limit_s == math.inf:
            return math.inf
        if self._queued(running):
            return now_s + self._limit_s / 10
        return min((hand.began_s for hand in running if not hand.is_late), default=math.inf) + self._limit_s

    def late(self, running: Collection[Hand], now_s: float) -> list[Hand]:
        """The handlers that exceed the limit for the first time. It marks them as late."""
        if self._limit_s == math.inf:
            return []
        for hand in self._queued(running):
            hand.began_s = now_s
        late = [
            hand
            for hand in running
            if now_s - hand.began_s >= self._limit_s and not (hand.is_late or hand.has_ended)
        ]
        for hand in late:
            hand.is_late = True
        return late

    def _queued(self, running: Collection[Hand]) -> list[Hand]:
        """The handlers that their pool has not started."""
        return [hand for hand in running if self._knows_starts and hand.is_queued]
