"""The columns of every kind of table: name, Arrow type, and where the value comes from. One schema per kind.

Missing values are None here, `<NA>` in pandas, null in Arrow and Parquet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import pyarrow as pa

from ..model.json import Message
from ..model.location import Location
from ..model.queue import Queue, QueueStats, RateLimits, RetryConfig
from ..model.task import AttemptStatus, Task, TaskStatus

M = TypeVar("M", bound=Message)

TIME = pa.timestamp("us", tz="UTC")
SPAN = pa.duration("us")
TEXT = pa.string()
MAP = pa.map_(pa.string(), pa.string())

HIDDEN = "•••"
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization"})


class Columns(Generic[M]):
    """The columns of one kind of table, in order."""

    def __init__(self, *columns: tuple[str, pa.DataType, Callable[[M], Any]]) -> None:
        self.schema = pa.schema([(name, kind) for name, kind, _ in columns])
        self._values = [(kind, value) for _, kind, value in columns]

    def batch(self, rows: Sequence[M]) -> pa.RecordBatch:
        """Rows as one Arrow batch; no rows give an empty batch with every column."""
        arrays = [pa.array([value(row) for row in rows], kind) for kind, value in self._values]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


_NO_STATUS = TaskStatus()
_NO_ATTEMPT = AttemptStatus()


def _status(task: Task) -> TaskStatus:
    return task.status or _NO_STATUS


def _last(task: Task) -> AttemptStatus:
    return _status(task).last_attempt_status or _NO_ATTEMPT


def _segment(position: int) -> Callable[[Any], str]:
    return lambda message: str(message.name.split("/")[position])


def _headers(task: Task) -> list[tuple[str, str]] | None:
    if task.kind == "pull":
        return None
    return [(key, HIDDEN if key.lower() in _SECRET_HEADERS else value) for key, value in task.headers.items()]


TASKS: Columns[Task] = Columns(
    ("task_id", TEXT, _segment(-1)),
    ("queue", TEXT, _segment(5)),
    ("location", TEXT, _segment(3)),
    ("kind", TEXT, lambda t: t.kind),
    ("schedule_time", TIME, lambda t: t.schedule_time),
    ("create_time", TIME, lambda t: t.create_time),
    ("dispatch_count", pa.int32(), lambda t: _status(t).attempt_dispatch_count),
    ("response_count", pa.int32(), lambda t: _status(t).attempt_response_count),
    ("first_dispatch_time", TIME, lambda t: (_status(t).first_attempt_status or _NO_ATTEMPT).dispatch_time),
    ("last_schedule_time", TIME, lambda t: _last(t).schedule_time),
    ("last_dispatch_time", TIME, lambda t: _last(t).dispatch_time),
    ("last_response_time", TIME, lambda t: _last(t).response_time),
    ("last_code", pa.int32(), lambda t: s.code if (s := _last(t).response_status) else None),
    ("last_message", TEXT, lambda t: s.message if (s := _last(t).response_status) else None),
    ("method", TEXT, lambda t: t.method),
    ("url", TEXT, lambda t: t.url),
    ("headers", MAP, _headers),
    ("tag", TEXT, lambda t: t.tag),
    ("payload", pa.binary(), lambda t: t.payload),
    ("view", TEXT, lambda t: t.view or "BASIC"),
    ("name", TEXT, lambda t: t.name),
)

_NO_RATES = RateLimits()
_NO_RETRY = RetryConfig()
_NO_STATS = QueueStats()


def _rates(queue: Queue) -> RateLimits:
    return queue.rate_limits or _NO_RATES


def _retry(queue: Queue) -> RetryConfig:
    return queue.retry_config or _NO_RETRY


def _stat(field: str) -> Callable[[Queue], Any]:
    return lambda queue: getattr(queue.stats, field) if queue.stats is not None else None


QUEUES: Columns[Queue] = Columns(
    ("queue_id", TEXT, _segment(5)),
    ("location", TEXT, _segment(3)),
    ("kind", TEXT, lambda q: q.kind),
    ("state", TEXT, lambda q: q.state or None),
    ("rate_per_second", pa.float64(), lambda q: _rates(q).max_tasks_dispatched_per_second),
    ("max_burst", pa.int32(), lambda q: _rates(q).max_burst_size),
    ("max_concurrent", pa.int32(), lambda q: _rates(q).max_concurrent_tasks),
    ("max_attempts", pa.int32(), lambda q: None if _retry(q).unlimited_attempts else _retry(q).max_attempts),
    ("min_backoff", SPAN, lambda q: _retry(q).min_backoff),
    ("max_backoff", SPAN, lambda q: _retry(q).max_backoff),
    ("max_doublings", pa.int32(), lambda q: _retry(q).max_doublings),
    ("max_retry_duration", SPAN, lambda q: _retry(q).max_retry_duration),
    ("tasks_count", pa.int64(), _stat("tasks_count")),
    ("oldest_eta", TIME, _stat("oldest_estimated_arrival_time")),
    ("executed_last_minute", pa.int64(), _stat("executed_last_minute_count")),
    ("concurrent_dispatches", pa.int64(), _stat("concurrent_dispatches_count")),
    ("effective_rate", pa.float64(), _stat("effective_execution_rate")),
    ("purge_time", TIME, lambda q: q.purge_time),
    ("task_ttl", SPAN, lambda q: q.task_ttl),
    ("tombstone_ttl", SPAN, lambda q: q.tombstone_ttl),
    ("name", TEXT, lambda q: q.name),
)

LOCATIONS: Columns[Location] = Columns(
    ("location_id", TEXT, lambda place: place.id),
    ("display_name", TEXT, lambda place: place.display_name or None),
    ("labels", MAP, lambda place: list(place.labels.items())),
    ("metadata", MAP, lambda place: [(key, str(value)) for key, value in place.metadata.items()]),
    ("name", TEXT, lambda place: place.name),
)
