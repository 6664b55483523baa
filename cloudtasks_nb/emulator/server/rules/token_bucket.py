"""How fast a queue may dispatch: tokens that come back steadily, up to a burst. Pure. Source: SPEC section 5.4."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

_MICROSECOND = timedelta(microseconds=1)


class TokenBucket:
    """Full at first. Within any span of t seconds at most burst + rate x t tokens are taken."""

    def __init__(self, rate: float, burst: int, now: datetime) -> None:
        self._rate = rate
        self._burst = max(1, burst)
        self._tokens = float(self._burst)
        self._filled = now

    def adjust(self, rate: float, burst: int, now: datetime) -> None:
        """Goes on with other settings: what was saved up stays, as far as it fits."""
        self._refill(now)
        self._rate, self._burst = rate, max(1, burst)
        self._tokens = min(self._tokens, float(self._burst))

    def available(self, now: datetime) -> int:
        """How many tokens can be taken."""
        self._refill(now)
        return math.floor(self._tokens + 1e-9)

    def take(self, count: int) -> None:
        """Takes tokens that are available."""
        self._tokens = max(0.0, self._tokens - count)

    def when(self, count: int, now: datetime) -> datetime:
        """When so many tokens will be available, if none is taken before; at most the burst can be waited for."""
        self._refill(now)
        missing = min(count, self._burst) - self._tokens
        if missing <= 0:
            return now
        return now + timedelta(seconds=missing / self._rate) + _MICROSECOND

    def _refill(self, now: datetime) -> None:
        elapsed_s = (now - self._filled).total_seconds()
        if elapsed_s > 0:
            self._tokens = min(float(self._burst), self._tokens + elapsed_s * self._rate)
        self._filled = now  # also where the clock was set back
