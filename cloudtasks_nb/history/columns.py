"""The columns of history tables: log entries, tasks, admin calls, metrics. Imports pyarrow: load on first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from ..frames import Column, Columns, each
from ..frames.arrays import SPAN, TEXT, TIME, hidden_texts
from ..redact import redacted
from .audit import AuditEvent
from .entries import LogEntry, read_entries
from .figures import Moment
from .measures import Measure
from .report import Report
from .verdicts import LoggedTask


def _more(entries: Sequence[LogEntry]) -> list[str | None]:
    return [
        msgspec.json.encode(redacted(dict(entry.more))).decode() if entry.more else None for entry in entries
    ]


LOG: Columns[Sequence[LogEntry]] = Columns(
    [
        Column("time", TIME, each(lambda one: one.time)),
        Column("kind", TEXT, each(lambda one: one.kind)),
        Column("task", TEXT, each(lambda one: one.task or None)),
        Column("status", TEXT, each(lambda one: one.status or None)),
        Column("attempt", pa.int64(), each(lambda one: one.attempt)),
        Column("responses", pa.int64(), each(lambda one: one.responses)),
        Column("scheduled", TIME, each(lambda one: one.scheduled)),
        Column("retry_at", TIME, each(lambda one: one.retry_at)),
        Column("took", SPAN, each(lambda one: one.took)),
        Column("method", TEXT, each(lambda one: one.method or None)),
        Column("url", TEXT, each(lambda one: one.url or None), hidden_texts),
        Column("target_type", TEXT, each(lambda one: one.target_type or None)),
        Column("severity", TEXT, each(lambda one: one.severity or None)),
        Column("insert_id", TEXT, each(lambda one: one.insert_id or None)),
        Column("more", TEXT, _more),
        Column("name", TEXT, each(lambda one: one.name or None)),
    ],
    lambda raw, limit: read_entries(raw)[:limit],
)
LOGGED_TASKS: Columns[Sequence[LoggedTask]] = Columns(
    [
        Column("task", TEXT, each(lambda one: one.task)),
        Column("created", TIME, each(lambda one: one.created)),
        Column("first_dispatch", TIME, each(lambda one: one.first_dispatch)),
        Column("last_answer", TIME, each(lambda one: one.last_answer)),
        Column("attempts", pa.int64(), each(lambda one: one.attempts)),
        Column("last_status", TEXT, each(lambda one: one.last_status or None)),
        Column("retry_at", TIME, each(lambda one: one.retry_at)),
        Column("outcome", TEXT, each(lambda one: one.outcome)),
        Column("why", TEXT, each(lambda one: one.why or None)),
        Column("waited", SPAN, each(lambda one: one.waited)),
        Column("total", SPAN, each(lambda one: one.total)),
        Column("name", TEXT, each(lambda one: one.name)),
    ],
    lambda raw, limit: [],
)
AUDIT: Columns[Sequence[AuditEvent]] = Columns(
    [
        Column("time", TIME, each(lambda one: one.time)),
        Column("action", TEXT, each(lambda one: one.action)),
        Column("who", TEXT, each(lambda one: one.who or None)),
        Column("queue", TEXT, each(lambda one: one.queue or None)),
        Column("location", TEXT, each(lambda one: one.location or None)),
        Column("status", TEXT, each(lambda one: one.status or None)),
        Column("method", TEXT, each(lambda one: one.method)),
        Column("name", TEXT, each(lambda one: one.name)),
    ],
    lambda raw, limit: [],
)


def plain_columns(*columns: Column[Any]) -> Columns[Any]:
    """Columns for rows that are already in memory."""
    return Columns(columns, lambda raw, limit: [])


MOMENTS: Columns[Sequence[Moment]] = plain_columns(
    Column("time", TIME, each(lambda one: one.time)),
    Column("depth", pa.int64(), each(lambda one: one.depth)),
    Column("attempts", pa.int64(), each(lambda one: one.attempts)),
    Column("succeeded", pa.int64(), each(lambda one: one.succeeded)),
    Column("failed", pa.int64(), each(lambda one: one.failed)),
)
MEASURES: Columns[Sequence[Measure]] = plain_columns(
    Column("time", TIME, each(lambda one: one.time)),
    Column("metric", TEXT, each(lambda one: one.metric)),
    Column("label", TEXT, each(lambda one: one.label or None)),
    Column("value", pa.float64(), each(lambda one: one.value)),
)
REPORTS: Columns[Sequence[Report]] = plain_columns(
    Column("queue", TEXT, each(lambda one: one.queue)),
    Column("location", TEXT, each(lambda one: one.location)),
    Column("created", pa.int64(), each(lambda one: one.created)),
    Column("attempts", pa.int64(), each(lambda one: one.attempts)),
    Column("succeeded", pa.int64(), each(lambda one: one.succeeded)),
    Column("failed", pa.int64(), each(lambda one: one.failed)),
    Column("gone_without_success", pa.int64(), each(lambda one: one.gone_without_success)),
    Column("started", TIME, each(lambda one: one.started)),
    Column("finished", TIME, each(lambda one: one.finished)),
    Column("peak_depth", pa.int64(), each(lambda one: one.peak_depth)),
    Column("delay_p50", SPAN, each(lambda one: one.delay_p50)),
    Column("delay_p95", SPAN, each(lambda one: one.delay_p95)),
    Column("delay_p99", SPAN, each(lambda one: one.delay_p99)),
    Column("name", TEXT, each(lambda one: one.name)),
)
