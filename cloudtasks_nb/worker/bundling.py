"""Decides how many handler calls travel to an executor together. Pure.

A call to another process costs a part of a millisecond, and on a cluster some milliseconds. Short handlers would cost
less than their way. So a bundle takes several of them, which run there one after the other.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, ThreadPoolExecutor

from .hand import Hand
from .handling import Ended
from .recent import RecentMean

START_WITHIN_S = 0.2
"""No handler of a bundle starts later than this after the first one. The others come back, and nothing is lost."""

_TOGETHER_S = 0.05


class Bundling:
    """Forms the bundles of one run: about 50 ms of handlers, by their measured time. One call each in threads."""

    def __init__(self, executor: Executor | None) -> None:
        self._travels = not isinstance(executor, ThreadPoolExecutor | None)
        self._handlers = RecentMean()

    def ended(self, ended: Ended, now_s: float) -> None:
        """Record how long handlers took, without their way."""
        self._handlers.add(ended.took_s, now_s, len(ended.whys))

    def take(self, waiting: deque[Hand], places: int) -> list[Hand]:
        """Take the next bundle of those that wait. `places`: how many bundles can run at once.

        A task that was leased before goes alone. So a task that ends its process harms others only once. A task whose
        own settings allow few attempts goes alone, too.
        """
        hands = [waiting.popleft()]
        size = self._size(len(waiting) + 1, places)
        while len(hands) < size and hands[0].may_share and waiting[0].may_share:
            hands.append(waiting.popleft())
        return hands

    def _size(self, waiting: int, places: int) -> int:
        if not (self._travels and self._handlers.is_known):
            return 1
        return min(int(_TOGETHER_S / self._handlers.mean_s), waiting // places)
