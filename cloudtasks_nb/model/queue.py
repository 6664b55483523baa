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
"""No limit for max_concurrent_tasks, which only pull queues allow."""

_PULL_OUTPUT_ONLY = output_only(queue_kind="pull")


class RateLimits(Message):
    """How fast a queue dispatches. Units: tasks per second, tasks.

    >>> RateLimits(max_tasks_dispatched_per_second=5).max_tasks_dispatched_per_second
    5
    """

    max_tasks_dispatched_per_second: Annotated[
        float | None, _PULL_OUTPUT_ONLY, renamed("max_dispatches_per_second", "v2beta3", "v2")
    ] = None
    """Tasks per second, up to 500. Defaults to 500 for push queues."""
    max_burst_size: Annotated[Int32 | None, _PULL_OUTPUT_ONLY, output_only("v2")] = None
    """Tasks that may be sent at once before the rate limits them, up to 500."""
    max_concurrent_tasks: Annotated[
        Int32 | None, _PULL_OUTPUT_ONLY, renamed("max_concurrent_dispatches", "v2beta3", "v2")
    ] = None
    """Concurrent attempts, up to 5,000. Defaults to 1,000 for push queues."""

    def __post_init__(self) -> None:
        rate = self.max_tasks_dispatched_per_second
        if rate is not None:
            self.max_tasks_dispatched_per_second = shortest(rate)


class RetryConfig(Message):
    """How a failed task is retried. Backoffs are timedeltas; seconds and text such as "10m" are accepted.

    >>> RetryConfig(min_backoff=0.1).min_backoff == timedelta(seconds=0.1)
    True
    """

    max_attempts: Int32 | None = None
    """Total attempts, including the first. Defaults to 100."""
    unlimited_attempts: bool = False
    """Whether a task is retried without limit, instead of max_attempts."""
    max_retry_duration: Annotated[Duration | None, _PULL_OUTPUT_ONLY] = None
    """For how long after the first attempt a task is retried; None or 0 for no limit."""
    min_backoff: Annotated[Duration | None, _PULL_OUTPUT_ONLY] = None
    """The delay before the first retry. Defaults to 0.1 s for push queues."""
    max_backoff: Annotated[Duration | None, _PULL_OUTPUT_ONLY] = None
    """The longest delay between attempts. Defaults to one hour for push queues."""
    max_doublings: Annotated[Int32 | None, _PULL_OUTPUT_ONLY] = None
    """How many times the delay doubles before it grows linearly. Defaults to 16 for push queues."""

    if TYPE_CHECKING:  # the constructor accepts more types than the fields have

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
        """The delays before retry 1, 2, 3 and so on, without end.

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
        # Exponents and delays are capped far above any real backoff, so that they cannot overflow.
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
        """Whether a task is given up after `failed` attempts and the time `since_first`.

        If both limits are set, both must be exceeded. With unlimited attempts, the duration
        alone decides, as App Engine documents; the documentation of Cloud Tasks would never give up such a task.

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
        """These settings of a task, completed with those of its queue.

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
        """The delay before each retry until the task is given up (if ever), for attempts that fail immediately.

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
        """Plot the delay before each retry. Errors: MissingExtra without matplotlib.

        Example:
            >>> RetryConfig(min_backoff=1, max_backoff=60, max_doublings=5).plot()
        """
        from ..plots import Picture
        from ..plots.backoff import draw_backoff

        return Picture("retry settings", partial(draw_backoff, self))


class QueueStats(Message):
    """Estimates of the depth and activity of a queue; only read with stats=True.

    Example:
        >>> queue.refresh(stats=True).stats.tasks_count
        5
    """

    tasks_count: Int64 = Int64(0)
    """Estimated number of tasks in the queue."""
    oldest_estimated_arrival_time: Time | None = None
    """When the oldest task was or will be due; None for an empty queue."""
    executed_last_minute_count: Int64 = Int64(0)
    """Attempts that got a response in the last minute, succeeded or failed."""
    concurrent_dispatches_count: Int64 = Int64(0)
    """Estimated number of concurrent requests."""
    effective_execution_rate: float = 0.0
    """The current limit in tasks per second; below the rate limit if targets are slow or fail."""


class StackdriverLoggingConfig(Message):
    """The share of a queue's operations that is written to Cloud Logging, from 0 to 1.

    Example:
        >>> StackdriverLoggingConfig(sampling_ratio=0.1).sampling_ratio
        0.1
    """

    sampling_ratio: float = 0.0
    """The share of operations to log, from 0 (none) to 1 (all)."""


class Queue(Message):
    """A queue as the API describes it."""

    name: Annotated[str, CREATE_ONLY] = ""
    """The full name: projects/PROJECT/locations/LOCATION/queues/QUEUE."""
    app_engine_http_target: Annotated[
        AppEngineHttpTarget | None, renamed("app_engine_http_queue", "v2beta3")
    ] = None
    """Set for a queue whose tasks go to App Engine, with its routing."""
    http_target: HttpTarget | None = None
    """Overrides for all HTTP tasks of the queue."""
    pull_target: Annotated[PullTarget | None, absent("v2")] = None
    """Set for a queue whose tasks wait to be leased."""
    rate_limits: RateLimits | None = None
    """How fast it dispatches; the service fills in the defaults."""
    retry_config: RetryConfig | None = None
    """How its tasks are retried, unless a task has its own settings."""
    state: Annotated[str, OUTPUT_ONLY] = ""
    """RUNNING, PAUSED or DISABLED; only pause() and resume() change it."""
    purge_time: Annotated[Time | None, OUTPUT_ONLY] = None
    """When it was last purged: tasks created before are deleted."""
    task_ttl: Annotated[Duration | None, CREATE_ONLY, absent("v2")] = None
    """The longest time that a task is kept, sent or not."""
    tombstone_ttl: Annotated[Duration | None, CREATE_ONLY, absent("v2")] = None
    """How long the name of a finished or deleted task cannot be used again."""
    stats: Annotated[QueueStats | None, OUTPUT_ONLY, absent("v2")] = None
    """Estimates of depth and activity; None unless requested."""
    stackdriver_logging_config: Annotated[StackdriverLoggingConfig | None, absent("v2beta2")] = None
    """The share of its operations that is logged."""

    @property
    @completed_as_text
    def kind(self) -> Kind:
        """The kind of its tasks: "http" (the default), "app_engine" or "pull".

        v2 does not return the pull target. There, a queue with unlimited concurrency is a pull queue, because the API
        allows this for no other kind. In v2, an App Engine queue without routing looks like an HTTP queue.
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
