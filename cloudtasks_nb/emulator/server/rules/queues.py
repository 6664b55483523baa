"""Queues: defaults and limits. Pure. Source: SPEC sections 2.2 and 2.3."""

from __future__ import annotations

import math
from datetime import timedelta

from msgspec.structs import replace

from ....errors import InvalidArgument
from ....model import (
    AppEngineHttpTarget,
    AppEngineRouting,
    Duration,
    Queue,
    RateLimits,
    RetryConfig,
)
from ....model.writing import as_new
from ....names import QueueName
from .targets import check_target

RATE = 500.0
PULL_RATE = 10_000.0
BURST, PULL_BURST = 100, 10_000
CONCURRENT, PULL_CONCURRENT = 1000, -1
MAX_ATTEMPTS = 100
MIN_BACKOFF = Duration(milliseconds=100)
MAX_BACKOFF = Duration(hours=1)
MAX_DOUBLINGS = 16
TASK_TTL = Duration(days=31)
TOMBSTONE_TTL = Duration(hours=1)
_PULL_RATES = RateLimits(
    max_tasks_dispatched_per_second=PULL_RATE,
    max_burst_size=PULL_BURST,
    max_concurrent_tasks=PULL_CONCURRENT,
)
NAME_BLOCKED = timedelta(days=3)


def task_ttl(queue: Queue) -> timedelta:
    """How long the queue keeps a task."""
    return queue.task_ttl or TASK_TTL


def tombstone_ttl(queue: Queue) -> timedelta:
    """How long the name of a finished task stays blocked."""
    return queue.tombstone_ttl or TOMBSTONE_TTL


def new_queue(asked: Queue, name: QueueName) -> Queue:
    """The queue as it is stored: validated, with all defaults. Errors: InvalidArgument."""
    asked = as_new(asked, queue_kind="pull" if asked.pull_target is not None else "http")
    check_queue(asked)
    return filled(replace(asked, name=str(name), state="RUNNING"))


def check_queue(queue: Queue) -> None:
    """Validates the fields that a caller may set. Errors: InvalidArgument."""
    if queue.pull_target is not None and (queue.app_engine_http_target or queue.http_target) is not None:
        raise InvalidArgument("A pull queue has no target that its tasks are pushed to.")
    if queue.pull_target is None and (limits := queue.rate_limits) is not None:
        _between("RateLimits.maxTasksDispatchedPerSecond", limits.max_tasks_dispatched_per_second, RATE)
        _between("RateLimits.maxBurstSize", limits.max_burst_size, 500)
        _between("RateLimits.maxConcurrentTasks", limits.max_concurrent_tasks, 5000)
    if queue.retry_config is not None:
        check_retries(queue.retry_config)
    _within("Queue.taskTtl", queue.task_ttl, timedelta(days=10), timedelta(days=3650), "[10 days, 10 years]")
    _within(
        "Queue.tombstoneTtl", queue.tombstone_ttl, timedelta(hours=1), timedelta(days=9), "[1 hour, 9 days]"
    )
    logging = queue.stackdriver_logging_config
    if logging is not None and not 0 <= logging.sampling_ratio <= 1:
        raise InvalidArgument("StackdriverLoggingConfig.samplingRatio must be between [0, 1].")
    if queue.http_target is not None:
        check_target(queue.http_target)


def _between(field: str, value: float | None, largest: float) -> None:
    if value is None:
        return
    if not math.isfinite(value):
        raise InvalidArgument(f"{field} must be a finite number, not {value}.")
    if value < 0:
        raise InvalidArgument(f"{field} cannot be negative.")
    if value > largest:
        raise InvalidArgument(f"{field} must be less than or equal to {largest:g}.")


def check_retries(retries: RetryConfig) -> None:
    """Validates retry settings, of queues and of tasks. Errors: InvalidArgument."""
    if retries.max_attempts is not None and retries.max_attempts < 1:
        raise InvalidArgument("RetryConfig.maxAttempts must be greater than 0.")
    if retries.max_doublings is not None and retries.max_doublings < 0:
        raise InvalidArgument("RetryConfig.maxDoublings cannot be negative.")
    for field, value in (
        ("maxRetryDuration", retries.max_retry_duration),
        ("minBackoff", retries.min_backoff),
        ("maxBackoff", retries.max_backoff),
    ):
        if value is not None and value < timedelta():
            raise InvalidArgument(f"RetryConfig.{field} cannot be negative.")
    shortest = MIN_BACKOFF if retries.min_backoff is None else retries.min_backoff
    longest = MAX_BACKOFF if retries.max_backoff is None else retries.max_backoff
    if shortest > longest:
        raise InvalidArgument("RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.")


def _within(field: str, value: timedelta | None, least: timedelta, most: timedelta, text: str) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidArgument(f"{field} must be between {text}.")


def filled(queue: Queue) -> Queue:
    """The queue with all defaults; fields that the service controls overwrite those of the request."""
    pull = queue.pull_target is not None
    return replace(
        queue,
        app_engine_http_target=_with_host(queue),
        rate_limits=_PULL_RATES if pull else _rates(queue.rate_limits or RateLimits()),
        retry_config=_retries(queue.retry_config or RetryConfig(), pull=pull),
        task_ttl=queue.task_ttl or TASK_TTL,
        tombstone_ttl=queue.tombstone_ttl or TOMBSTONE_TTL,
    )


def _rates(asked: RateLimits) -> RateLimits:
    rate = asked.max_tasks_dispatched_per_second or RATE
    return RateLimits(
        max_tasks_dispatched_per_second=rate,
        max_burst_size=asked.max_burst_size or burst_for(rate),
        max_concurrent_tasks=asked.max_concurrent_tasks or CONCURRENT,
    )


def burst_for(rate: float) -> int:
    """The default burst for a rate. Source: SPEC section 5.4."""
    return 10 if rate == 1 else max(1, math.ceil(rate / 5))


def _retries(asked: RetryConfig, *, pull: bool) -> RetryConfig:
    unlimited = asked.unlimited_attempts
    attempts = None if unlimited else asked.max_attempts or MAX_ATTEMPTS
    if pull:  # the service controls everything but the number of attempts
        asked = RetryConfig(min_backoff=0, max_backoff=0, max_doublings=0)
    return RetryConfig(
        max_attempts=attempts,
        unlimited_attempts=unlimited,
        max_retry_duration=asked.max_retry_duration or None,
        min_backoff=MIN_BACKOFF if asked.min_backoff is None else asked.min_backoff,
        max_backoff=MAX_BACKOFF if asked.max_backoff is None else asked.max_backoff,
        max_doublings=MAX_DOUBLINGS if asked.max_doublings is None else asked.max_doublings,
    )


def routing_host(routing: AppEngineRouting, project: str) -> AppEngineRouting:
    """The routing with the host that follows from its parts. Source: SPEC section 5.6."""
    domain = f"{project.rpartition(':')[2]}.appspot.com"
    parts = (routing.instance, routing.version, routing.service, domain)
    return replace(routing, host=".".join(part for part in parts if part))


def _with_host(queue: Queue) -> AppEngineHttpTarget | None:
    target = queue.app_engine_http_target
    if target is None or target.app_engine_routing_override is None:
        return target
    return AppEngineHttpTarget(
        app_engine_routing_override=routing_host(target.app_engine_routing_override, queue.project)
    )
