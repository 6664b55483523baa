"""How long did the latest handlers take, on average? Pure."""

from __future__ import annotations

import math

_REMEMBERED_S, _FEWEST = 2.0, 10.0  # the mean covers the last seconds, and at least ten handlers


class RecentMean:
    """The mean duration of the latest handlers, in seconds; older ones have less weight.

    >>> mean = RecentMean()
    >>> mean.is_known
    False
    >>> mean.add(0.1, now_s=0.0)
    >>> mean.add(0.3, now_s=0.0)
    >>> mean.mean_s
    0.2
    """

    def __init__(self) -> None:
        self._count = self._sum_s = self._counted_s = 0.0

    @property
    def is_known(self) -> bool:
        """Whether a handler was measured."""
        return self._count > 0

    @property
    def mean_s(self) -> float:
        """Never 0, so that it can divide. For known means only."""
        return max(self._sum_s / self._count, 1e-9)

    def add(self, took_s: float, now_s: float, count: int = 1) -> None:
        """Record handlers that took this long together."""
        faded = self._count * math.exp((self._counted_s - now_s) / _REMEMBERED_S)
        kept = max(faded, min(self._count, _FEWEST)) / self._count if self._count else 0.0
        self._count = self._count * kept + count
        self._sum_s = self._sum_s * kept + took_s
        self._counted_s = now_s
