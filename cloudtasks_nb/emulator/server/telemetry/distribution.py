"""Delays as distributions: buckets, mean, percentiles. Pure. Source: google.api.Distribution."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from ..store.posting import FINITE_BUCKETS, GROWTH


class Distribution(Struct):
    """Delays in milliseconds. `buckets`: the count of each; `total` and `squares` are sums over all delays."""

    buckets: dict[int, int]
    total: float = 0.0
    squares: float = 0.0

    @property
    def count(self) -> int:
        return sum(self.buckets.values())

    def percentile(self, percent: float) -> float:
        """The percentile, by linear interpolation within buckets."""
        wanted, passed = self.count * percent / 100, 0
        for number, inside in sorted(self.buckets.items()):
            if passed + inside >= wanted:
                low, high = _edges(number)
                return low + (high - low) * max(0.0, wanted - passed) / inside
            passed += inside
        return 0.0

    def message(self) -> dict[str, Any]:
        """The distribution in the form of the API."""
        count = self.count
        if not count:
            return {"count": "0"}
        mean = self.total / count
        counts = [str(self.buckets.get(number, 0)) for number in range(max(self.buckets) + 1)]
        return {
            "count": str(count),
            "mean": mean,
            "sumOfSquaredDeviation": max(0.0, self.squares - count * mean * mean),
            "bucketOptions": {
                "exponentialBuckets": {
                    "numFiniteBuckets": FINITE_BUCKETS, "growthFactor": GROWTH, "scale": 1.0,
                }
            },
            "bucketCounts": counts,
        }  # fmt: skip


def together(several: Iterable[Distribution]) -> Distribution:
    """All delays in one distribution."""
    sums = Distribution({})
    for one in several:
        for number, count in one.buckets.items():
            sums.buckets[number] = sums.buckets.get(number, 0) + count
        sums.total += one.total
        sums.squares += one.squares
    return sums


def _edges(number: int) -> tuple[float, float]:
    """The bounds of a bucket; the last bucket has no upper bound."""
    low = GROWTH ** (number - 1) if number else 0.0
    return low, GROWTH**number if number <= FINITE_BUCKETS else low
