"""The monitor of one queue: tasks, attempts and oldest age over time, as live charts and as a DataFrame."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import traitlets
from msgspec import Struct

from ..errors import CloudTasksError, ConfigError
from ..history.figures import Moment
from ..history.lately import last_hour
from ..history.told import refused
from ..history.windows import MINUTE
from ..redact import scrub
from ..render import Shape
from ..render.queue import state_badge
from ..visible import visible_lines
from .action import action
from .cells import plain
from .panel import Panel
from .sharing import pause_s
from .still import gone_still, samples_still

if TYPE_CHECKING:
    import pandas as pd

    from ..resources.queue import Queue

SAMPLES_KEPT = 20_000  # more than a day at one sample per five seconds
POINTS_SHOWN = 400
WINDOWS_S = (60.0, 300.0, 1800.0, 3600.0, 21600.0)


class Sample(Struct, frozen=True):
    """The service's estimates at one time; without estimates, the number of tasks counted."""

    time: datetime
    """The time of the sample, by the clock of this machine."""
    state: str
    """RUNNING, PAUSED or DISABLED."""
    tasks_count: int | None
    """The number of waiting tasks; an estimate if there are statistics."""
    executed_last_minute_count: int | None = None
    """The number of attempts that ended in the last minute."""
    oldest_age_s: float | None = None
    """How long the oldest task has been due, in seconds; None without tasks."""
    concurrent_dispatches_count: int | None = None
    """The number of requests in flight."""
    effective_execution_rate: float | None = None
    """The rate in effect, in tasks per second."""

    @classmethod
    def of(cls, queue: Queue, now: datetime, count: int | None = None) -> Sample:
        """A sample of a queue that was read with statistics, or whose tasks were counted."""
        stats = queue.stats
        if stats is None:
            return cls(now, queue.state, count)
        oldest = stats.oldest_estimated_arrival_time
        return cls(
            now,
            queue.state,
            int(stats.tasks_count),
            int(stats.executed_last_minute_count),
            max(0.0, (now - oldest).total_seconds()) if oldest else None,  # 0 if it is due later
            int(stats.concurrent_dispatches_count),
            stats.effective_execution_rate,
        )


def _sample_line(monitor: QueueMonitor) -> str:
    return f"{monitor.expression}.{'refresh(stats=True).stats' if monitor.queue.offers_stats else 'count_tasks()'}"


