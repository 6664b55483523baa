"""Cloud Monitoring: time series and descriptors. Source: SPEC sections 11.1 and 11.2.

GET /v3/projects/P/timeSeries
GET /v3/projects/P/metricDescriptors
GET /v3/projects/P/metricDescriptors/TYPE
GET /v3/projects/P/monitoredResourceDescriptors[/cloud_tasks_queue]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from ....errors import InvalidArgument, NotFound
from ..calls.request import Pairs
from ..clock import rfc3339, to_us
from ..rules.pages import Listing
from ..store.gathered import MINUTE_US
from ..store.store import Store
from .aligning import Aggregation, Series, realigned, reduced
from .distribution import Distribution
from .metric_filter import Labelled, MetricFilter, field_name, parse_metric_filter
from .metrics import METRICS, RESOURCE_TYPE, Metric, descriptor, resource_descriptor
from .requests import instant, number, parameters
from .series import Window, aligned_series

MOST = 100_000  # points, or series without points, per page
_MOST_DESCRIPTORS = 10_000
_LONGEST_S = 104 * 7 * 86_400
_FIRST, _SECOND = "aggregation", "secondaryAggregation"
_PARTS = ("alignmentPeriod", "perSeriesAligner", "crossSeriesReducer")
_KNOWN = ("filter", "interval.startTime", "interval.endTime", "view", "orderBy", "pageSize", "pageToken")
_SECONDS = re.compile(r"(\d{1,10})(?:\.0{1,9})?s")


class Asked(Struct, frozen=True):
    """A call of timeSeries.list."""

    metric: Metric
    filter: MetricFilter
    window: Window
    first: Aggregation
    second: Aggregation | None
    with_points: bool


def time_series(store: Store, project: str, query: Pairs, now: datetime) -> dict[str, Any]:
    """Errors: InvalidArgument; NotFound for an unknown metric."""
    repeated = [f"{name}.groupByFields" for name in (_FIRST, _SECOND)]
    known = (*_KNOWN, *(f"{name}.{part}" for name in (_FIRST, _SECOND) for part in _PARTS))
    held = parameters(query, known, repeated)
    asked = _asked(held, now)
    token, size = _one(held, "pageToken"), number("pageSize", _one(held, "pageSize"), MOST)
    seal = [
        project,
        *(f"{name}={values}" for name, values in sorted(held.items()) if not name.startswith("page")),
    ]
    page = Listing(seal, size, token, largest=MOST, now=now)
    found = _found(store, asked, project)
    shown, after = _page(found, page.after or [0, 0], page.limit, with_points=asked.with_points)
    minutes = (asked.second or asked.first).minutes
    answer: dict[str, Any] = {}
    if shown:
        answer["timeSeries"] = [_message(one, periods, asked, minutes) for one, periods in shown]
        answer["unit"] = _unit(shown[0][0], asked.metric)
    if after is not None:
        answer["nextPageToken"] = page.token(*after)
    return answer


def metric_descriptors(project: str, query: Pairs, now: datetime) -> dict[str, Any]:
    """The descriptors of Cloud Tasks. Errors: InvalidArgument."""
    held = parameters(query, ("filter", "pageSize", "pageToken", "activeOnly"))
    filter = parse_metric_filter(_one(held, "filter"))
    seal = ["descriptors", project, _one(held, "filter")]
    size = number("pageSize", _one(held, "pageSize"), _MOST_DESCRIPTORS)
    page = Listing(seal, size, _one(held, "pageToken"), largest=_MOST_DESCRIPTORS, now=now)
    matching = [
        named
        for named in sorted(METRICS)
        if filter.matches(
            Labelled({"metric.type": named, "project": project, "resource.type": RESOURCE_TYPE})
        )
        and (page.after is None or named > page.after[0])
    ]
    answer: dict[str, Any] = {
        "metricDescriptors": [descriptor(METRICS[named], project) for named in matching[: page.limit]]
    }
    if len(matching) > page.limit:
        answer["nextPageToken"] = page.token(matching[page.limit - 1])
    return answer if matching else {}


def metric_descriptor(project: str, named: str) -> dict[str, Any]:
    """Errors: NotFound."""
    if named not in METRICS:
        raise NotFound(f"Could not find descriptor for metric '{named[:200]}'. {_the_metrics()}")
    return descriptor(METRICS[named], project)


def resource_descriptors(project: str, named: str = "") -> dict[str, Any]:
    """The monitored resource descriptors: only one exists; or the one of a type. Errors: NotFound."""
    if named and named != RESOURCE_TYPE:
        raise NotFound(f"The emulator has only the monitored resource {RESOURCE_TYPE}, not '{named[:100]}'.")
    found = resource_descriptor(project)
    return found if named else {"resourceDescriptors": [found]}


def _asked(held: dict[str, list[str]], now: datetime) -> Asked:
    if _one(held, "orderBy"):
        raise InvalidArgument("orderBy is not supported and must be left out: points come newest first.")
    view = _one(held, "view") or "FULL"
    if view not in ("FULL", "HEADERS"):
        raise InvalidArgument(f"view must be FULL or HEADERS, not '{view[:40]}'.")
    filter = parse_metric_filter(_one(held, "filter"))
    first, second = _aggregation(held, _FIRST), _aggregation(held, _SECOND)
    if second is not None and (first is None or second.minutes % first.minutes):
        raise InvalidArgument(
            "secondaryAggregation needs an aggregation whose alignmentPeriod divides its own."
        )
    return Asked(_metric(filter), filter, _window(held, now), first or Aggregation(), second, view == "FULL")


def _metric(filter: MetricFilter) -> Metric:
    """The metric that a filter names. Errors: InvalidArgument, NotFound."""
    matching = {
        named
        for named in METRICS
        if all(named in values for name, values in filter.wanted.items() if name == "metric.type")
    }
    if len(set(filter.types)) > 1 or "metric.type" not in filter.wanted:
        raise InvalidArgument(
            'The filter must name exactly one metric: metric.type="cloudtasks.googleapis.com/queue/depth" AND …'
        )
    if not matching:
        raise NotFound(f'Cannot find metric(s) that match type = "{filter.types[0][:200]}". {_the_metrics()}')
    return METRICS[matching.pop()]


def _the_metrics() -> str:
    return f"The emulator keeps {', '.join(METRICS)}."


def _window(held: dict[str, list[str]], now: datetime) -> Window:
    """The interval, extended to whole minutes. Errors: InvalidArgument."""
    if "interval.endTime" not in held:
        raise InvalidArgument("interval.endTime is required.")
    end_us = to_us(instant("interval.endTime", _one(held, "interval.endTime")))
    start = _one(held, "interval.startTime")
    start_us = to_us(instant("interval.startTime", start)) if start else end_us
    if start_us > end_us:
        raise InvalidArgument("interval.startTime must not be later than interval.endTime.")
    last = -(-end_us // MINUTE_US)
    return Window(min(start_us // MINUTE_US, last - 1), last, to_us(now) // MINUTE_US)


def _aggregation(held: dict[str, list[str]], name: str) -> Aggregation | None:
    """Parses an aggregation. Errors: InvalidArgument."""
    period, aligner, reducer = (_one(held, f"{name}.{part}") for part in _PARTS)
    if not (period or aligner or reducer):
        return None
    aligner, reducer = aligner or "ALIGN_NONE", reducer or "REDUCE_NONE"
    fields = tuple(field_name(path) for path in held.get(f"{name}.groupByFields", ()))
    if not period and aligner == "ALIGN_NONE":
        return Aggregation(1, aligner, reducer, fields)
    match = _SECONDS.fullmatch(period)
    seconds = int(match[1]) if match else 0
    if not 60 <= seconds <= _LONGEST_S or seconds % 60:
        raise InvalidArgument(
            f"{name}.alignmentPeriod must be a whole number of minutes, from 60s to {_LONGEST_S}s, not "
            f"'{period[:40]}': the emulator counts by the minute."
        )
    return Aggregation(1 if aligner == "ALIGN_NONE" else seconds // 60, aligner, reducer, fields)


def _found(store: Store, asked: Asked, project: str) -> list[Series]:
    series = aligned_series(store, asked.metric, asked.filter, asked.window, asked.first, project)
    series = reduced(series, asked.first)
    if asked.second is None:
        return series
    per_period = asked.second.minutes // asked.first.minutes
    again = [realigned(one, per_period, asked.second.aligner, asked.second.minutes * 60) for one in series]
    return reduced(again, asked.second)


def _page(
    found: Sequence[Series], after: Sequence[int], limit: int, *, with_points: bool
) -> tuple[list[tuple[Series, list[int]]], tuple[int, int] | None]:
    """The series and periods that fit the page, newest first; and the page token."""
    at, offset = after
    shown: list[tuple[Series, list[int]]] = []
    room = limit
    while at < len(found) and room > 0:
        periods = sorted(found[at].points)[offset : offset + room] if with_points else []
        shown.append((found[at], periods))
        room -= len(periods) if with_points else 1
        offset += len(periods)
        if not with_points or offset >= len(found[at].points):
            at, offset = at + 1, 0
    return shown, (at, offset) if at < len(found) else None


def _message(one: Series, periods: Sequence[int], asked: Asked, minutes: int) -> dict[str, Any]:
    metric: dict[str, Any] = {"type": one.fields["metric.type"]}
    labels = _labels(one, "metric.labels.")
    if labels:
        metric["labels"] = labels
    message: dict[str, Any] = {
        "metric": metric,
        "resource": {"type": RESOURCE_TYPE, "labels": _labels(one, "resource.labels.")},
        "metricKind": one.kind,
        "valueType": one.value_type,
        "unit": _unit(one, asked.metric),
    }
    if asked.with_points:
        message["points"] = [
            {"interval": _interval(one.kind, period, asked.window, minutes), "value": _value(one, period)}
            for period in periods
        ]
    return message


def _labels(one: Series, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in one.fields.items() if name.startswith(prefix)}


def _interval(kind: str, period: int, window: Window, minutes: int) -> dict[str, str]:
    end = window.end - period * minutes
    start = end if kind == "GAUGE" else max(window.start, end - minutes)
    return {"startTime": rfc3339(start * MINUTE_US), "endTime": rfc3339(end * MINUTE_US)}


def _value(one: Series, period: int) -> dict[str, Any]:
    value = one.points[period]
    if isinstance(value, Distribution):
        return {"distributionValue": value.message()}
    return {"int64Value": str(value)} if one.value_type == "INT64" else {"doubleValue": float(value)}


def _unit(one: Series, metric: Metric) -> str:
    return metric.unit


def _one(held: dict[str, list[str]], name: str) -> str:
    return held.get(name, [""])[0]
