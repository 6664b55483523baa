"""How attempts ended, in words."""

from __future__ import annotations

from datetime import datetime

from ..model import AttemptStatus, Status, TaskStatus
from .dispatch import looks
from .json_tree import json_section
from .shapes import Card, Cell, Plain, badge, muted
from .values import counted, duration, when


def status_badge(status: Status) -> Cell:
    """The code as a badge: "OK", or "503 → UNAVAILABLE" if the service names the HTTP status."""
    http = f"{status.http_status:03} → " if status.http_status is not None else ""
    return badge(f"{http}{status.code_name}", "bad" if status.code else "ok")


def status_words(status: Status) -> list[Plain]:
    """The code, and the message if it adds something."""
    message = status.message if status.http_status is None else ""
    return [status_badge(status), message or None]


def attempt_words(attempt: AttemptStatus, now: datetime) -> list[Plain]:
    """One attempt on one line: its result, its time, and how long the response took."""
    took = None
    if attempt.response_time is not None and attempt.dispatch_time is not None:
        took = muted(f"after {duration(attempt.response_time - attempt.dispatch_time)}")
    ended = status_words(attempt.response_status) if attempt.response_status is not None else []
    if not ended and attempt.response_time is None:
        ended = ["sent" if attempt.dispatch_time is not None else "not sent yet"]
    instant = attempt.response_time or attempt.dispatch_time or attempt.schedule_time
    return [*ended, when(instant, now), took]


@looks(Status)
def _status(status: Status, now: datetime) -> Card:
    return Card(
        "Status",
        badge=status_badge(status),
        facts={"code": str(status.code), "message": status.message},
        sections=json_section("details", status.details),
    )


@looks(AttemptStatus)
def _attempt(attempt: AttemptStatus, now: datetime) -> Card:
    status = attempt.response_status
    return Card(
        "Attempt",
        badge=status_badge(status) if status is not None else badge("no response"),
        facts={
            "due": when(attempt.schedule_time, now),
            "sent": when(attempt.dispatch_time, now),
            "answered": when(attempt.response_time, now),
            "message": status.message if status is not None else None,
        },
        sections=json_section("details", status.details) if status is not None else (),
    )


@looks(TaskStatus)
def _task_status(status: TaskStatus, now: datetime) -> Card:
    return Card("Task status", facts=attempt_facts(status, now))


def attempt_facts(status: TaskStatus, now: datetime) -> dict[str, str | list[Plain] | None]:
    """The attempts so far: counts, the first one and the last one."""
    first, last = status.first_attempt_status, status.last_attempt_status
    sent, answered = status.attempt_dispatch_count, status.attempt_response_count
    return {
        "attempts": f"{counted(sent, 'attempt')}, {counted(answered, 'response')}"
        if sent or answered
        else "none yet",
        "first attempt": attempt_words(first, now) if first is not None else None,
        "last attempt": attempt_words(last, now) if last is not None else None,
    }
