"""The columns of a backup: those of a table of tasks, and each task whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from ..model.json import Message, decode, encode
from ..model.task import Task
from .arrays import TEXT
from .columns import TASKS, Columns
from .task_rows import TaskRow

WHOLE = "task"
"""A task's JSON as the API gave it, credentials in headers included, but for its payload, which has a column."""


class _Page(Message):
    tasks: list[Task] = []


class _Row(msgspec.Struct):
    shown: TaskRow
    whole: Task


def _read(raw: bytes) -> Sequence[_Row]:
    whole = decode(raw, _Page).tasks
    return [_Row(row, task) for row, task in zip(TASKS.read(raw), whole, strict=True)]


def _values(rows: Sequence[_Row]) -> dict[str, Any]:
    values = TASKS.values([row.shown for row in rows])
    return {**values, WHOLE: [_without_payload(row.whole) for row in rows]}


def _without_payload(task: Task) -> str:
    for holder, field in (
        (task.http_request, "body"),
        (task.app_engine_http_request, "payload"),
        (task.pull_message, "payload"),
    ):
        if holder is not None:
            setattr(holder, field, None)
    return encode(task).decode()


def whole_task(text: str, payload: bytes | None) -> Task:
    """A task out of its two columns. Errors: DecodeError."""
    task = decode(text.encode(), Task)
    if payload:
        if task.pull_message is not None:
            task.pull_message.payload = payload
        elif task.app_engine_http_request is not None:
            task.app_engine_http_request.payload = payload
        elif task.http_request is not None:
            task.http_request.body = payload
    return task


def backup_columns(metadata: dict[bytes, bytes]) -> Columns[_Row]:
    """The columns of one backup, whose file says what `metadata` says."""
    types = {field.name: field.type for field in TASKS.schema} | {WHOLE: TEXT}
    columns = Columns("tasks", types, _read, _values)
    columns.schema = pa.schema(list(types.items()), metadata=metadata)
    return columns
