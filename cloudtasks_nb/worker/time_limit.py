"""Finds handlers that run longer than `handler_timeout`. Functions take the time as an argument."""

from __future__ import annotations

import math
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from .bundling import START_WITHIN_S
from .hand import Bundle
from .options import WorkerOptions


class TimeLimit:
    """The time limit of the handlers of one run. It counts from the start of a handler.

    A pool that other code uses, too, starts a handler later than it takes it. A pool of processes also counts the wait
    for one other call, and for a new process. On executors other than Python's pools, the time counts from the
    hand-over, because a future there does not tell when its function starts.
    """

    def __init__(self, options: WorkerOptions) -> None:
        self.why = ""
        """Why a task of a late handler failed."""
        self._limit_s = math.inf
        self._knows_starts = isinstance(options.executor, ThreadPoolExecutor | ProcessPoolExecutor)
        if options.timeout_s is not None:
            self._limit_s = options.timeout_s
            self.why = f"the handler ran longer than handler_timeout={options.timeout_s:g} s"

    def next_s(self, running: Collection[Bundle], now_s: float) -> float:
        """When late() is needed next; infinite without a limit."""
        if self._limit_s == math.inf:
            return math.inf
        if self._queued(running):
            return now_s + self._limit_s / 10
        return min((self._ends_s(bundle) for bundle in running if not bundle.is_late), default=math.inf)

    def late(self, running: Collection[Bundle], now_s: float) -> list[Bundle]:
        """The bundles that exceed the limit for the first time. It marks them as late."""
        if self._limit_s == math.inf:
            return []
        for bundle in self._queued(running):
            bundle.began_s = now_s
        late = [
            bundle
            for bundle in running
            if now_s >= self._ends_s(bundle) and not (bundle.is_late or bundle.has_ended)
        ]
        for bundle in late:
            bundle.is_late = True
        return late

    def _ends_s(self, bundle: Bundle) -> float:
        """The end of the time of a bundle. The last of several handlers may start a little later than the first."""
        starts_within_s = START_WITHIN_S if len(bundle.hands) > 1 else 0.0
        return bundle.began_s + starts_within_s + self._limit_s

    def _queued(self, running: Collection[Bundle]) -> list[Bundle]:
        """The bundles that their pool has not started."""
        return [bundle for bundle in running if self._knows_starts and bundle.is_queued]
