"""What panels share: who hears of a change, and how often may they read by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from .clickable import Clickable

READS_PER_MINUTE = (
    300.0  # the service allows 600 list calls a minute: half of them stay for people and their code
)


class Budget:
    """A bucket of reads that refills steadily. Any thread may take from it.

    Units: reads per minute; `clock` in seconds.

    >>> budget = Budget(per_minute=60, clock=lambda: 0.0)
    >>> [budget.take() for _ in range(11)].count(True)
    10
    """

    def __init__(
        self, per_minute: float = READS_PER_MINUTE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate_s = per_minute / 60
        self._most = max(1.0, per_minute / 6)
        self._clock = clock
        self._lock = threading.Lock()
        self._held = self._most
        self._at = clock()

    def take(self) -> bool:
        """Take one read; False when none is left, and then this read should be left out."""
        with self._lock:
            now = self._clock()
            self._held = min(self._most, self._held + (now - self._at) * self._rate_s)
            self._at = now
            if self._held < 1:
                return False
            self._held -= 1
            return True


_budgets: dict[tuple[str, str], Budget] = {}


def budget_of(endpoint: str, project: str) -> Budget:
    """The budget that all panels of this process share for a project at an endpoint."""
    return _budgets.setdefault((endpoint, project), Budget())


listening: WeakSet[Clickable] = WeakSet()
"""Who hears of every change, for as long as somebody holds it."""


def announce(endpoint: str, names: Collection[str], by: Clickable) -> None:
    """Tell everybody else that the queues of these names were changed."""
    for panel in list(listening):
        if panel is not by:
            panel.hear(endpoint, names)
