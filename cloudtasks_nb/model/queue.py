"""Queues: rates, retries, targets, statistics. Source: SPEC section 2; discovery document v2beta2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from ..names import QueueName, parse_queue
from ..shown import completed_as_text
from .durations import DurationLike
from .json import Duration, Int32, Int64, Message, Time, shortest
from .marks import CREATE_ONLY, OUTPUT_ONLY, absent, output_only, renamed
from .target import AppEngineHttpTarget, HttpTarget, PullTarget

if TYPE_CHECKING:
    from ..plots import Picture

Kind = Literal["http", "app_engine", "pull"]
KINDS: tuple[Kind, ...] = ("http", "app_engine", "pull")

_LONGEST = timedelta(days=100_000)  # beyond every retry duration
UNLIMITED = -1
"""How many tasks of a pull queue may be held at once, and of no other: as many as one likes."""

_PULL_OUTPUT_ONLY = output_only(queue_kind="pull")


class RateLimits(Message):
    """How fast a queue dispatches. Units: tasks per second, tasks.

    >>> RateLimits(max_tasks_dispatched_per_second=5).max_tasks_dispatched_per_second
    5
    """

    max_tasks_dispatched_per_second: Annotated[
        float | None, _PULL_OUTPUT_ONLY, renamed("max_dispatches_per_second", "v2beta3", "v2")
    ] = None
    """Tasks per second, up to 500. The service sets 500 for push queues when it is left out."""
    max_burst_size: Annotated[Int32 | None, _PULL_OUTPUT_ONLY, output_only("v2")] = None
    """Tasks that may go at once before the rate holds them back, up to 500."""
    max_concurrent_tasks: Annotated[
        Int32 | None, _PULL_OUTPUT_ONLY, renamed("max_concurrent_dispatches", "v2beta3", "v2")
    ] = None
    """Tasks under way at a time, up to 5,000. The service sets 1,000 for push queues when it is left out."""

    def __post_init__(self) -> None:
        rate = self.max_tasks_dispatched_per_second
        if rate is not None:
            self.max_tasks_dispatched_per_second = shortest(rate)


class RetryConfig(Message):
    """How a failed task is tried again. Backoffs are timedeltas; seconds and text such as "10m" are accepted.

    >>> RetryConfig(min_backoff=0.1).min_backoff == timedelta(seconds=0.1)
    True
    """

    max_attempts: Int32 | None = None
    """Attempts in all, the first included. The service sets 100 when nothing is said."""
    unlimited_attempts: bool = False
    """Whether a task is tried again for as long as it takes, instead of max_attempts."""
    max_retry_duration: Annotated[Duration | None, _PULL_OUTPUT_ONLY] = None
    """How long since the first attempt a task is tried again; None or 0 for no limit."""
    min_backoff: Annotated[Duration | None, _PULL_OUTPUT_ONLY] = None
    """The delay before the first retry. The service sets 0.1 s for push queues when it is left out."""
    max_backoff: Annotated[Duration | None, _PULL_OUTPUT_ONLY] = None
    """The longest delay between attempts. The service sets an hour for push queues when it is left out."""
    max_doublings: Annotated[Int32 | None, _PULL_OUTPUT_ONLY] = None
    """How many times the delay doubles before it grows linearly. The service sets 16 for push queues."""

    if TYPE_CHECKING:  # what may be passed is more than what is held

        def __init__(
            self,
            *,
            max_attempts: int | None = None,
            unlimited_attempts: bool = False,
            max_retry_duration: DurationLike | None = None,
            min_backoff: DurationLike | None = None,
            max_backoff: DurationLike | None = None,
            max_doublings: int | None = None,
        ) -> None: ...

    def __post_init__(self) -> None:
        for field in ("max_retry_duration", "min_backoff", "max_backoff"):
            value = getattr(self, field)
            if value is not None:
                setattr(self, field, Duration.of(value))

    def backoff(self) -> Iterator[timedelta]:
        """The delays before retry 1, 2, 3 and so on, for ever.

        The delay starts at min_backoff, doubles max_doublings times, then grows linearly up to max_backoff.

        Source: the API's description of RetryConfig.maxDoublings, whose example this is.

        Example:
            >>> delays = RetryConfig(min_backoff=10, max_backoff=300, max_doublings=3).backoff()
            >>> [next(delays).seconds for _ in range(8)]
            [10, 20, 40, 80, 160, 240, 300, 300]
        """
        shortest = self.min_backoff or timedelta()
        longest = self.max_backoff if self.max_backoff is not None else timedelta.max
        doublings = self.max_doublings or 0
        # Exponents and delays are capped far beyond any real backoff, so that nothing overflows.
        doubled = shortest.total_seconds() * 2.0 ** min(doublings, 60)
        retry = 0
        while True:
            retry += 1
            if retry <= doublings + 1:
                delay_s = shortest.total_seconds() * 2.0 ** min(retry - 1, 60)
            else:
                delay_s = doubled * (retry - doublings)
            yield min(longest, timedelta(seconds=min(delay_s, 1e9)))

    def is_used_up(self, failed: int, since_first: timedelta) -> bool:
        """Whether a task is given up after so many failed attempts, so long after the first of them.

        With a number of attempts and a duration, both must be used up. A duration alone ends unlimited attempts: the
        service's documentation would let such a task never end, which App Engine's does not do.

        Units: `since_first` is a timedelta.
        Source: SPEC section 5.3.

        Example:
            >>> RetryConfig(max_attempts=2, max_retry_duration=60).is_used_up(2, timedelta(seconds=59))
            False
        """
        patience = self.max_retry_duration or timedelta()
        if self.unlimited_attempts or self.max_attempts is None:
            return bool(patience) and since_first >= patience
        return failed >= self.max_attempts and since_first >= patience

    def over(self, queue: RetryConfig | None) -> RetryConfig:
        """These settings of a task, with those of its queue where the task says nothing.

        Example:
            >>> RetryConfig(max_attempts=3).over(RetryConfig(max_attempts=9, min_backoff=1)).max_attempts
            3
        """
        theirs = queue or RetryConfig()
        merged = {name: getattr(self, name) for name in RetryConfig.__struct_fields__}
        counted = self.max_attempts is not None or self.unlimited_attempts
        for name, value in merged.items():
            is_count = name in ("max_attempts", "unlimited_attempts")
            if not counted if is_count else value is None:
                merged[name] = getattr(theirs, name)
        return RetryConfig(**merged)

    def delays(self) -> Iterator[timedelta]:
        """The delay before each retry of a task whose attempts fail at once, until it is given up, if it ever is.

        Example:
            >>> [delay.seconds for delay in RetryConfig(min_backoff=10, max_attempts=1, max_retry_duration=60).delays()]
            [10, 20, 30]
        """
        passed = timedelta()
        for failed, delay in enumerate(self.backoff(), 1):
            if self.is_used_up(failed, passed):
                return
            yield delay
            passed = min(passed + delay, _LONGEST)

    def plot(self) -> Picture:
        """A picture of the delay before each retry. Errors: MissingExtra without matplotlib.

        Example:
            >>> RetryConfig(min_backoff=1, max_backoff=60, max_doublings=5).plot()
        """
        from ..plots import Picture
        from ..plots.backoff import draw_backoff

        return Picture("retry settings", partial(draw_backoff, self))


class QueueStats(Message):
    """Estimates of what a queue holds and does; only present when asked for with stats=True.

    Example:
        >>> queue.refresh(stats=True).stats.tasks_count
        5
    """

    tasks_count: Int64 = Int64(0)
    """About how many tasks wait in the queue."""
    oldest_estimated_arrival_time: Time | None = None
    """When the oldest task was, or will be, due; None in an empty queue."""
    executed_last_minute_count: Int64 = Int64(0)
    """How many tasks were answered in the last minute, well or badly."""
    concurrent_dispatches_count: Int64 = Int64(0)
    """About how many requests are under way."""
    effective_execution_rate: float = 0.0
    """Tasks per second that it sends at most just now: below its rate limit where targets are slow or fail."""


class StackdriverLoggingConfig(Message):
    """Which share of a queue's operations is written to Cloud Logging, from 0 to 1.

    Example:
        >>> StackdriverLoggingConfig(sampling_ratio=0.1).sampling_ratio
        0.1
    """

    sampling_ratio: float = 0.0
    """The share of operations that is written, from 0 (none) to 1 (all)."""


class Queue(Message):
    """A queue as the API describes it."""

    name: Annotated[str, CREATE_ONLY] = ""
    """The full name: projects/PROJECT/locations/LOCATION/queues/QUEUE."""
    app_engine_http_target: Annotated[
        AppEngineHttpTarget | None, renamed("app_engine_http_queue", "v2beta3")
    ] = None
    """Set for a queue whose tasks go to App Engine, with its routing."""
    http_target: HttpTarget | None = None
    """What the queue sets on every HTTP task that it sends."""
    pull_target: Annotated[PullTarget | None, absent("v2")] = None
    """Set for a queue whose tasks wait to be leased."""
    rate_limits: RateLimits | None = None
    """How fast it dispatches; the service fills in what was not said."""
    retry_config: RetryConfig | None = None
    """How its tasks are tried again, where a task says nothing of its own."""
    state: Annotated[str, OUTPUT_ONLY] = ""
    """RUNNING, PAUSED or DISABLED; changed by pause() and resume() only."""
    purge_time: Annotated[Time | None, OUTPUT_ONLY] = None
    """When it was last purged; tasks that were created before are gone."""
    task_ttl: Annotated[Duration | None, CREATE_ONLY, absent("v2")] = None
    """How long a task is kept at most, sent or not."""
    tombstone_ttl: Annotated[Duration | None, CREATE_ONLY, absent("v2")] = None
    """How long the name of a finished or deleted task stays taken."""
    stats: Annotated[QueueStats | None, OUTPUT_ONLY, absent("v2")] = None
    """Estimates of what it holds and does; None unless they were asked for."""
    stackdriver_logging_config: Annotated[StackdriverLoggingConfig | None, absent("v2beta2")] = None
    """Which share of its operations is logged."""

    @property
    @completed_as_text
    def kind(self) -> Kind:
        """Who receives the tasks: "http", "app_engine" or "pull"; without any target it is "http".

        v2 names no pull target. There, what tells a pull queue is that nothing limits its concurrency: the API lets no
        other queue have that. An App Engine queue without routing cannot be told from an HTTP queue in v2.
        """
        limits = self.rate_limits
        if self.pull_target is not None or (limits is not None and limits.max_concurrent_tasks == UNLIMITED):
            return "pull"
        return "app_engine" if self.app_engine_http_target is not None else "http"

    @property
    def _parsed(self) -> QueueName:
        return parse_queue(self.name)

    @property
    def id(self) -> str:
        """The last part of the name."""
        return self._parsed.queue

    @property
    def location(self) -> str:
        """The location id."""
        return self._parsed.location

    @property
    def project(self) -> str:
        """The project id."""
        return self._parsed.project

    def __repr__(self) -> str:
        return f"<Queue {self.name} {self.kind} {self.state or 'STATE_UNSPECIFIED'}>"
