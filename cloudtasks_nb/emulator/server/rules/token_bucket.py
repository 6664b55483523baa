"""The token bucket that limits a queue's dispatch rate. Pure. Source: SPEC section 5.4."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

_MICROSECOND = timedelta(microseconds=1)


class TokenBucket:
    """Starts full. Within any span of t seconds, at most burst + rate x t tokens are taken."""

    def __init__(self, rate: float, burst: int, now: datetime) -> None:
        self._rate = rate
        self._burst = max(1, burst)
        self._tokens = float(self._burst)
        self._filled = now

    def adjust(self, rate: float, burst: int, now: datetime) -> None:
        """Applies other settings: saved tokens stay, up to the new burst."""
        self._refill(now)
        self._rate, self._burst = rate, max(1, burst)
        self._tokens = min(self._tokens, float(self._burst))

    def available(self, now: datetime) -> int:
        """The number of available tokens."""
        self._refill(now)
        return math.floor(self._tokens + 1e-9)

    def take(self, count: int) -> None:
        """Takes available tokens."""
        self._tokens = max(0.0, self._tokens - count)

    def when(self, count: int, now: datetime) -> datetime:
        """When so many tokens will be available if nobody takes any; never more than the burst."""
        self._refill(now)
        missing = min(count, self._burst) - self._tokens
        if missing <= 0:
            return now
        return now + timedelta(seconds=missing / self._rate) + _MICROSECOND

    def _refill(self, now: datetime) -> None:
        elapsed_s = (now - self._filled).total_seconds()
        if elapsed_s > 0:
            self._tokens = min(float(self._burst), self._tokens + elapsed_s * self._rate)
        self._filled = now  # also if the clock was set back
