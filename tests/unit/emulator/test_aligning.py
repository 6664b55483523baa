"""Series are aligned and reduced as Monitoring documents it."""

from __future__ import annotations

from random import Random

import pytest

from cloudtasks_nb.emulator.server.store.minutes import Level
from cloudtasks_nb.emulator.server.store.posting import bucket_of
from cloudtasks_nb.emulator.server.telemetry.aligning import (
    Aggregation,
    Points,
    Series,
    realigned,
    reduced,
)
from cloudtasks_nb.emulator.server.telemetry.distribution import Distribution, together
from cloudtasks_nb.emulator.server.telemetry.series import Window, _levelled
from cloudtasks_nb.errors import InvalidArgument


def series(points: Points, code: str = "ok", kind: str = "DELTA", value_type: str = "INT64") -> Series:
    fields = {"metric.type": "m", "metric.labels.response_code": code, "resource.labels.project_id": "p"}
    return Series(fields, kind, value_type, points)


@pytest.mark.parametrize(
    ("aligner", "expected", "value_type"),
    [
        ("ALIGN_DELTA", {0: 3, 1: 4}, "INT64"),
        ("ALIGN_SUM", {0: 3, 1: 4}, "INT64"),
        ("ALIGN_RATE", {0: 3 / 120, 1: 4 / 120}, "DOUBLE"),
        ("ALIGN_MAX", {0: 2, 1: 4}, "INT64"),
        ("ALIGN_MIN", {0: 1, 1: 4}, "INT64"),
        ("ALIGN_MEAN", {0: 1.5, 1: 4.0}, "DOUBLE"),
        ("ALIGN_COUNT", {0: 2, 1: 1}, "INT64"),
    ],
)
def test_two_minutes_become_one_period(aligner: str, expected: Points, value_type: str) -> None:
    aligned = realigned(series({0: 1, 1: 2, 3: 4}), 2, aligner, 120)
    assert (aligned.points, aligned.value_type) == (expected, value_type)


def test_series_are_reduced_to_groups_and_lose_other_labels() -> None:
    several = [series({0: 1, 1: 5}), series({0: 2}, "unavailable")]
    total = Aggregation(1, "ALIGN_DELTA", "REDUCE_SUM")
    (one,) = reduced(several, total)
    assert one.points == {0: 3, 1: 5}
    assert one.fields == {"metric.type": "m", "resource.labels.project_id": "p"}
    by_code = Aggregation(1, "ALIGN_DELTA", "REDUCE_SUM", ("metric.labels.response_code",))
    assert [one.fields["metric.labels.response_code"] for one in reduced(several, by_code)] == [
        "ok", "unavailable",
    ]  # fmt: skip
    (mean,) = reduced(several, Aggregation(1, "ALIGN_DELTA", "REDUCE_MEAN"))
    assert (mean.points, mean.value_type) == ({0: 1.5, 1: 5.0}, "DOUBLE")


def test_what_cannot_be_aligned_or_reduced_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="ALIGN_DELTA"):
        realigned(series({0: 1}), 1, "ALIGN_PERCENTILE_99", 60)
    with pytest.raises(InvalidArgument, match="perSeriesAligner"):
        reduced([series({0: 1})], Aggregation(reducer="REDUCE_SUM"))
    with pytest.raises(InvalidArgument, match="for distributions only"):
        reduced([series({0: 1})], Aggregation(1, "ALIGN_DELTA", "REDUCE_PERCENTILE_95"))


def test_percentiles_are_as_fine_as_the_buckets() -> None:
    random = Random(1)  # noqa: S311 - a distribution, not a secret
    delays_ms = sorted(random.expovariate(1 / 300) for _ in range(5000))
    distribution = Distribution({})
    for delay_ms in delays_ms:
        distribution.buckets[bucket_of(delay_ms)] = distribution.buckets.get(bucket_of(delay_ms), 0) + 1
        distribution.total += delay_ms
        distribution.squares += delay_ms**2
    for percent in (5, 50, 95, 99):
        exact_ms = delays_ms[len(delays_ms) * percent // 100]
        assert distribution.percentile(percent) == pytest.approx(exact_ms, rel=0.1)
    message = distribution.message()
    assert message["mean"] == pytest.approx(sum(delays_ms) / 5000)
    assert (message["count"], sum(map(int, message["bucketCounts"]))) == ("5000", 5000)
    assert together([distribution, distribution]).count == 10_000
    assert Distribution({}).message() == {"count": "0"}


LEVELS = [Level(95, 7, 7), Level(101, 2, 9), Level(102, 3, 3), Level(106, None, 3)]


@pytest.mark.parametrize(
    ("aligner", "expected"),
    [
        ("ALIGN_NEXT_OLDER", {3: 3, 2: 3}),
        ("ALIGN_MAX", {3: 9, 2: 3, 1: 3}),
        ("ALIGN_MIN", {3: 2, 2: 3}),
        ("ALIGN_MEAN", {3: (7 + 2 + 3) / 3, 2: 3.0}),
        ("ALIGN_COUNT", {3: 3, 2: 3}),
    ],
)
def test_a_depth_goes_on_until_it_changes(aligner: str, expected: Points) -> None:
    window = Window(100, 112, 110)  # four periods of three minutes; the queue was deleted in the third
    assert dict(_levelled(LEVELS, window, Aggregation(3, aligner))) == expected


def test_nothing_is_told_of_the_future() -> None:
    window = Window(100, 200, 103)
    periods = dict(_levelled(LEVELS[:3], window, Aggregation(1, "ALIGN_NONE")))
    assert {window.end - period - 1 for period in periods} == {100, 101, 102, 103}
