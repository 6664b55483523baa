"""What panels share: who hears of a change, and how often may they read by themselves."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING
from weakref import WeakSet

from ..errors import ConfigError

if TYPE_CHECKING:
    from .clickable import Clickable

EVERY_S = 10.0  # between two reads of a panel that somebody looks at
LEAST_S, MOST_S = 1.0, 3600.0
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

    def take(self, calls: int = 1) -> bool:
        """Take a read of so many calls; False when there is none for it now, and then it should be left out.

        One that needs more than the bucket holds waits until it is full, and what it takes beyond is paid back later.
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
    """A pause between two reads, in seconds; 0 means that nothing is read unless somebody asks. Errors: ConfigError."""
    is_number = isinstance(every_s, int | float) and not isinstance(every_s, bool) and math.isfinite(every_s)
    if not is_number or not (every_s == 0 or LEAST_S <= every_s <= MOST_S):  # type: ignore[operator]
        raise ConfigError(
            f"every_s={every_s!r} is not a pause between two reads.",
            hint="from 1 to 3600 seconds, or 0 to read only when you ask",
        )
    return float(every_s)  # type: ignore[arg-type]


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
