"""Notifies panels of changes, and limits how often they read by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from weakref import WeakSet

from ..errors import ConfigError

if TYPE_CHECKING:
    from .clickable import Clickable

EVERY_S = 10.0  # the pause between two reads of a visible panel
LEAST_S, MOST_S = 1.0, 3600.0
READS_PER_MINUTE = (
    300.0  # the service allows 600 list calls a minute; half of them are left for the user's code
)


class Budget:
    """A token bucket of reads. Any thread may take from it.

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

    def take(self, calls: int = 1) -> bool:
        """Take `calls` tokens. Returns False if there are not enough; the read should then be skipped.

        A read that needs more than the bucket can hold waits until it is full, and then overdraws it.
        """
        with self._lock:
            now = self._clock()
            self._held = min(self._most, self._held + (now - self._at) * self._rate_s)
            self._at = now
            if self._held < min(calls, self._most):
                return False
            self._held -= calls
            return True


def pause_s(every_s: object) -> float:
    """Check a pause between two reads, in seconds; 0 reads only on request. Errors: ConfigError."""
    is_number = isinstance(every_s, int | float) and not isinstance(every_s, bool)
    if not is_number or not (every_s == 0 or LEAST_S <= every_s <= MOST_S):  # type: ignore[operator]
        raise ConfigError(
            f"every_s must be between 1 and 3,600 seconds, or 0, not {every_s!r}.",
            hint="every_s=0 reads only when you ask",
        )
    return float(every_s)  # type: ignore[arg-type]


_budgets: dict[tuple[str, str], Budget] = {}


def budget_of(endpoint: str, project: str) -> Budget:
    """The budget that all panels of this process share for a project at an endpoint."""
    return _budgets.setdefault((endpoint, project), Budget())


listening: WeakSet[Clickable] = WeakSet()
"""The panels to notify of changes; weak references, so that panels can be freed."""


def announce(endpoint: str, names: Collection[str], by: Clickable) -> None:
    """Tell all other panels that these queues were changed."""
    for panel in list(listening):
        if panel is not by:
            panel.hear(endpoint, names)
