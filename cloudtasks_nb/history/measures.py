"""The metrics of a queue over time, as one tidy table: one row for each value of each series.

Source: monitoring.v3 projects.timeSeries.list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..errors import CloudTasksError
from ..model.instants import InstantLike
from ..names import QueueName
from ..rest.session import Session
from .figures import PERCENTILES
from .metrics import ATTEMPTS, CALLS, DELAYS, DEPTH, Reader, all_of
from .report import framed, known_until
from .rows import Rows
from .series import Series
from .windows import Window

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Value

_POINTS = 750  # the resolution of a screen


class Measure(Struct, frozen=True):
    """One value of a series, for one step of time.

    Example:
        >>> [one for one in queue.metrics("1h") if one.metric == "depth"][-1].value
        5.0
    """

    time: datetime
    """When the step began."""
    metric: str
    """"depth", "attempts", "delay_p50_s", "delay_p95_s", "delay_p99_s" or "calls"."""
    label: str
    """Attempts: the google.rpc code. Calls: such as "CreateTask OK". Empty for other metrics."""
    value: float
    """Depth: the maximum in this step. Attempts and calls: the count. Delays: seconds."""


class Metrics(Rows[Measure]):
    """The metrics of a queue over time: a list of values, which exports to one tidy table.

    Example:
        >>> metrics = queue.metrics("1h")
        >>> metrics.to_dataframe().pivot_table(index="time", columns=["metric", "label"], values="value")
        >>> queue.plot.history("1h")
    """

    noun = "value"

    def __init__(
        self, rows: list[Measure], caption: str, window: Window, step: timedelta, as_of: datetime
    ) -> None:
        from ..render.values import duration, exact

        super().__init__(rows, caption, f"steps of {duration(step)}", f"data up to {exact(as_of)}")
        self.since = window.since
        self.until = window.until
        self.step = step
        self.as_of = as_of

    def of(self, metric: str) -> dict[str, dict[datetime, float]]:
        """The series of one metric: values by time, by label.

        Example:
            >>> list(queue.metrics("1h").of("depth"))
            ['']
        """
        found: dict[str, dict[datetime, float]] = {}
        for one in self:
            if one.metric == metric:
                found.setdefault(one.label, {})[one.time] = one.value
        return found

    def _own_columns(self) -> Columns[Any]:
        from .columns import MEASURES

        return MEASURES

    def _row(self, item: Measure) -> dict[str, Value]:
        from ..render import number
        from ..render.values import exact

        return {
            "time": exact(item.time),
            "metric": item.metric,
            "label": item.label or None,
            "value": number(round(item.value, 6)),
        }


def metrics(
    session: Session, queue: QueueName, since: InstantLike, until: InstantLike | None = None
) -> Metrics:
    """Read the metrics of a queue in four calls. Errors: any CloudTasksError, ConfigError for an invalid window."""
    window, step = framed(session, since, until, _POINTS)
    reader = Reader(session, queue.project, queue)
    asked = (DEPTH, ATTEMPTS, DELAYS, CALLS)
    found = all_of([partial(reader.read, each, window.since, window.until, step) for each in asked])
    for one in found:
        if isinstance(one, CloudTasksError):
            raise one
    depth, attempts, delays, calls = found
    as_of = known_until(session, window, depth)
    rows = [
        *_numbers("depth", depth, step),
        *_numbers("attempts", attempts, step),
        *_delays(delays, step),
        *_numbers("calls", calls, step),
    ]
    caption = f"metrics of {queue.location}/{queue.queue}"
    return Metrics(rows, caption, window, step, as_of)


def _numbers(metric: str, series: Iterable[Series], step: timedelta) -> Iterator[Measure]:
    for one in series:
        label = " ".join(part for part in (one.labels.get("api_method", ""), one.code) if part)
        for end, value in one.numbers().items():
            yield Measure(end - step, metric, label, float(value))


def _delays(series: Iterable[Series], step: timedelta) -> Iterator[Measure]:
    for one in series:
        for percent in PERCENTILES:
            for end, held in one.distributions().items():
                late_ms = held.percentile(percent)
                if late_ms is not None:
                    yield Measure(end - step, f"delay_p{percent}_s", "", late_ms / 1000)
