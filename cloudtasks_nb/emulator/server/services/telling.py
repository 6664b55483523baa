"""What is told of attempts, and which tasks the log shows. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from msgspec.structs import replace

from ....model import Queue
from ..clock import to_us
from ..rules.attempts import Attempt, Outcome, retry_config
from ..store.happened import Happened
from ..store.task_json import where

_CHANCES = 1 << 64


def is_logged(queue: Queue, name: str) -> bool:
    """Whether the log shows a new task. Chance has its say once for each name: the same run gives the same log."""
    logging = queue.stackdriver_logging_config
    ratio = logging.sampling_ratio if logging is not None else 0.0
    if ratio <= 0 or ratio >= 1:
        return ratio >= 1
    drawn = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
    return drawn < ratio * _CHANCES


def ended(
    attempt: Attempt, outcome: Outcome, now: datetime, due: datetime | None, *, is_there: bool
) -> Happened:
    """The record of an attempt that ended. `due`: when its task is tried again."""
    verdict = (
        "SUCCEEDED" if outcome.succeeded
        else "DELETED" if not is_there
        else "RETRY" if due is not None
        else "GIVEN_UP"
    )  # fmt: skip
    return replace(
        under_way(attempt),
        outcome=verdict,
        responses=attempt.task.response_count + outcome.answered,
        ended_us=to_us(now),
        took_us=outcome.took // timedelta(microseconds=1),
        http_status=outcome.code if outcome.answered else None,
        code=outcome.status.code,
        message=outcome.status.message,
        retry_us=to_us(due) if due is not None else None,
        answer=outcome.body,
    )


def under_way(attempt: Attempt) -> Happened:
    """The record of an attempt that was sent."""
    task = attempt.task
    started_us = to_us(attempt.started)
    target, kind = where(task)
    due_us = started_us if attempt.by_run or task.schedule_time is None else to_us(task.schedule_time)
    return Happened(
        "ATTEMPT",
        task.id,
        started_us,
        due_us,
        target,
        kind,
        logged=attempt.logged,
        outcome="UNDER_WAY",
        attempt=attempt.number,
        responses=task.response_count,
        max_attempts=retry_config(attempt.queue, task).max_attempts or 0,
    )
