"""The columns of tasks, in tables and in the task browser: the heads and the values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from ..model import Task
from .payload import preview
from .queue import KIND_WORDS, parts


class TaskColumn(Struct, frozen=True):
    """A column: its head, how the task browser shows it, and its value (None if the task has none)."""

    head: str
    look: Literal["text", "target", "time", "number", "status"]
    value: Callable[[Task], Any]


def _status(task: Task) -> tuple[int, str] | None:
    return (task.last_status.code, task.last_status.message) if task.last_status is not None else None


def _last_attempt(task: Task) -> datetime | None:
    last = task.status.last_attempt_status if task.status is not None else None
    return (last.response_time or last.dispatch_time) if last is not None else None


TASK_COLUMNS: dict[str, TaskColumn] = {
    "task": TaskColumn("task", "text", lambda task: task.id),
    "queue": TaskColumn("queue", "text", lambda task: parts(task.name).get("queues")),
    "kind": TaskColumn("kind", "text", lambda task: KIND_WORDS[task.kind]),
    "method": TaskColumn("method", "text", lambda task: task.method),
    "target": TaskColumn("target", "target", lambda task: task.url or None),
    "tag": TaskColumn("tag", "text", lambda task: task.tag),
    "schedule": TaskColumn("schedule", "time", lambda task: task.schedule_time),
    "created": TaskColumn("created", "time", lambda task: task.create_time),
    "attempts": TaskColumn("attempts", "number", lambda task: task.dispatch_count),
    "responses": TaskColumn("responses", "number", lambda task: task.response_count),
    "last_attempt": TaskColumn("last attempt", "time", _last_attempt),
    "status": TaskColumn("last status", "status", _status),
    "message": TaskColumn(
        "message", "text", lambda task: (task.last_status.message or None) if task.last_status else None
    ),
    "payload": TaskColumn(
        "payload", "text", lambda task: preview(task.payload) if task.payload is not None else None
    ),
}
"""Every column, in display order."""
