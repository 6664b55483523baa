"""The columns of a backup: those of a table of tasks, and each task whole."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.json import decode, encode
from ..model.messages import ListTasksResponse
from ..model.task import Task
from .arrays import TEXT
from .columns import TASK_COLUMNS, Column, Columns, TaskPage
from .task_rows import TaskRow, read_tasks

WHOLE = "task"
"""A task's JSON as the API gave it, credentials in headers included, but for its payload, which has a column."""


class BackupPage(TaskPage):
    """Tasks of a page, and each of them whole."""

    def __init__(self, tasks: Sequence[TaskRow], whole: Sequence[Task]) -> None:
        super().__init__(tasks)
        self.whole = whole


def _read(raw: bytes, limit: int | None) -> BackupPage:
    return BackupPage(read_tasks(raw)[:limit], decode(raw, ListTasksResponse).tasks[:limit])


def _set_payload(task: Task, payload: bytes | None) -> None:
    if (request := task.http_request) is not None:
        request.body = payload
    elif (holder := task.app_engine_http_request or task.pull_message) is not None:
        holder.payload = payload


def _without_payload(task: Task) -> str:
    _set_payload(task, None)
    return encode(task).decode()


def whole_task(text: str | None, payload: bytes | None) -> Task:
    """A task out of its two columns. Errors: DecodeError."""
    task = decode((text or "").encode(), Task)
    if payload:
        _set_payload(task, payload)
    return task


BACKUP_COLUMNS: list[Column[BackupPage]] = [
    *TASK_COLUMNS,
    Column(WHOLE, TEXT, lambda page: [_without_payload(task) for task in page.whole]),
]
BACKUP = Columns(BACKUP_COLUMNS, _read)
