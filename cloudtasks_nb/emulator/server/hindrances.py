"""Delays that were injected: slow targets, and a dispatch rate below the queue's setting."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from ...model.emulated import Faults


class Hindrances:
    """The current injected delays. Users read them each time, and are called when they change."""

    def __init__(self) -> None:
        self._faults = Faults()
        self._listeners: list[Callable[[], None]] = []

    def choose(self, faults: Faults) -> None:
        """Sets new ones."""
        self._faults = faults
        for listener in self._listeners:
            listener()

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls the listener at every change."""
        self._listeners.append(listener)

    def latency_s(self, url: str) -> float:
        """The extra latency of this target's response."""
        latency, patterns = self._faults.target_latency, self._faults.targets
        if latency is None or not (not patterns or any(fnmatchcase(url, pattern) for pattern in patterns)):
            return 0.0
        return latency.total_seconds()

    def rate(self, configured: float) -> float:
        """The dispatch rate of a queue with this setting, in tasks per second, limited by `throttled_rate`."""
        throttled = self._faults.throttled_rate
        return configured if throttled is None else min(configured, throttled)
