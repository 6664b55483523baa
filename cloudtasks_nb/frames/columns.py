"""The columns of every kind of table: name, Arrow type, and where the values come from. One schema per kind.

Values are taken a page at a time, column by column. Missing ones are None here, `<NA>` in pandas, null in Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import pyarrow as pa

from ..model.json import Message, decode, encode
from ..model.location import Location
from ..model.messages import ListLocationsResponse, ListQueuesResponse
from ..model.queue import Queue, QueueStats, RateLimits, RetryConfig
from ..names import QueueName, parse_queue
from .arrays import MAP, SPAN, TEXT, TIME, Maps, array_of, instants
from .task_rows import AttemptRow, AttemptsRow, RequestRow, TaskRow, read_tasks

R = TypeVar("R")


class Columns(Generic[R]):
    """One kind of table. `read` finds the rows in a page's JSON, `values` gives a list per column."""

    def __init__(
        self,
        field: str,
        columns: dict[str, pa.DataType],
        read: Callable[[bytes], Sequence[R]],
        values: Callable[[Sequence[R]], dict[str, Any]],
    ) -> None:
        self.schema = pa.schema(list(columns.items()))
        self.read = read
        self._field = field
        self.values = values

    def batch(self, rows: Sequence[R]) -> pa.RecordBatch:
        """Rows as one Arrow batch; no rows give an empty batch with every column. Errors: DecodeError."""
        values = self.values(rows)
        arrays = [array_of(values[field.name], field.type) for field in self.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def flat_batch(self, rows: Sequence[R]) -> tuple[pa.RecordBatch, dict[str, Maps]]:
        """Rows as an Arrow batch of all columns but the maps, and the maps. Errors: DecodeError."""
        values = self.values(rows)
        maps = {name: column for name, column in values.items() if isinstance(column, Maps)}
        flat = pa.schema([field for field in self.schema if field.name not in maps])
        arrays = [array_of(values[field.name], field.type) for field in flat]
        return pa.RecordBatch.from_arrays(arrays, schema=flat), maps

    def rows_of(self, messages: Sequence[Message]) -> Sequence[R]:
        """Rows of messages at hand: written as a page, and read like one."""
        return self.read(encode({self._field: messages}))


def _headers(requests: Sequence[RequestRow | None]) -> Maps:
    """Headers repeat from task to task: each different JSON is decoded once."""
    different: dict[bytes, int] = {}
    places = [
        different.setdefault(bytes(request.headers), len(different)) if request is not None else None
        for request in requests
    ]
    return Maps([decode(raw, dict[str, str]) if raw else {} for raw in different], places)


def _all(dicts: list[dict[str, str]]) -> Maps:
    return Maps(dicts, range(len(dicts)))


_NO_ATTEMPTS = AttemptsRow()
_NO_ATTEMPT = AttemptRow()


def _task_values(tasks: Sequence[TaskRow]) -> dict[str, Any]:
    names = [task.name for task in tasks]
    queues, ids = _split_names(names)
    requests = [task.http_request or task.app_engine_http_request for task in tasks]
    attempts = [task.status or _NO_ATTEMPTS for task in tasks]
    lasts = [status.last_attempt_status or _NO_ATTEMPT for status in attempts]
    answers = [last.response_status for last in lasts]
    return {
        "task_id": ids,
        "queue": [queue.queue for queue in queues],
        "location": [queue.location for queue in queues],
        "kind": [
            "http"
            if task.http_request
            else "app_engine"
            if task.app_engine_http_request
            else _without_request(task)
            for task in tasks
        ],
        "schedule_time": instants([task.schedule_time for task in tasks]),
        "create_time": instants([task.create_time for task in tasks]),
        "dispatch_count": [status.attempt_dispatch_count for status in attempts],
        "response_count": [status.attempt_response_count for status in attempts],
        "first_dispatch_time": instants(
            [(status.first_attempt_status or _NO_ATTEMPT).dispatch_time for status in attempts]
        ),
        "last_schedule_time": instants([last.schedule_time for last in lasts]),
        "last_dispatch_time": instants([last.dispatch_time for last in lasts]),
        "last_response_time": instants([last.response_time for last in lasts]),
        "last_code": [answer.code if answer else None for answer in answers],
        "last_message": [answer.message if answer else None for answer in answers],
        "method": [(request.http_method or "POST") if request else None for request in requests],
        "url": [(request.url or request.relative_url) if request else None for request in requests],
        "headers": _headers(requests),
        "tag": [(task.pull_message.tag or None) if task.pull_message else None for task in tasks],
        "payload": [task.payload for task in tasks],
        "view": [task.view or "BASIC" for task in tasks],
        "name": names,
    }


def _without_request(task: TaskRow) -> str:
    """The kind of such a task: as model.Task says it."""
    return "pull" if task.pull_message is not None or task.create_time is not None else "http"


def _split_names(names: list[str]) -> tuple[list[QueueName], list[str]]:
    """Each name as its queue and its id. A page holds one queue as a rule: its name is parsed once."""
    prefix = names[0].rpartition("/")[0] + "/" if names else ""
    if prefix.endswith("/tasks/") and all(name.startswith(prefix) for name in names):
        queue = parse_queue(prefix.removesuffix("/tasks/"))
        return [queue] * len(names), [name[len(prefix) :] for name in names]
    parsed: dict[str, QueueName] = {}
    queues, ids = [], []
    for name in names:
        head, _, task_id = name.rpartition("/tasks/")
        if head not in parsed:
            parsed[head] = parse_queue(head)
        queues.append(parsed[head])
        ids.append(task_id)
    return queues, ids


TASKS: Columns[TaskRow] = Columns(
    "tasks",
    {
        "task_id": TEXT,
        "queue": TEXT,
        "location": TEXT,
        "kind": TEXT,
        "schedule_time": TIME,
        "create_time": TIME,
        "dispatch_count": pa.int32(),
        "response_count": pa.int32(),
        "first_dispatch_time": TIME,
        "last_schedule_time": TIME,
        "last_dispatch_time": TIME,
        "last_response_time": TIME,
        "last_code": pa.int32(),
        "last_message": TEXT,
        "method": TEXT,
        "url": TEXT,
        "headers": MAP,
        "tag": TEXT,
        "payload": pa.binary(),
        "view": TEXT,
        "name": TEXT,
    },
    read_tasks,
    _task_values,
)

_NO_RATES = RateLimits()
_NO_RETRY = RetryConfig()


def _queue_values(queues: Sequence[Queue]) -> dict[str, Any]:
    rates = [queue.rate_limits or _NO_RATES for queue in queues]
    retries = [queue.retry_config or _NO_RETRY for queue in queues]
    stats: list[QueueStats | None] = [queue.stats for queue in queues]
    return {
        "queue_id": [queue.id for queue in queues],
        "location": [queue.location for queue in queues],
        "kind": [queue.kind for queue in queues],
        "state": [queue.state or None for queue in queues],
        "rate_per_second": [rate.max_tasks_dispatched_per_second for rate in rates],
        "max_burst": [rate.max_burst_size for rate in rates],
        "max_concurrent": [rate.max_concurrent_tasks for rate in rates],
        "max_attempts": [None if retry.unlimited_attempts else retry.max_attempts for retry in retries],
        "min_backoff": [retry.min_backoff for retry in retries],
        "max_backoff": [retry.max_backoff for retry in retries],
        "max_doublings": [retry.max_doublings for retry in retries],
        "max_retry_duration": [retry.max_retry_duration for retry in retries],
        "tasks_count": [stat and stat.tasks_count for stat in stats],
        "oldest_eta": [stat and stat.oldest_estimated_arrival_time for stat in stats],
        "executed_last_minute": [stat and stat.executed_last_minute_count for stat in stats],
        "concurrent_dispatches": [stat and stat.concurrent_dispatches_count for stat in stats],
        "effective_rate": [stat and stat.effective_execution_rate for stat in stats],
        "purge_time": [queue.purge_time for queue in queues],
        "task_ttl": [queue.task_ttl for queue in queues],
        "tombstone_ttl": [queue.tombstone_ttl for queue in queues],
        "name": [queue.name for queue in queues],
    }


QUEUES: Columns[Queue] = Columns(
    "queues",
    {
        "queue_id": TEXT,
        "location": TEXT,
        "kind": TEXT,
        "state": TEXT,
        "rate_per_second": pa.float64(),
        "max_burst": pa.int32(),
        "max_concurrent": pa.int32(),
        "max_attempts": pa.int32(),
        "min_backoff": SPAN,
        "max_backoff": SPAN,
        "max_doublings": pa.int32(),
        "max_retry_duration": SPAN,
        "tasks_count": pa.int64(),
        "oldest_eta": TIME,
        "executed_last_minute": pa.int64(),
        "concurrent_dispatches": pa.int64(),
        "effective_rate": pa.float64(),
        "purge_time": TIME,
        "task_ttl": SPAN,
        "tombstone_ttl": SPAN,
        "name": TEXT,
    },
    lambda raw: decode(raw, ListQueuesResponse).queues,
    _queue_values,
)


def _location_values(places: Sequence[Location]) -> dict[str, Any]:
    return {
        "location_id": [place.id for place in places],
        "display_name": [place.display_name or None for place in places],
        "labels": _all([place.labels for place in places]),
        "metadata": _all([{key: str(value) for key, value in place.metadata.items()} for place in places]),
        "name": [place.name for place in places],
    }


LOCATIONS: Columns[Location] = Columns(
    "locations",
    {"location_id": TEXT, "display_name": TEXT, "labels": MAP, "metadata": MAP, "name": TEXT},
    lambda raw: decode(raw, ListLocationsResponse).locations,
    _location_values,
)

BULK_RESULTS = pa.schema(
    {
        "index": pa.int64(),
        "name": TEXT,
        "ok": pa.bool_(),
        "code": pa.int32(),
        "message": TEXT,
        "attempts": pa.int32(),
    }
)
"""What became of the items of a bulk call; codes are those of google.rpc."""
