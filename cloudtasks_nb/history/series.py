"""Parse pages of time series. Pure.

Source: monitoring.v3 projects.timeSeries.list.
"""

from __future__ import annotations

import math
from datetime import datetime

from msgspec import field

from ..model.json import Int64, Message, Time, decode
from .distributions import Distribution

Value = int | float | Distribution


class _Interval(Message):
    end_time: Time


class _Typed(Message):
    int64_value: Int64 | None = None
    double_value: float | str | None = None
    distribution_value: Distribution | None = None

    def held(self) -> Value | None:
        if self.int64_value is not None:
            return int(self.int64_value)
        if self.double_value is not None:
            number = float(self.double_value)  # "NaN" and "Infinity" are strings
            return number if math.isfinite(number) else None
        return self.distribution_value


class _Point(Message):
    interval: _Interval
    value: _Typed


class _Labelled(Message):
    type: str = ""
    labels: dict[str, str] = {}


class _TimeSeries(Message):
    metric: _Labelled = field(default_factory=_Labelled)
    resource: _Labelled = field(default_factory=_Labelled)
    points: list[_Point] = []


class _Problem(Message):
    message: str = ""


class SeriesPage(Message):
    """One response: its series, and the errors of a partial response."""

    time_series: list[_TimeSeries] = []
    next_page_token: str = ""
    execution_errors: list[_Problem] = []
    unreachable: list[str] = []


class Series:
    """One series: the labels of its metric and its resource, and its points, oldest first."""

    __slots__ = ("labels", "points")

    def __init__(self, labels: dict[str, str], points: dict[datetime, Value]) -> None:
        self.labels = labels
        self.points = dict(sorted(points.items()))

    @property
    def code(self) -> str:
        """The google.rpc code of its attempts or calls, in capitals; empty if it has none."""
        return self.labels.get("response_code", "").upper()

    @property
    def queue(self) -> tuple[str, str]:
        """Location and id of its queue."""
        return self.labels.get("location", ""), self.labels.get("queue_id", "")

    def numbers(self) -> dict[datetime, float]:
        """Its numeric points, by the end of their period."""
        return {end: value for end, value in self.points.items() if not isinstance(value, Distribution)}

    def distributions(self) -> dict[datetime, Distribution]:
        """Its points that are distributions."""
        return {end: value for end, value in self.points.items() if isinstance(value, Distribution)}

    def __repr__(self) -> str:
        return f"Series({self.labels}, points={len(self.points)})"


class SeriesSet(list[Series]):
    """The series of one question, from all pages. `problems` lists the errors of a partial response."""

    problems: tuple[str, ...] = ()


def read_page(raw: bytes) -> SeriesPage:
    """Parse a page. Errors: DecodeError."""
    return decode(raw, SeriesPage)


def gathered(pages: list[SeriesPage]) -> SeriesSet:
    """Join the pages: a series may continue on the next page, newest points first."""
    found: dict[tuple[tuple[str, str], ...], dict[datetime, Value]] = {}
    problems: dict[str, None] = {}
    for page in pages:
        for one in page.time_series:
            labels = {**one.resource.labels, **one.metric.labels}
            points = found.setdefault(tuple(sorted(labels.items())), {})
            held = ((point.interval.end_time, point.value.held()) for point in one.points)
            points.update({end: value for end, value in held if value is not None})
        problems |= dict.fromkeys(problem.message for problem in page.execution_errors)
        problems |= {f"{place} did not respond": None for place in page.unreachable}
    series = SeriesSet(Series(dict(labels), points) for labels, points in found.items())
    series.problems = tuple(problems)
    return series
