"""Builds the records of attempts, and samples which tasks the log shows. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from ....model import Queue
from ..clock import to_us
from ..rules.attempts import Attempt, Outcome, retry_config
from ..store.happened import Happened
from ..store.task_json import where

_CHANCES = 1 << 64
_MICROSECOND = timedelta(microseconds=1)


def is_logged(queue: Queue, name: str) -> bool:
    """Whether the log shows a new task. The sample depends on the name only: the same run gives the same log."""
    logging = queue.stackdriver_logging_config
    ratio = logging.sampling_ratio if logging is not None else 0.0
    if ratio <= 0 or ratio >= 1:
        return ratio >= 1
    drawn = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
    return drawn < ratio * _CHANCES


def ended(
    attempt: Attempt, outcome: Outcome, now: datetime, due: datetime | None, *, is_there: bool
) -> Happened:
    """The record of an attempt that ended. `due`: the time of the retry."""
    verdict = (
        "SUCCEEDED" if outcome.succeeded
        else "DELETED" if not is_there
        else "RETRY" if due is not None
        else "GIVEN_UP"
    )  # fmt: skip
    return Happened(
        *_sent(attempt),
        verdict,
        attempt.number,
        attempt.task.response_count + outcome.answered,
        retry_config(attempt.queue, attempt.task).max_attempts or 0,
        to_us(now),
        outcome.took // _MICROSECOND,
        outcome.code if outcome.answered else None,
        outcome.status.code,
        outcome.status.message,
        to_us(due) if due is not None else None,
        outcome.body,
    )


def under_way(attempt: Attempt, outcome: str = "UNDER_WAY") -> Happened:
    """The record of an attempt that is still under way."""
    most = retry_config(attempt.queue, attempt.task).max_attempts or 0
    return Happened(*_sent(attempt), outcome, attempt.number, attempt.task.response_count, most)


def _sent(attempt: Attempt) -> tuple[str, str, int, int, str, str, bool]:
    """The facts that are known when an attempt is sent."""
    task, started_us = attempt.task, to_us(attempt.started)
    due_us = started_us if attempt.by_run or task.schedule_time is None else to_us(task.schedule_time)
    return "ATTEMPT", attempt.task_id, started_us, due_us, *where(task), attempt.logged
