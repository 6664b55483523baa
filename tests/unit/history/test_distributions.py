"""Distributions: percentiles from buckets, and None if the buckets do not determine them."""

from __future__ import annotations

from typing import Any

import pytest

from cloudtasks_nb.history.distributions import Distribution, merged
from cloudtasks_nb.model.json import from_dict

EXPONENTIAL = {"exponentialBuckets": {"numFiniteBuckets": 4, "growthFactor": 2, "scale": 1}}  # 1 2 4 8 16
HUGE = {"exponentialBuckets": {"numFiniteBuckets": 9, "growthFactor": 1e200, "scale": 1}}
LINEAR = {"linearBuckets": {"numFiniteBuckets": 2, "width": 10, "offset": 5}}  # 5 15 25
EXPLICIT = {"explicitBuckets": {"bounds": [10, 100]}}


def made(counts: list[str], options: dict[str, Any], **more: Any) -> Distribution:
    total = str(sum(map(int, counts)))
    return from_dict({"count": total, "bucketCounts": counts, "bucketOptions": options, **more}, Distribution)


@pytest.mark.parametrize(
    ("held", "percent", "value"),
    [
        (made(["0", "0", "10"], EXPONENTIAL), 50, 3.0),
        (made(["0", "5", "5"], EXPONENTIAL), 50, 2.0),
        (made(["10"], EXPONENTIAL), 50, 0.5),  # below the first bound: no delay is less than 0
        (made(["0", "0", "0", "0", "0", "7"], EXPONENTIAL), 99, 16.0),  # beyond all bounds
        (made(["0", "0", "0", "0", "0", "7"], EXPONENTIAL, range={"min": 20, "max": 40}), 50, 30.0),
        (made(["0", "4"], LINEAR), 50, 10.0),
        (made(["0", "10"], EXPLICIT), 95, 95.5),
        (made(["0", "5", "5"], {"linearBuckets": {"numFiniteBuckets": 10**9, "width": 10}}), 50, 10.0),
        (made(["0", "0", "9"], HUGE), 50, 1e200),  # up to a bound that no float holds
    ],
)
def test_percentiles_are_read_along_straight_lines(held: Distribution, percent: int, value: float) -> None:
    assert held.percentile(percent) == pytest.approx(value)


@pytest.mark.parametrize(
    ("held", "value"),
    [
        ({}, None),
        ({"count": "0"}, None),
        ({"count": "1", "mean": 812.4}, 812.4),
        ({"count": "9", "mean": 5.0}, None),  # nine values with only a known mean
        ({"count": "9", "mean": 5.0, "sumOfSquaredDeviation": 0}, 5.0),
        ({"count": "9", "mean": 5.0, "bucketOptions": EXPLICIT}, None),
        ({"count": "9", "bucketCounts": ["0", "0", "0", "9"], "bucketOptions": HUGE}, None),
    ],
)
def test_without_buckets_nothing_is_made_up(held: dict[str, Any], value: float | None) -> None:
    assert from_dict(held, Distribution).percentile(95) == value


def test_several_become_one() -> None:
    whole = merged([made(["0", "5"], EXPONENTIAL, mean=1.5), made(["0", "0", "15"], EXPONENTIAL, mean=3.0)])
    assert whole is not None
    assert (whole.count, whole.mean, whole.bucket_counts) == (20, 2.625, [0, 5, 15])
    assert merged([]) is None
    assert merged([Distribution()]) is None


def test_of_different_buckets_only_count_and_mean_are_left() -> None:
    whole = merged([made(["0", "5"], EXPONENTIAL, mean=1.0), made(["5"], LINEAR, mean=3.0)])
    assert whole is not None
    assert (whole.count, whole.mean, whole.percentile(50)) == (10, 2.0, None)
