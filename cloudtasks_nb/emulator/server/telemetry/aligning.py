"""Aligns series in time and reduces them across labels. Pure. Source: monitoring.v3 Aggregation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ....errors import InvalidArgument
from .distribution import Distribution, together

Value = int | float | Distribution
Points = dict[int, Value]
"""Values by period: 0 is the last one of the window."""

PERCENTILES = {"PERCENTILE_99": 99, "PERCENTILE_95": 95, "PERCENTILE_50": 50, "PERCENTILE_05": 5}
_NUMBERS = ("ALIGN_MEAN", "ALIGN_MAX", "ALIGN_MIN", "ALIGN_SUM", "ALIGN_COUNT")
_ALIGNERS = {
    ("DELTA", "INT64"): ("ALIGN_NONE", "ALIGN_DELTA", "ALIGN_RATE", *_NUMBERS),
    ("DELTA", "DISTRIBUTION"): (
        "ALIGN_NONE", "ALIGN_DELTA", "ALIGN_SUM", "ALIGN_COUNT", *(f"ALIGN_{name}" for name in PERCENTILES),
    ),
    ("GAUGE", "INT64"): ("ALIGN_NONE", "ALIGN_NEXT_OLDER", *_NUMBERS),
    ("GAUGE", "DOUBLE"): ("ALIGN_NONE", "ALIGN_NEXT_OLDER", *_NUMBERS),
}  # fmt: skip
_REDUCERS = (
    "REDUCE_NONE", "REDUCE_MEAN", "REDUCE_MIN", "REDUCE_MAX", "REDUCE_SUM", "REDUCE_COUNT",
    *(f"REDUCE_{name}" for name in PERCENTILES),
)  # fmt: skip


class Series(Struct, frozen=True):
    """The points of one set of labels. `fields`: everything that a filter or a grouping can use."""

    fields: dict[str, str]
    kind: str
    value_type: str
    points: Points


class Aggregation(Struct, frozen=True):
    """An aggregation. `minutes`: the length of a period."""

    minutes: int = 1
    aligner: str = "ALIGN_NONE"
    reducer: str = "REDUCE_NONE"
    group_by: tuple[str, ...] = ()


def check_aligner(aligner: str, kind: str, value_type: str) -> None:
    """Checks that series of this kind can be aligned like this. Errors: InvalidArgument."""
    known = _ALIGNERS.get((kind, value_type), ())
    if aligner not in known:
        raise InvalidArgument(
            f"perSeriesAligner '{aligner[:60]}' is not supported for {kind} {value_type} series. "
            f"The emulator supports: {', '.join(known)}."
        )


def check_reducer(aggregation: Aggregation, value_type: str) -> None:
    """Checks that aligned series can be reduced like this. Errors: InvalidArgument."""
    reducer = aggregation.reducer
    if reducer not in _REDUCERS:
        raise InvalidArgument(
            f"crossSeriesReducer '{reducer[:60]}' is not supported. The emulator supports: {', '.join(_REDUCERS)}."
        )
    if reducer == "REDUCE_NONE":
        return
    if aggregation.aligner == "ALIGN_NONE":
        raise InvalidArgument(
            f"{reducer} needs a perSeriesAligner, so that all series have points at the same times."
        )
    of_distributions = reducer.removeprefix("REDUCE_") in PERCENTILES
    if of_distributions and value_type != "DISTRIBUTION":
        raise InvalidArgument(f"{reducer} is supported for distributions only: use ALIGN_DELTA.")
    if (
        value_type == "DISTRIBUTION"
        and not of_distributions
        and reducer not in ("REDUCE_SUM", "REDUCE_COUNT")
    ):
        raise InvalidArgument(
            f"{reducer} cannot be applied to distributions: use REDUCE_SUM or a percentile."
        )


def realigned(series: Series, per_period: int, aligner: str, seconds: int) -> Series:
    """Aligns points to periods of so many seconds. Errors: InvalidArgument."""
    check_aligner(aligner, series.kind, series.value_type)
    if aligner == "ALIGN_NONE":
        return series
    gathered: defaultdict[int, list[Value]] = defaultdict(list)
    for period in sorted(series.points, reverse=True):  # the oldest first
        gathered[period // per_period].append(series.points[period])
    act, kind, value_type = _action(aligner, series, seconds)
    points = {period: act(values) for period, values in gathered.items()}
    return replace(series, kind=kind, value_type=value_type, points=points)


def _action(aligner: str, series: Series, seconds: int) -> tuple[Callable[[list[Value]], Value], str, str]:
    """The value of a period, and the kind and type of the aligned series."""
    name = aligner.removeprefix("ALIGN_")
    if name in PERCENTILES:
        return lambda held: _merged(held).percentile(PERCENTILES[name]), "GAUGE", "DOUBLE"
    if name in ("DELTA", "SUM"):
        return _sum, series.kind if name == "DELTA" else "GAUGE", series.value_type
    if name == "RATE":
        return lambda held: _number(_sum(held)) / seconds, "GAUGE", "DOUBLE"
    if name == "COUNT":
        return len, "GAUGE", "INT64"
    if name == "NEXT_OLDER":
        return lambda held: held[-1], "GAUGE", series.value_type
    return _NUMERIC[name], "GAUGE", "DOUBLE" if name == "MEAN" else series.value_type


def reduced(several: Sequence[Series], aggregation: Aggregation) -> list[Series]:
    """Reduces to one series for each combination of the grouped labels. Errors: InvalidArgument."""
    if not several or aggregation.reducer == "REDUCE_NONE":
        return list(several)
    check_reducer(aggregation, several[0].value_type)
    kept = ("metric.type", "resource.type", "project", "resource.labels.project_id", *aggregation.group_by)
    groups: defaultdict[tuple[tuple[str, str], ...], list[Series]] = defaultdict(list)
    for one in several:
        groups[tuple((name, one.fields[name]) for name in kept if name in one.fields)].append(one)
    return [_as_one(dict(fields), members, aggregation.reducer) for fields, members in groups.items()]


def _as_one(fields: dict[str, str], members: Sequence[Series], reducer: str) -> Series:
    gathered: defaultdict[int, list[Value]] = defaultdict(list)
    for one in members:
        for period, value in one.points.items():
            gathered[period].append(value)
    act, kind, value_type = _reduction(reducer, members[0])
    return Series(fields, kind, value_type, {period: act(values) for period, values in gathered.items()})


def _reduction(reducer: str, like: Series) -> tuple[Callable[[list[Value]], Value], str, str]:
    name = reducer.removeprefix("REDUCE_")
    if name in PERCENTILES:
        return lambda held: _merged(held).percentile(PERCENTILES[name]), "GAUGE", "DOUBLE"
    if name == "SUM":
        return _sum, like.kind, like.value_type
    if name == "COUNT":
        return len, "GAUGE", "INT64"
    return (
        _NUMERIC[name],
        like.kind if name != "MEAN" else "GAUGE",
        "DOUBLE" if name == "MEAN" else like.value_type,
    )


def _merged(values: Iterable[Value]) -> Distribution:
    return together(value for value in values if isinstance(value, Distribution))


def _number(value: Value) -> float:
    return float(value.count if isinstance(value, Distribution) else value)


def _sum(values: list[Value]) -> Value:
    if isinstance(values[0], Distribution):
        return _merged(values)
    return sum(value for value in values if not isinstance(value, Distribution))


_NUMERIC: dict[str, Callable[[list[Value]], Value]] = {
    "MEAN": lambda held: sum(map(_number, held)) / len(held),
    "MAX": lambda held: max(held, key=_number),
    "MIN": lambda held: min(held, key=_number),
}
