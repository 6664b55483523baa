"""The rate of a bulk call: a limit, a ramp, and backoff after quota errors. Pure: the time is an argument."""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import ConfigError

_RAMP = re.compile(r"(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)/(\d+(?:\.\d+)?)")
# After a quota error the rate is halved, at most once in a while, and then grows by a fifth every second.
_RECOVERY_PER_S = 1.2
_BETWEEN_CUTS_S = 5.0
_LONGEST_WAIT_S = 1.0  # at least one call per second


class Ramps:
    """Counts the calls of this process that ramp up on each queue: they share one ramp. Thread-safe."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one_more(self, queue: str) -> Iterator[Callable[[], int]]:
        """Count one call within a with block; yields a function that returns the count."""
        self._add(queue, 1)
        try:
            yield lambda: self._calls[queue]
        finally:
            self._add(queue, -1)

    def _add(self, queue: str, count: int) -> None:
        with self._lock:
            self._calls[queue] += count
            self._calls = +self._calls  # removes queues without calls


class Pace:
    """Decides when the next operations may be sent. Units: operations per second, seconds of any monotonic clock.

    `ramp="500/50/5"` starts at 500 per second and adds 50 % every 5 minutes, as Google advises for new load. It is
    divided by `sharers()`, the number of calls that ramp up on the same queue.

    >>> pace = Pace(rate_per_second=10)
    >>> pace.reserve(20, now=0.0), pace.reserve(1, now=0.5)
    (0.0, 1.5)
    """

    def __init__(
        self,
        rate_per_second: float | None = None,
        ramp: str | None = None,
        sharers: Callable[[], int] = lambda: 1,
    ) -> None:
        if rate_per_second is not None and not (
            isinstance(rate_per_second, int | float)
            and not isinstance(rate_per_second, bool)
            and 0 < rate_per_second < math.inf
        ):
            raise ConfigError(
                f"rate_per_second must be a finite number above 0, not {rate_per_second!r}.",
                hint="omit it for no limit",
            )
        self._cap = rate_per_second or math.inf
        self._ramp = _ramp(ramp)
        self._sharers = sharers
        self._began: float | None = None
        self._free = 0.0
        self._sent = 0
        self._slowed: tuple[float, float] | None = None  # to which rate, and when

    def limit(self, now: float) -> float:
        """The current limit of operations per second."""
        return min(self._chosen(now), self._slowed_to(now))

    def _chosen(self, now: float) -> float:
        limits = [self._cap]
        if self._ramp is not None:
            start, growth, step_s = self._ramp
            steps = (now - (now if self._began is None else self._began)) // step_s
            limits.append(start * growth ** min(steps, 100) / max(1, self._sharers()))
        return min(limits)

    def _slowed_to(self, now: float) -> float:
        if self._slowed is None:
            return math.inf
        rate, since = self._slowed
        return float(rate * _RECOVERY_PER_S ** min(now - since, 500))

    def reserve(self, count: int, now: float) -> float:
        """Reserve time for some operations; returns the seconds to wait before sending them."""
        if self._began is None:
            self._began = now
        start = max(now, self._free)
        self._free = start + max(
            count / self._chosen(start), min(count / self._slowed_to(start), _LONGEST_WAIT_S)
        )
        self._sent += count
        return start - now

    def slow_down(self, now: float) -> None:
        """Record a quota error: halve the rate, once for errors close together."""
        if self._slowed is not None and now - self._slowed[1] < _BETWEEN_CUTS_S:
            return
        observed = self._sent / max(1.0, now - (now if self._began is None else self._began))
        self._slowed = max(1.0, min(self.limit(now), observed) / 2), now


def _ramp(text: str | None) -> tuple[float, float, float] | None:
    """Start, growth factor and step in seconds. Errors: ConfigError."""
    if text is None:
        return None
    match = _RAMP.fullmatch(text) if isinstance(text, str) else None
    if match is None or not all(float(part) for part in match.groups()):
        raise ConfigError(
            f"ramp={text!r} is not a valid ramp.",
            hint='ramp="500/50/5" starts at 500 per second and adds 50 % every 5 minutes',
        )
    start, percent, minutes = map(float, match.groups())
    return start, 1 + percent / 100, minutes * 60