class QueueMonitor(Panel):
    """A queue's tasks, its attempts in the last minute and oldest age, sampled for as long as its page is open.

    `every_s` is the pause between samples, at least one second; 0 takes samples only on request. All panels of a
    project share 300 calls a minute, half of the quota for list calls. With many monitors some samples are skipped,
    and the lines have gaps. In an API version without statistics, samples are taken only on request, by counting.
    The charts begin one hour earlier, with metrics (two calls); queue.metrics("1h") returns the same as a table.

    Example:
        >>> monitor = queue.monitor(every_s=10)
        >>> monitor.to_dataframe().set_index("time")
    """

    _script = "queue_monitor"

    facts = traitlets.Dict().tag(sync=True)
    window_s = traitlets.Float(3600.0).tag(sync=True)

    def __init__(self, queue: Queue, every_s: float = 5.0, read_only: bool = False) -> None:
        self._samples: deque[Sample] = deque(maxlen=SAMPLES_KEPT)
        self._past: list[Moment] = []
        self._past_why = ""
        self._ahead = timedelta(0)
        super().__init__(queue, read_only=read_only, every_s=pause_s(every_s) if queue.offers_stats else 0.0)
        self._show()
        self._read_past()
        with suppress(CloudTasksError):  # shown in the status line
            self.refresh()

    @property
    def read_at(self) -> datetime | None:
        """When the last sample was taken."""
        return self._samples[-1].time if self._samples else None

    def _shape_(self) -> Shape:
        """The newest samples, and the depth over time."""
        if self.gone:
            return gone_still(self.queue, "monitor")
        return samples_still(self.queue, self.samples, [one.depth for one in self._past], self._past_why)

    @property
    def samples(self) -> list[Sample]:
        """All samples so far, oldest first."""
        return list(self._samples)

    def to_dataframe(self) -> pd.DataFrame:
        """The samples as a DataFrame, oldest first.

        Shapes: one row per sample; columns time (UTC), state, tasks_count, executed_last_minute_count, oldest_age_s
        (missing without tasks), concurrent_dispatches_count, effective_execution_rate (per second); all but
        tasks_count are missing in an API version without statistics.
        """
        import pandas as pd

        columns = {
            name: [getattr(sample, name) for sample in self.samples] for name in Sample.__struct_fields__
        }
        return pd.DataFrame(columns).astype(
            {
                "time": "datetime64[us, UTC]",
                "state": "string",
                "tasks_count": "Int64",
                "executed_last_minute_count": "Int64",
                "oldest_age_s": "Float64",
                "concurrent_dispatches_count": "Int64",
                "effective_execution_rate": "Float64",
            }
        )

    @action(_sample_line)
    def refresh(self) -> str:
        """Take a sample now. Errors: NotFound, PermissionDenied."""
        self._sample()
        return ""

    @action(busy=False)
    def sample_every(self, seconds: float) -> str:
        """Change the pause between samples; 0 stops sampling until the next change. Errors: ConfigError."""
        if not self.queue.offers_stats:
            raise ConfigError(
                "This API version has no statistics to sample.",
                hint="monitor.refresh() counts the tasks; for live charts connect with another api_version",
            )
        self.live_s = pause_s(seconds)
        return "" if self.live_s else "Sampling is stopped."

    @action(busy=False)
    def show_last(self, seconds: float) -> str:
        """Set the time window of the charts, in seconds. Errors: ConfigError."""
        if seconds not in WINDOWS_S:
            raise ConfigError(
                f"The window cannot be {seconds!r} s.",
                hint=f"choose one of {', '.join(f'{s:g}' for s in WINDOWS_S)}",
            )
        self.window_s = seconds
        self._show()
        return ""

    def _read_past(self) -> None:
        """Read the previous hour from the metrics; if that is not allowed, the chart begins empty and says why."""
        session = self.queue._session
        self._ahead = session.now() - datetime.now(UTC) if session.moved_to else timedelta(0)
        try:
            self._past = last_hour(self.queue._session, self.queue._parsed)
        except CloudTasksError as error:
            self._past_why = visible_lines(scrub(refused(error)))

    def look(self) -> None:
        """Take a sample, unless another view of the same monitor just did."""
        last = self._samples[-1].time if self._samples else None
        if last is None or datetime.now(UTC) - last >= timedelta(seconds=self.live_s / 2):
            self._sample()

    def _sample(self) -> None:
        self.queue.refresh(stats=self.queue.offers_stats)
        self.found()
        count = None if self.queue.offers_stats else self.counted()
        self._samples.append(Sample.of(self.queue, datetime.now(UTC), count))
        self._show()

    def _show(self) -> None:
        last = self._samples[-1] if self._samples else None
        self.facts = {
            "id": self.queue.id,
            "location": self.queue.location,
            "badge": plain(state_badge(self.queue.state)),
            "estimates": self.queue.offers_stats,
            "points": [
                *past_points(self._past, self._samples[0].time if self._samples else None, self._ahead),
                *(_point(sample) for sample in thinned(self.samples, self.window_s)),
            ],
            "past": self._past_why,
            "gap_s": 2.5 * max(self.live_s, self.window_s / POINTS_SHOWN),
            "count": len(self._samples),
            "updated": last.time.isoformat() if last else "",
            "windows": list(WINDOWS_S),
        }


def thinned(samples: list[Sample], window_s: float) -> list[Sample]:
    """The samples of the window that ends at the last one; of many, the last of each of POINTS_SHOWN equal steps."""
    if not samples:
        return []
    start = samples[-1].time - timedelta(seconds=window_s)
    recent = [sample for sample in samples if sample.time >= start]
    if len(recent) <= POINTS_SHOWN:
        return recent
    step = timedelta(seconds=window_s / POINTS_SHOWN)
    return list({(sample.time - samples[0].time) // step: sample for sample in recent}.values())


def past_points(
    past: list[Moment], until: datetime | None, ahead: timedelta = timedelta(0)
) -> list[list[Any]]:
    """Points from metrics, one per minute, before the first sample; the last value is the longest gap in seconds.

    `ahead` is the difference between the service's clock and this machine's, which samples use.
    """
    ends = [(one.time + MINUTE - ahead, one) for one in past]
    return [
        [round(end.timestamp() * 1000), one.depth, one.attempts, None, 150]
        for end, one in ends
        if until is None or end < until
    ]


def _point(sample: Sample) -> list[Any]:
    """Time (ms since 1970), tasks, attempts, oldest age (s)."""
    return [
        round(sample.time.timestamp() * 1000),
        sample.tasks_count,
        sample.executed_last_minute_count,
        sample.oldest_age_s,
    ]
