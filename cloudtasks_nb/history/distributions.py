"""Compute percentiles from a distribution of delays. Pure.

Source: google.api.Distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate

from msgspec import field

from ..model.json import Int64, Message


class _Exponential(Message):
    num_finite_buckets: int = 0
    growth_factor: float = 2.0
    scale: float = 1.0

    def bounds(self, most: int) -> list[float]:
        return [self._bound(at) for at in range(min(self.num_finite_buckets + 1, most))]

    def _bound(self, power: int) -> float:
        try:
            return self.scale * self.growth_factor**power
        except OverflowError:
            return math.inf


class _Linear(Message):
    num_finite_buckets: int = 0
    width: float = 1.0
    offset: float = 0.0

    def bounds(self, most: int) -> list[float]:
        return [self.offset + self.width * at for at in range(min(self.num_finite_buckets + 1, most))]


class _Explicit(Message):
    bounds_: list[float] = field(default_factory=list, name="bounds")

    def bounds(self, most: int) -> list[float]:
        return self.bounds_[:most]


class _Options(Message):
    exponential_buckets: _Exponential | None = None
    linear_buckets: _Linear | None = None
    explicit_buckets: _Explicit | None = None


class _Range(Message):
    min: float = 0.0
    max: float = 0.0


class Distribution(Message):
    """A count of values, in buckets. Delays are in milliseconds."""

    count: Int64 = Int64(0)
    mean: float = 0.0
    sum_of_squared_deviation: float | None = None
    range: _Range | None = None
    bucket_options: _Options | None = None
    bucket_counts: list[Int64] = []

    def bounds(self) -> list[float]:
        """The bounds of the buckets with counts. Values below the first or above the last are under- and overflow."""
        options = self.bucket_options
        kinds = (
            (options.exponential_buckets, options.linear_buckets, options.explicit_buckets) if options else ()
        )
        return next((kind.bounds(len(self.bucket_counts)) for kind in kinds if kind is not None), [])

    def percentile(self, percent: float) -> float | None:
        """The value below which this percentage lies, interpolated within a bucket; None if unknown.

        >>> even = Distribution(count=Int64(4), bucket_counts=[0, 2, 2], bucket_options=_Options(
        ...     linear_buckets=_Linear(num_finite_buckets=2, width=10, offset=0)))
        >>> even.percentile(50), even.percentile(95)
        (10.0, 19.0)
        """
        bounds, total = self.bounds(), sum(self.bucket_counts)
        if not self.count and not total:
            return None
        if not bounds or not total:  # the service may omit the buckets
            return self.mean if self.count == 1 or self.sum_of_squared_deviation == 0 else None
        wanted = percent / 100 * total
        up_to = list(accumulate(self.bucket_counts))
        at = next(at for at, count in enumerate(up_to) if count >= wanted and self.bucket_counts[at])
        low, high = self._edges(at, bounds)
        inside = self.bucket_counts[at]
        found = low + (high - low) * (wanted - (up_to[at] - inside)) / inside
        return found if math.isfinite(found) else None

    def _edges(self, at: int, bounds: list[float]) -> tuple[float, float]:
        """The lower and upper bound of a bucket, as far as known. No delay is below 0."""
        low = bounds[at - 1] if 0 < at <= len(bounds) else min(0.0, bounds[0]) if at == 0 else bounds[-1]
        high = bounds[at] if at < len(bounds) and bounds[at] < math.inf else low
        if self.range is not None:
            low, high = max(low, self.range.min), self.range.max if at >= len(bounds) else high
            high = min(high, self.range.max)
        return low, max(low, high)


def merged(distributions: Iterable[Distribution]) -> Distribution | None:
    """Merge distributions; None for an empty list. If their buckets differ, only count and mean remain."""
    held = [one for one in distributions if one.count or one.bucket_counts]
    if not held:
        return None
    total = sum(one.count for one in held)
    mean = math.fsum(one.mean * one.count for one in held) / total if total else 0.0
    first = held[0]
    if len(held) == 1:
        return first
    if any(one.bucket_options != first.bucket_options for one in held):
        return Distribution(count=Int64(total), mean=mean)
    longest = max(len(one.bucket_counts) for one in held)
    counts = [
        Int64(sum(one.bucket_counts[at] for one in held if at < len(one.bucket_counts)))
        for at in range(longest)
    ]
    return Distribution(
        count=Int64(total), mean=mean, bucket_options=first.bucket_options, bucket_counts=counts
    )
