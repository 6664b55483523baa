"""The columns of attempts and of received requests. Imports pyarrow: load on first use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from ...frames import Column, each, maps
from ...frames.arrays import MAP, TEXT, TIME
from ...model import Status
from ...redact import redacted, scrub, scrub_lines
from .history import without_secrets

if TYPE_CHECKING:
    from ...model.emulated import AttemptRecord
    from .received import Received


def _status(value: Callable[[Status], str]) -> Callable[[Sequence[AttemptRecord]], list[str | None]]:
    return each(lambda one: value(one.status) if one.status is not None else None)


HISTORY: list[Column[Sequence[AttemptRecord]]] = [
    Column("task", TEXT, each(lambda one: one.task.rpartition("/")[2])),
    Column("attempt", pa.int64(), each(lambda one: one.attempt)),
    Column("scheduled", TIME, each(lambda one: one.schedule_time)),
    Column("sent", TIME, each(lambda one: one.dispatch_time)),
    Column("answered", TIME, each(lambda one: one.response_time)),
    Column(
        "took_s", pa.float64(), each(lambda one: one.took.total_seconds() if one.took is not None else None)
    ),
    Column("code", pa.int64(), each(lambda one: one.code)),
    Column("status", TEXT, _status(lambda status: status.code_name)),
    Column("message", TEXT, _status(lambda status: scrub(status.message))),
    Column("answer", TEXT, each(lambda one: without_secrets(one.answer) or None)),
    Column("outcome", TEXT, each(lambda one: one.outcome)),
    Column("retry_at", TIME, each(lambda one: one.retry_time)),
]
REQUESTS: list[Column[Sequence[Received]]] = [
    Column("number", pa.int64(), each(lambda one: one.number)),
    Column("received", TIME, each(lambda one: one.received)),
    Column("method", TEXT, each(lambda one: one.method)),
    Column("path", TEXT, each(lambda one: one.path)),
    Column("query", TEXT, each(lambda one: scrub_lines(one.query))),
    Column("queue", TEXT, each(lambda one: one.queue or None)),
    Column("task", TEXT, each(lambda one: one.task or None)),
    Column("attempt", pa.int64(), each(lambda one: one.attempt)),
    Column("headers", MAP, maps(lambda one: redacted(one.headers))),
    Column("payload", pa.binary(), each(lambda one: one.payload)),
    Column("answer", pa.int64(), each(lambda one: one.answer)),
    Column("error", TEXT, each(lambda one: one.error_words() if one.error is not None else None)),
]
