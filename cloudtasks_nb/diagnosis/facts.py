"""The facts about a queue. Rules read these facts and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from msgspec import Struct, field

from ..model.queue import Queue, RateLimits
from ..model.task import Task
from ..redact import scrub
from ..rest.heard import Refused
from .attempts import deadline_of, is_running, timed_out
from .deep.answers import Deep
from .finding import Evidence

RATE, CONCURRENT = 500.0, 1000
"""Defaults of the service for a queue that sets nothing. Source: SPEC section 2.2."""
GET, LIST, GET_TASK = "queues.get", "tasks.list", "tasks.get"
METRICS_LAST = timedelta(minutes=10)
"""The time that the metrics of a diagnosis cover. The last minutes may be missing in them."""
THE_QUEUE, THE_TASKS = "the queue and its statistics", "the tasks"
"""Data without which no queue is healthy."""


def is_ok(code: str) -> bool:
    """Whether a code of the metrics means success."""
    return code.lower() in ("ok", "0")


class Unseen(Struct, frozen=True):
    """Data that could not be read. It never counts as healthy."""

    what: str
    """The data."""
    why: str
    """Why it could not be read, and which permission is missing."""


class Measured(Struct, frozen=True, kw_only=True):
    """Counts over some minutes, from Cloud Monitoring. Unlike the listing, they include attempts that succeeded."""

    minutes: float
    attempts: Mapping[str, int] = {}
    """Attempts by code, "ok" for those that succeeded."""
    created: int | None = None
    """Tasks that were created; None if unknown."""

    @property
    def total(self) -> int:
        return sum(self.attempts.values())

    @property
    def failed(self) -> int:
        return sum(count for code, count in self.attempts.items() if not is_ok(code))


class Facts(Struct, kw_only=True, dict=True):
    """A queue, a sample of its tasks, and other data. `read_at` holds the time of each response."""

    queue: Queue
    now: datetime
    tasks: Sequence[Task] = ()
    complete: bool = True
    """Whether the sample holds all tasks."""
    measured: Measured | None = None
    durations_s: Sequence[float] = ()
    """Durations of attempts, from a log of all attempts."""
    skew: timedelta | None = None
    """The service's clock minus this machine's clock."""
    refused: Sequence[Refused] = ()
    paused_since: datetime | None = None
    paused_by: str = ""
    queue_is_missing: bool = False
    tells_logging: bool = True
    """Whether this API version returns the sampling ratio of the log."""
    target_timeout: timedelta | None = None
    """The target's own request timeout; None if unknown."""
    read_at: dict[str, datetime] = field(default_factory=dict)
    calls: int = 0
    unseen: list[Unseen] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    """The other data that was read, in words."""
    is_deep: bool = False
    deep: Deep | None = None
    """Data of other APIs; only with deep=True."""

    def seen(self, field: str, value: object, call: str = "") -> Evidence:
        """A fact as evidence, without secrets: some texts come from targets."""
        return Evidence(field, scrub(str(value)), call, self.read_at.get(call.partition(" ")[0]))

    @property
    def is_read(self) -> bool:
        """Whether the queue and all requested pages of its tasks could be read."""
        return {GET, LIST} <= self.read_at.keys() and not any(
            one.what in (THE_QUEUE, THE_TASKS) for one in self.unseen
        )

    @property
    def executed(self) -> int | None:
        """Attempts that ended lately: in the last minute, or else in the minutes of the metrics; None if unknown."""
        if self.queue.stats is not None:
            return int(self.queue.stats.executed_last_minute_count)
        return self.measured.total if self.measured is not None else None

    @property
    def limits(self) -> RateLimits:
        return self.queue.rate_limits or RateLimits()

    @property
    def rate(self) -> float:
        """The rate limit of the queue, in tasks per second."""
        return self.limits.max_tasks_dispatched_per_second or RATE

    @property
    def concurrency(self) -> int:
        """The limit of concurrent attempts of the queue."""
        return self.limits.max_concurrent_tasks or CONCURRENT

    @property
    def is_running(self) -> bool:
        return self.queue.state in ("RUNNING", "")

    @cached_property
    def running(self) -> list[Task]:
        """Tasks with an attempt in progress."""
        return [task for task in self.tasks if is_running(task)]

    @cached_property
    def due(self) -> list[Task]:
        """Tasks that are due."""
        return [
            task
            for task in self.tasks
            if not is_running(task) and (task.schedule_time or self.now) <= self.now
        ]

    @cached_property
    def retrying(self) -> list[Task]:
        """Tasks that failed and wait for their next attempt."""
        return [
            task
            for task in self.tasks
            if task.dispatch_count and not is_running(task) and (task.schedule_time or self.now) > self.now
        ]

    @cached_property
    def ended(self) -> list[Task]:
        """Tasks whose last attempt ended."""
        return [task for task in self.tasks if task.last_status is not None]

    @cached_property
    def timed_out(self) -> list[Task]:
        """Tasks whose last attempt got no response within its deadline."""
        return [task for task in self.tasks if timed_out(task, self.now)]

    @cached_property
    def failed(self) -> list[Task]:
        """Tasks whose last attempt failed, without those that timed out."""
        late = set(map(id, self.timed_out))
        return [
            task for task in self.ended if id(task) not in late and task.last_status and task.last_status.code
        ]

    @property
    def depth(self) -> int:
        """How many tasks the queue holds. An estimate if the sample does not hold all of them."""
        stats = self.queue.stats
        return (
            len(self.tasks)
            if self.complete or stats is None
            else max(int(stats.tasks_count), len(self.tasks))
        )

    @property
    def due_count(self) -> int:
        """How many tasks are due. An estimate if the sample does not hold all of them."""
        return self.depth * len(self.due) // len(self.tasks) if self.tasks else 0

    @property
    def oldest_due(self) -> datetime | None:
        """When the oldest due task became due."""
        return min((task.schedule_time for task in self.due if task.schedule_time is not None), default=None)

    @property
    def deadline(self) -> timedelta:
        """The shortest dispatch deadline of the sampled tasks."""
        return min(map(deadline_of, self.tasks), default=timedelta(minutes=10))

    @property
    def sampled(self) -> str:
        """The name of the sample in the evidence."""
        return f"{LIST} (all {len(self.tasks):,})" if self.complete else f"{LIST} (first {len(self.tasks):,})"
