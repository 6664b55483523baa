"""What is known of a queue when it is judged. Rules read these facts and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from msgspec import Struct, field

from ..model.queue import Queue, RateLimits
from ..model.task import Task
from ..rest.heard import Refused
from .attempts import deadline_of, is_running, timed_out
from .deep.answers import Deep
from .finding import Evidence

RATE, CONCURRENT = 500.0, 1000
"""What the service sets where a queue says nothing. Source: SPEC section 2.2."""
GET, LIST, GET_TASK = "queues.get", "tasks.list", "tasks.get"


class Unseen(Struct, frozen=True):
    """Something that could not be looked at, which is never taken as fine."""

    what: str
    """What it is."""
    why: str
    """Why it could not be looked at, and what it takes."""


class Measured(Struct, frozen=True, kw_only=True):
    """What the service measured over some minutes: unbiased, unlike the listing."""

    minutes: float
    attempts: Mapping[str, int] = {}
    """Attempts by code, "ok" for those that succeeded."""
    created: int | None = None
    """Tasks that were created; None where it is not known."""

    @property
    def total(self) -> int:
        return sum(self.attempts.values())

    @property
    def failed(self) -> int:
        return sum(count for code, count in self.attempts.items() if code.lower() not in ("ok", "0"))


class Facts(Struct, kw_only=True, dict=True):
    """A queue, a sample of its tasks, and what else could be read. `read_at` says when each call was answered."""

    queue: Queue
    now: datetime
    tasks: Sequence[Task] = ()
    complete: bool = True
    """Whether the sample holds all tasks."""
    measured: Measured | None = None
    durations_s: Sequence[float] = ()
    """How long attempts took, from a log of all of them."""
    skew: timedelta | None = None
    """How far the service's clock is ahead of this machine's."""
    refused: Sequence[Refused] = ()
    paused_since: datetime | None = None
    paused_by: str = ""
    queue_is_missing: bool = False
    tells_logging: bool = True
    """Whether the version that was spoken shows how much is logged."""
    target_timeout: timedelta | None = None
    """How long the target itself lets a request last, where that is known."""
    read_at: dict[str, datetime] = field(default_factory=dict)
    calls: int = 0
    unseen: list[Unseen] = field(default_factory=list)
    also: list[str] = field(default_factory=list)
    """What else was looked at, in words."""
    is_deep: bool = False
    deep: Deep | None = None
    """What lies beyond Cloud Tasks, where it was asked for."""

    def seen(self, field: str, value: object, call: str = "") -> Evidence:
        """A fact as evidence."""
        return Evidence(field, str(value), call, self.read_at.get(call.partition(" ")[0]))

    @property
    def limits(self) -> RateLimits:
        return self.queue.rate_limits or RateLimits()

    @property
    def rate(self) -> float:
        """Tasks per second that the queue is set to."""
        return self.limits.max_tasks_dispatched_per_second or RATE

    @property
    def concurrency(self) -> int:
        """Attempts at a time that the queue is set to."""
        return self.limits.max_concurrent_tasks or CONCURRENT

    @property
    def is_running(self) -> bool:
        return self.queue.state in ("RUNNING", "")

    @cached_property
    def running(self) -> list[Task]:
        """Tasks that are being sent right now."""
        return [task for task in self.tasks if is_running(task)]

    @cached_property
    def due(self) -> list[Task]:
        """Tasks that could be sent now."""
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
        """Tasks whose last attempt was not answered within its deadline."""
        return [task for task in self.tasks if timed_out(task, self.now)]

    @cached_property
    def failed(self) -> list[Task]:
        """Tasks whose last attempt failed, other than by its deadline."""
        late = set(map(id, self.timed_out))
        return [
            task for task in self.ended if id(task) not in late and task.last_status and task.last_status.code
        ]

    @property
    def depth(self) -> int:
        """How many tasks the queue holds, estimated where the sample is not all of them."""
        stats = self.queue.stats
        return (
            len(self.tasks)
            if self.complete or stats is None
            else max(int(stats.tasks_count), len(self.tasks))
        )

    @property
    def due_count(self) -> int:
        """How many tasks could be sent now, estimated where the sample is not all of them."""
        return self.depth * len(self.due) // len(self.tasks) if self.tasks else 0

    @property
    def oldest_due(self) -> datetime | None:
        """Since when the task that waits longest could be sent."""
        return min((task.schedule_time for task in self.due if task.schedule_time is not None), default=None)

    @property
    def deadline(self) -> timedelta:
        """The shortest time that a target has for its answer."""
        return min(map(deadline_of, self.tasks), default=timedelta(minutes=10))

    @property
    def sampled(self) -> str:
        """The sample as evidence names it."""
        return f"{LIST} (all {len(self.tasks):,})" if self.complete else f"{LIST} (first {len(self.tasks):,})"
