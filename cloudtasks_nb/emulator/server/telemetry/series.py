"""Builds the time series of a project's queues from the store: points from counters, and depths between changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ....errors import InvalidArgument
from ..store.happened import ToldQueue
from ..store.minutes import Counted, Level
from ..store.store import Store
from .aligning import Aggregation, Points, Series, check_aligner, realigned
from .distribution import Distribution
from .metric_filter import Labelled, MetricFilter
from .metrics import PREFIX, RESOURCE_TYPE, Metric, resource_labels

MOST_POINTS = 2_000_000
_SUMMED = ("ALIGN_DELTA", "ALIGN_SUM", "ALIGN_RATE")


class Window(Struct, frozen=True):
    """Minutes since 1970, `end` exclusive; `now` is the current one."""

    start: int
    end: int
    now: int

    def periods(self, minutes: int) -> int:
        """The number of periods of this length; the first one may be shorter."""
        return -(-(self.end - self.start) // minutes)


def aligned_series(
    store: Store, metric: Metric, filter: MetricFilter, window: Window, how: Aggregation, project: str
) -> list[Series]:
    """The aligned series of a metric that a filter matches. Errors: InvalidArgument."""
    check_aligner(how.aligner, metric.kind, metric.value_type)
    queues = [queue for queue in store.happened.queues(project) if _may_be_meant(queue, filter)]
    if len(queues) * window.periods(how.minutes) > MOST_POINTS:
        raise InvalidArgument(
            f"The result has more than {MOST_POINTS:,} points: use a longer alignmentPeriod, or a shorter interval."
        )
    if metric.kind == "GAUGE":
        found = _depths(store, metric, queues, window, how)
    else:
        found = _counts(store, metric, queues, window, how)
    passed = (one for one in found if one.points and filter.matches(Labelled(one.fields)))
    return sorted(passed, key=lambda one: sorted(one.fields.items()))


def _may_be_meant(queue: ToldQueue, filter: MetricFilter) -> bool:
    fields = _fields(queue)
    return all(fields[name] in values for name, values in filter.wanted.items() if name in fields)


def _fields(queue: ToldQueue) -> dict[str, str]:
    labels = resource_labels(queue.name, queue.target_type)
    named = {f"resource.labels.{label}": value for label, value in labels.items()}
    return {"resource.type": RESOURCE_TYPE, "project": labels["project_id"], **named}


def _series(metric: Metric, queue: ToldQueue, label: str, points: Points) -> Series:
    labels = {f"metric.labels.{name}": value for name, value in metric.labels_of(label).items()}
    fields = {"metric.type": f"{PREFIX}{metric.type}", **_fields(queue), **labels}
    return Series(fields, metric.kind, metric.value_type, points)


def _counts(
    store: Store, metric: Metric, queues: Sequence[ToldQueue], window: Window, how: Aggregation
) -> Iterator[Series]:
    summed = how.aligner in _SUMMED  # the database sums
    step = how.minutes if summed else 1
    by_id = {queue.id: queue for queue in queues}
    counted = store.minutes.counted(metric.counts, by_id, (window.start, window.end), step)
    is_distribution = metric.value_type == "DISTRIBUTION"
    for (id, label), points in (_distributions(counted) if is_distribution else _numbers(counted)).items():
        one = _series(metric, by_id[id], label, points)
        yield realigned(one, 1 if summed else how.minutes, how.aligner, how.minutes * 60)


def _numbers(counted: Sequence[Counted]) -> dict[tuple[int, str], Points]:
    found: defaultdict[tuple[int, str], Points] = defaultdict(dict)
    for one in counted:
        found[one.queue, one.label][one.period] = one.count
    return found


def _distributions(counted: Sequence[Counted]) -> dict[tuple[int, str], Points]:
    held: defaultdict[tuple[int, int], Distribution] = defaultdict(lambda: Distribution({}))
    for one in counted:
        distribution = held[one.queue, one.period]
        distribution.buckets[int(one.label)] = one.count
        distribution.total += one.total / 1000
        distribution.squares += one.squares
    found: defaultdict[tuple[int, str], Points] = defaultdict(dict)
    for (queue, period), distribution in held.items():
        found[queue, ""][period] = distribution
    return found


def _depths(
    store: Store, metric: Metric, queues: Sequence[ToldQueue], window: Window, how: Aggregation
) -> Iterator[Series]:
    for queue in queues:
        levels = store.minutes.levels(queue.id, (window.start, window.end))
        points: Points = dict(_levelled(levels, window, how))
        one = _series(metric, queue, "", points)
        is_mean = how.aligner == "ALIGN_MEAN"
        yield replace(one, value_type="DOUBLE") if is_mean else one


def _levelled(levels: Sequence[Level], window: Window, how: Aggregation) -> Iterator[tuple[int, int | float]]:
    """The depth of each period, the oldest first: it stays the same until the next change."""
    at, carried = 0, None
    while at < len(levels) and levels[at].minute < window.start:
        carried, at = levels[at].last, at + 1
    for period in range(window.periods(how.minutes) - 1, -1, -1):
        end = window.end - period * how.minutes
        start = max(window.start, end - how.minutes)
        if start > window.now:
            return
        held: list[Level] = []
        while at < len(levels) and levels[at].minute < end:
            held.append(levels[at])
            at += 1
        value = _ALIGNED[how.aligner](carried, held, (start, min(end, window.now + 1)))
        if value is not None:
            yield period, value
        carried = held[-1].last if held else carried


def _last(carried: int | None, held: Sequence[Level], minutes: tuple[int, int]) -> int | None:
    return held[-1].last if held else carried


def _most(carried: int | None, held: Sequence[Level], minutes: tuple[int, int]) -> int | None:
    """The maximum depth, also between two full minutes."""
    if carried is None and not held:
        return None
    return max(carried or 0, *(one.most for one in held), 0)


def _lasts(carried: int | None, held: Sequence[Level], minutes: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Depths, with the number of minutes that ended with each."""
    at, depth = minutes[0], carried
    for one in held:
        if depth is not None and one.minute > at:
            yield depth, one.minute - at
        at, depth = one.minute, one.last
    if depth is not None and minutes[1] > at:
        yield depth, minutes[1] - at


def _least(carried: int | None, held: Sequence[Level], minutes: tuple[int, int]) -> int | None:
    return min((depth for depth, _ in _lasts(carried, held, minutes)), default=None)


def _total(carried: int | None, held: Sequence[Level], minutes: tuple[int, int]) -> int | None:
    lasts = list(_lasts(carried, held, minutes))
    return sum(depth * count for depth, count in lasts) if lasts else None


def _many(carried: int | None, held: Sequence[Level], minutes: tuple[int, int]) -> int | None:
    return sum(count for _, count in _lasts(carried, held, minutes)) or None


def _mean(carried: int | None, held: Sequence[Level], minutes: tuple[int, int]) -> float | None:
    total, many = _total(carried, held, minutes), _many(carried, held, minutes)
    return None if total is None or many is None else total / many


_ALIGNED = {
    "ALIGN_NONE": _last,
    "ALIGN_NEXT_OLDER": _last,
    "ALIGN_MAX": _most,
    "ALIGN_MIN": _least,
    "ALIGN_SUM": _total,
    "ALIGN_COUNT": _many,
    "ALIGN_MEAN": _mean,
}
