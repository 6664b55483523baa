"""When to ask for more: at most ten lease calls a second and queue, less often the longer nothing is there. Pure."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable

LEASE_CALLS_APART_S = 0.11
"""The service refuses more than ten lease calls a second on one queue. Source: SPEC section 4."""

_IDLE_S, _LONGEST_IDLE_S = 0.1, 5.0
_TROUBLE_S, _LONGEST_TROUBLE_S = 0.25, 15.0
_LONGEST_BACKOFF_S = 60


class Turns:
    """Lease calls of all workers of this process on one queue, one after the other in time. Any thread may call."""

    def __init__(self) -> None:
        self._next_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def next_s(self, queue: str) -> float:
        """When the next call on a queue may go out, as it looks now."""
        with self._lock:
            return self._next_s.get(queue, 0.0)

    def take(self, queue: str, now_s: float) -> float:
        """When the next call on a queue goes out: this turn is taken."""
        with self._lock:
            turn_s = max(now_s, self._next_s.get(queue, now_s))
            self._next_s[queue] = turn_s + LEASE_CALLS_APART_S
            return turn_s


class Patience:
    """How long to wait after lease calls that brought nothing, or failed. Reset when one brings something."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._empty = 0
        self._failed = 0

    def found(self) -> None:
        self._empty = self._failed = 0

    def nothing_s(self) -> float:
        """The wait after an empty answer: between half and all of a time that doubles up to 5 s."""
        self._empty, self._failed = self._empty + 1, 0
        return self._jittered(_IDLE_S, self._empty, _LONGEST_IDLE_S)

    def trouble_s(self) -> float:
        """The wait after an error: the same, up to 15 s."""
        self._failed += 1
        return self._jittered(_TROUBLE_S, self._failed, _LONGEST_TROUBLE_S)

    def _jittered(self, first_s: float, count: int, longest_s: float) -> float:
        return min(longest_s, first_s * 2.0 ** min(count - 1, 20)) * (0.5 + 0.5 * self._chance())


def backoff_s(attempts: int) -> int:
    """Whole seconds until a task whose handler failed is offered again: none at first, then 1, 2, 4 … 60.

    >>> [backoff_s(attempts) for attempts in (1, 2, 3, 4, 9)]
    [0, 1, 2, 4, 60]
    """
    return 0 if attempts <= 1 else min(_LONGEST_BACKOFF_S, int(2 ** min(attempts - 2, 20)))
