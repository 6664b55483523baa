"""Leases of pull tasks: the limits of requests, and our decisions where the service's behaviour is unknown. Pure.

Source: SPEC section 4.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import datetime, timedelta

from msgspec import Struct

from ....errors import FailedPrecondition, InvalidArgument, ResourceExhausted
from ....model import Queue, RetryConfig
from .tasks import MAX_TAG_CHARACTERS

MAX_LEASE = timedelta(weeks=1)
MAX_LEASED = 1000
MAX_ANSWER_BYTES = 32 * 1024 * 1024
CALLS_PER_SECOND = 10

LEASED_WHEN_UNSAID = 1000  # unknown; we chose the default of gcloud

_BARE_TAG = re.compile(r"[^\s\"]+")
_QUOTED_TAG = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_OLDEST_TAG = re.compile(r"(?:tag|tag_function)\s*=\s*oldest_tag\(\)")
_TAG = re.compile(r"tag\s*=\s*(.*)", re.DOTALL)


class Wanted(Struct, frozen=True):
    """The tasks that a lease call selects: those of one tag, of the oldest task's tag, or any."""

    tag: str | None = None
    oldest_tag: bool = False


def parse_filter(text: str) -> Wanted:
    """Parses the filter of a lease call. Errors: InvalidArgument.

    >>> parse_filter('tag="a b"').tag
    'a b'
    """
    asked = text.strip()
    if not asked:
        return Wanted()
    if _OLDEST_TAG.fullmatch(asked):
        return Wanted(oldest_tag=True)
    match = _TAG.fullmatch(asked)
    tag = _tag(match[1]) if match is not None else None
    if tag is None:
        raise InvalidArgument(
            'LeaseTasksRequest.filter must be tag=<tag>, tag="<tag>" or tag_function=oldest_tag().'
        )
    if len(tag) >= MAX_TAG_CHARACTERS:
        raise InvalidArgument(f"The tag in the filter must be less than {MAX_TAG_CHARACTERS} characters.")
    return Wanted(tag=tag)


def _tag(text: str) -> str | None:
    quoted = _QUOTED_TAG.fullmatch(text)
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted[1])
    return text if _BARE_TAG.fullmatch(text) else None


def lease_duration(asked: timedelta | None) -> timedelta:
    """The duration of a lease: whole seconds, at least one. Errors: InvalidArgument."""
    if asked is None:
        raise InvalidArgument("lease_duration is required.")
    whole = timedelta(days=asked.days, seconds=asked.seconds) if asked > timedelta() else timedelta()
    if not whole:
        raise InvalidArgument("lease_duration must be at least 1 second.")
    if whole > MAX_LEASE:
        raise InvalidArgument("lease_duration must be at most 1 week.")
    return whole


def how_many(asked: int | None) -> int:
    """The number of tasks that a call may lease. Errors: InvalidArgument."""
    if asked is None:
        return LEASED_WHEN_UNSAID
    if not 0 < asked <= MAX_LEASED:
        raise InvalidArgument(f"max_tasks must be between 1 and {MAX_LEASED}.")
    return asked


def check_leasable(queue: Queue) -> None:
    """Errors: InvalidArgument for a push queue; FailedPrecondition for one that is not running."""
    if queue.pull_target is None:
        raise InvalidArgument("Tasks can be leased only from a queue with a pull target.")
    if queue.state != "RUNNING":
        raise FailedPrecondition(f"The queue is {queue.state}: its tasks cannot be leased.")


def check_renewable(queue: Queue) -> None:
    """Errors: FailedPrecondition. A pause stops renewing, as in App Engine; acknowledging and cancelling still work."""
    if queue.state != "RUNNING":
        raise FailedPrecondition(f"The queue is {queue.state}: leases of its tasks cannot be renewed.")


def check_held(shown: datetime | None, stored: datetime, leases: int) -> None:
    """Checks that the caller holds the lease: the schedule times match. Errors: InvalidArgument, FailedPrecondition."""
    if shown is None:
        raise InvalidArgument("schedule_time is required.")
    if leases == 0:
        raise FailedPrecondition("The task is not leased.")
    if shown != stored:
        raise FailedPrecondition(
            "The task's lease is not held by the caller: its schedule_time has changed since. "
            "The lease was renewed, cancelled, or the task was leased again."
        )


def check_not_over(lease_end: datetime, now: datetime) -> None:
    """Errors: FailedPrecondition."""
    if lease_end <= now:
        raise FailedPrecondition("The task's lease has expired.")


def is_spent(retries: RetryConfig, leases: int) -> bool:
    """Whether a task used up its leases: then it ends instead of being leased again."""
    return (
        not retries.unlimited_attempts and retries.max_attempts is not None and leases >= retries.max_attempts
    )


class LeaseQuota:
    """Limits the lease calls per queue and second. Accepted calls count, rejected ones do not.

    A second ends by the emulator's clock or by the machine's, so callers can go on while a manual clock stands still.
    """

    def __init__(self) -> None:
        self._accepted: deque[tuple[datetime, float]] = deque(maxlen=CALLS_PER_SECOND)

    def check(self, now: datetime, machine_s: float) -> None:
        """Errors: ResourceExhausted."""
        calls = self._accepted
        if calls and now < calls[-1][0]:  # the clock was set back
            calls.clear()
        if len(calls) == CALLS_PER_SECOND:
            moment, moment_s = calls[0]
            if now - moment < timedelta(seconds=1) and machine_s - moment_s < 1:
                raise ResourceExhausted("Resource has been exhausted (e.g. check quota).")
        calls.append((now, machine_s))
