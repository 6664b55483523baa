"""Decides when to make lease calls, and for how many tasks at most. Pure.

There are at most ten calls per second and queue, with backoff while the queue is empty.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

from .options import MAX_LEASED

LEASE_CALLS_APART_S = 0.125
"""The mean time between lease calls on a queue; two calls may follow each other at once.

So no second has more than ten calls; the service rejects more. Source: SPEC section 4.
"""

_IDLE_S, _LONGEST_IDLE_S = 0.1, 5.0
_TROUBLE_S, _LONGEST_TROUBLE_S = 0.25, 15.0


class Turns:
    """Schedules the lease calls of all workers of this process, for each queue. Thread-safe.

    A second call may follow the first at once: a new worker knows only after its first tasks how many it needs.
    """

    def __init__(self) -> None:
        self._next_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def next_s(self, queue: str) -> float:
        """The earliest time of the next call on a queue."""
        with self._lock:
            return self._next_s.get(queue, 0.0)

    def take(self, queue: str, now_s: float) -> float:
        """Reserve the time of the next call on a queue, and return it."""
        with self._lock:
            planned_s = self._next_s.get(queue, 0.0)
            turn_s = max(now_s, planned_s)
            # After a wait of at least the mean time, one more call may follow at once.
            self._next_s[queue] = max(planned_s + LEASE_CALLS_APART_S, turn_s)
            return turn_s


class Portion:
    """How many tasks a lease call may return, so that its response is complete in time.

    After a call without a complete response, its tasks are leased, but nobody handles them, and each used an attempt.
    On a slow network, the same call would fail again and again.

    >>> portion = Portion()
    >>> portion.cut_off(800)
    >>> portion.most
    200
    """

    def __init__(self) -> None:
        self.most = MAX_LEASED

    def cut_off(self, asked: int) -> None:
        """Record that the response with up to this many tasks took too long, or was too large."""
        self.most = max(1, asked // 4)

    def complete(self, count: int, took_s: float, within_s: float) -> None:
        """Record a complete response with this many tasks. The portion doubles if a response with twice as many tasks
        would also arrive in time."""
        if count >= self.most and took_s < within_s / 3:
            self.most = min(MAX_LEASED, 2 * self.most)


class Patience:
    """The backoff after lease calls that returned no task, or failed. Reset it after a call with tasks."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._empty = 0
        self._failed = 0

    def found(self) -> None:
        self._empty = self._failed = 0

    def nothing_s(self) -> float:
        """The wait after an empty response: random, between half and all of a delay that doubles up to 5 s."""
        self._empty, self._failed = self._empty + 1, 0
        return self._jittered(_IDLE_S, self._empty, _LONGEST_IDLE_S)

    def trouble_s(self) -> float:
        """The wait after an error: the same, up to 15 s."""
        self._failed += 1
        return self._jittered(_TROUBLE_S, self._failed, _LONGEST_TROUBLE_S)

    def _jittered(self, first_s: float, count: int, longest_s: float) -> float:
        return min(longest_s, first_s * 2.0 ** min(count - 1, 20)) * (0.5 + 0.5 * self._chance())
