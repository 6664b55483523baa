"""What holds deliveries up on purpose: slow targets, and a rate below the one that a queue is set to."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from ...model.emulated import Faults


class Hindrances:
    """Those that are chosen now. Who depends on them asks each time, and hears when others are chosen."""

    def __init__(self) -> None:
        self._faults = Faults()
        self._listeners: list[Callable[[], None]] = []

    def choose(self, faults: Faults) -> None:
        """From now on these hold."""
        self._faults = faults
        for listener in self._listeners:
            listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls the listener whenever others are chosen."""
        self._listeners.append(listener)

    def latency_s(self, url: str) -> float:
        """How much later than it really comes the answer of this target counts as there."""
        latency, patterns = self._faults.target_latency, self._faults.targets
        if latency is None or not (not patterns or any(fnmatchcase(url, pattern) for pattern in patterns)):
            return 0.0
        return latency.total_seconds()

    def rate(self, configured: float) -> float:
        """Tasks per second that a queue sends at most, where it is set to send so many."""
        throttled = self._faults.throttled_rate
        return configured if throttled is None else min(configured, throttled)
