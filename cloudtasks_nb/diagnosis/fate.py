"""Compute when a task ends without success: given up after its last attempt, or expired. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Literal

import msgspec

from ..model.queue import Queue, RetryConfig
from ..model.task import Task

KEPT = timedelta(days=31)
"""How long the service keeps a task, if the queue sets nothing."""
_LOOKED_AHEAD = 1_000

Risk = Literal["last attempts", "retry duration", "expiry"]


class Fate(msgspec.Struct, frozen=True):
    """When a task ends if no attempt succeeds."""

    attempts_left: int | None
    """Attempts left, without an attempt in progress; None without a limit."""
    gives_up: datetime | None
    """The earliest time at which it can be given up, if each attempt is sent when due and fails at once."""
    expires: datetime | None
    """When it expires because of its age; None if its age is unknown."""


class Soon(msgspec.Struct, frozen=True):
    """The limits for a task at risk: at most this many attempts left, or an end within this time."""

    attempts_left: int
    within: timedelta


def fate_of(task: Task, queue: Queue, now: datetime, soon: Soon) -> Fate:
    """The fate of a task, by the retry settings of its queue.

    `gives_up` is None if it lies later than `soon` covers.
    """
    retries = retries_of(task, queue)
    limited = retries.max_attempts is not None and not retries.unlimited_attempts
    left = max(0, (retries.max_attempts or 0) - task.dispatch_count) if limited else None
    tried = task.dispatch_count > 0 or (left is not None and left <= 1)
    gives_up = _gives_up(task, retries, now, soon) if tried and task.kind != "pull" else None
    if task.kind == "pull" and left == 0:  # the next lease request removes it
        gives_up = task.schedule_time
    expires = task.create_time + (queue.task_ttl or KEPT) if task.create_time is not None else None
    return Fate(left, gives_up, expires)


def risk_of(task: Task, queue: Queue, fate: Fate, now: datetime, soon: Soon) -> Risk | None:
    """Why a task is at risk; None if it is not.

    A task that was never sent is at risk only if its first attempt is also its last.
    """
    horizon = now + soon.within
    if fate.expires is not None and fate.expires <= horizon:
        return "expiry"
    left, tried = fate.attempts_left, task.dispatch_count > 0
    near = left is not None and left <= soon.attempts_left and (tried or left <= 1)
    ends_soon = fate.gives_up is not None and fate.gives_up <= horizon
    if near and (ends_soon or not retries_of(task, queue).max_retry_duration):
        return "last attempts"
    return "retry duration" if ends_soon and tried else None


def _gives_up(task: Task, retries: RetryConfig, now: datetime, soon: Soon) -> datetime | None:
    sent = task.dispatch_count
    at = max(task.schedule_time or now, now)
    status = task.status
    began = status.first_attempt_status.dispatch_time if status and status.first_attempt_status else None
    first = began or at
    if sent and _is_under_way(task) and retries.is_used_up(sent, now - first):
        return now
    delays, horizon = delays_of(retries), now + soon.within
    for failed in range(sent + 1, sent + _LOOKED_AHEAD):
        if retries.is_used_up(failed, at - first):
            return at
        left = None if retries.max_attempts is None else retries.max_attempts - failed
        if at > horizon and (left is None or left >= soon.attempts_left):
            return None
        at += delays[min(failed, len(delays)) - 1]
    return None


def _is_under_way(task: Task) -> bool:
    last = task.status.last_attempt_status if task.status is not None else None
    return last is not None and last.dispatch_time is not None and last.response_time is None


def retries_of(task: Task, queue: Queue) -> RetryConfig:
    """The retry settings of a task. Those of its queue are the default."""
    theirs = queue.retry_config or RetryConfig()
    return theirs if task.retry_config is None else task.retry_config.over(theirs)


def soon_given_up(queue: Queue, *, within: timedelta = timedelta(minutes=10)) -> timedelta | None:
    """How long after its first failure a task is given up, if each attempt fails at once; None if that takes longer."""
    retries = queue.retry_config
    if retries is None:
        return None
    passed = timedelta()
    for failed, delay in enumerate(delays_of(retries), 1):
        if retries.is_used_up(failed, passed):
            return passed
        passed += delay
        if passed >= within:
            return None
    return None


def delays_of(retries: RetryConfig) -> list[timedelta]:
    """The delay before each retry, up to the number of retries that is needed."""
    return _cached_delays(retries.min_backoff, retries.max_backoff, retries.max_doublings)


@lru_cache(maxsize=64)
def _cached_delays(
    shortest: timedelta | None, longest: timedelta | None, doublings: int | None
) -> list[timedelta]:
    backoff = RetryConfig(min_backoff=shortest, max_backoff=longest, max_doublings=doublings).backoff()
    return list(islice(backoff, _LOOKED_AHEAD))
