"""Queues: rates, retries, targets, statistics. Source: SPEC section 2; discovery document v2beta2."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from ..names import QueueName, parse_queue
from ..shown import completed_as_text
from .json import Duration, Int64, Message, shortest
from .target import AppEngineHttpTarget, HttpTarget, PullTarget

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..plots.paper import Theme

Kind = Literal["http", "app_engine", "pull"]
KINDS: tuple[Kind, ...] = ("http", "app_engine", "pull")


class RateLimits(Message):
    """How fast a queue dispatches. Units: tasks per second, tasks.

    >>> RateLimits(max_tasks_dispatched_per_second=5).max_tasks_dispatched_per_second
    5
    """

    max_tasks_dispatched_per_second: float | None = None
    max_burst_size: int | None = None
    max_concurrent_tasks: int | None = None

    def __post_init__(self) -> None:
        rate = self.max_tasks_dispatched_per_second
        if rate is not None:
            self.max_tasks_dispatched_per_second = shortest(rate)


class RetryConfig(Message):
    """How a failed task is tried again. Backoffs are timedeltas; numbers are accepted as seconds.

    >>> RetryConfig(min_backoff=0.1).min_backoff == timedelta(seconds=0.1)
    True
    """

    max_attempts: int | None = None
    unlimited_attempts: bool = False
    max_retry_duration: Duration | None = None
    min_backoff: Duration | None = None
    max_backoff: Duration | None = None
    max_doublings: int | None = None

    if TYPE_CHECKING:  # what may be passed is more than what is held

        def __init__(
            self,
            *,
            max_attempts: int | None = None,
            unlimited_attempts: bool = False,
            max_retry_duration: timedelta | float | None = None,
            min_backoff: timedelta | float | None = None,
            max_backoff: timedelta | float | None = None,
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

    def plot(self, *, ax: Axes | None = None, theme: Theme | None = None) -> Axes:
        """A picture of the delay before each retry. Errors: MissingExtra without matplotlib.

        Example:
            >>> RetryConfig(min_backoff=1, max_backoff=60, max_doublings=5).plot()
        """
        from ..plots import draw_backoff

        return draw_backoff(self, ax=ax, theme=theme)


class QueueStats(Message):
    """Estimates of what a queue holds and does; only present when asked for with stats=True.

    Example:
        >>> queue.refresh(stats=True).stats.tasks_count
        5
    """

    tasks_count: Int64 = Int64(0)
    oldest_estimated_arrival_time: datetime | None = None
    executed_last_minute_count: Int64 = Int64(0)
    concurrent_dispatches_count: Int64 = Int64(0)
    effective_execution_rate: float = 0.0


class StackdriverLoggingConfig(Message):
    """Which share of a queue's operations is written to Cloud Logging, from 0 to 1. Not in v2beta2.

    Example:
        >>> StackdriverLoggingConfig(sampling_ratio=0.1).sampling_ratio
        0.1
    """

    sampling_ratio: float = 0.0


class Queue(Message):
    """A queue as the API describes it; `stackdriver_logging_config` is unknown to v2beta2."""

    name: str = ""
    app_engine_http_target: AppEngineHttpTarget | None = None
    http_target: HttpTarget | None = None
    pull_target: PullTarget | None = None
    rate_limits: RateLimits | None = None
    retry_config: RetryConfig | None = None
    state: str = ""
    purge_time: datetime | None = None
    task_ttl: Duration | None = None
    tombstone_ttl: Duration | None = None
    stats: QueueStats | None = None
    stackdriver_logging_config: StackdriverLoggingConfig | None = None

    @property
    @completed_as_text
    def kind(self) -> Kind:
        """Who receives the tasks: "http", "app_engine" or "pull"; without any target it is "http"."""
        if self.pull_target is not None:
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
