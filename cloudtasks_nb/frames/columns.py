"""The columns of every kind of table: name, Arrow type, and the source of the values.

Values are read per page and column. A missing value is None here, `<NA>` in pandas, null in Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from typing import Any, Generic, TypeVar

import msgspec
import pyarrow as pa

from ..errors import ConfigError, DecodeError, InvalidArgument
from ..model.json import decode
from ..model.location import Location
from ..model.messages import ListLocationsResponse, ListQueuesResponse
from ..model.queue import Queue, QueueStats, RateLimits, RetryConfig
from .arrays import MAP, SPAN, TEXT, TIME, Few, Maps, alike, array_of, hidden_texts, repeated
from .resting import collector_rests
from .task_page import TIMES, TaskPage
from .task_rows import RequestRow, TaskRow, other_settings, read_tasks

P = TypeVar("P", bound=Sized)
Page = TypeVar("Page", contravariant=True)
R = TypeVar("R")


_UNITS = {SPAN: {"unit": "microseconds"}}  # for Parquet readers that see a duration as a number


class Column(msgspec.Struct, Generic[Page], frozen=True):
    """A column. `values` returns those of a page: a list, Maps, or an Arrow array. `hide` removes their secrets."""

    name: str
    type: pa.DataType
    values: Callable[[Page], Any]
    hide: Callable[[Any], Any] | None = None

    def hiding(self) -> Column[Page]:
        """The column with its secrets hidden."""
        values, hide = self.values, self.hide
        return self if hide is None else Column(self.name, self.type, lambda page: hide(values(page)))


def each(value: Callable[[R], Any]) -> Callable[[Sequence[R]], list[Any]]:
    """Values of a column, computed row by row."""
    return lambda rows: [value(row) for row in rows]


def maps(value: Callable[[R], dict[str, str]]) -> Callable[[Sequence[R]], Maps]:
    """Values of a column of maps, computed row by row."""
    return lambda rows: Maps(dict(enumerate(map(value, rows))), range(len(rows)))


def batch_of(columns: Sequence[Column[Page]], page: Page, schema: pa.Schema | None = None) -> pa.RecordBatch:
    """A page as one Arrow batch; pass `schema` to reuse it for each page. Errors: DecodeError."""
    arrays = [_array(column, page) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=schema or schema_of(columns))


def _array(column: Column[Page], page: Page) -> pa.Array:
    try:
        return array_of(column.values(page), column.type)
    except (DecodeError, InvalidArgument, OverflowError, pa.ArrowInvalid) as error:
        raise DecodeError(
            f"The column {column.name!r} cannot hold this page: {getattr(error, 'message', error)}"
        ) from None


def schema_of(columns: Sequence[Column[Page]]) -> pa.Schema:
    """The schema of columns: names and types."""
    return pa.schema(
        [pa.field(column.name, column.type, metadata=_UNITS.get(column.type)) for column in columns]
    )


class Columns(Generic[P]):
    """The columns of a listing, and the reader of its pages. Secrets are hidden unless `secrets` is set."""

    def __init__(
        self,
        columns: Sequence[Column[P]],
        read: Callable[[bytes, int | None], P],
        of: Callable[[Sequence[Any]], Any] = lambda items: items,
        *,
        secrets: bool = False,
    ) -> None:
        self._whole = columns
        self.columns = columns if secrets else [column.hiding() for column in columns]
        self.schema = schema_of(columns)
        self._read = read
        self.of = of  # makes a page of items

    def chosen(self, names: Sequence[str] | None, *, secrets: bool = False) -> Columns[P]:
        """The columns with these names, in this order; None for all. Errors: ConfigError for an unknown name."""
        known = {column.name: column for column in self._whole}
        if isinstance(names, str) or (names is not None and not set(names) <= set(known)):
            raise ConfigError(
                f"columns={names!r} names a column that does not exist.",
                hint=f"columns are {', '.join(known)}",
            )
        if names is not None and not names:
            raise ConfigError("columns=[] names no column.", hint=f"columns are {', '.join(known)}")
        picked = self._whole if names is None else [known[name] for name in dict.fromkeys(names)]
        return Columns(picked, self._read, self.of, secrets=secrets)

    def read(self, raw: bytes, limit: int | None = None) -> P:
        """The items of a page's JSON, or the first `limit` of them. Errors: DecodeError."""
        with collector_rests():
            return self._read(raw, limit)

    def batch(self, page: P) -> pa.RecordBatch:
        """A page as one Arrow batch; an empty page gives an empty batch with every column. Errors: DecodeError."""
        with collector_rests():
            return batch_of(self.columns, page, self.schema)


def _kind(task: TaskRow) -> str:
    """The kind of a task without an HTTP request, as in model.Task."""
    if task.app_engine_http_request is not None:
        return "app_engine"
    return "pull" if task.pull_message is not None or task.create_time is not None else "http"


def _headers(requests: Sequence[RequestRow | None]) -> Maps:
    """The headers of tasks. They often repeat, so each distinct JSON is decoded once."""
    texts = _texts_of([request.headers for request in requests if request is not None])
    different = dict.fromkeys(texts)
    every = b"[%s]" % b",".join(text or b"{}" for text in different)
    maps = dict(zip(different, decode(every, list[dict[str, str]]), strict=True))
    if len(texts) == len(requests):
        return Maps(maps, texts)
    several = iter(texts)
    return Maps(maps, [None if request is None else next(several) for request in requests])


def _texts_of(raws: list[msgspec.Raw]) -> list[bytes]:
    """The texts of JSON values. One join and a split take half the time of converting each."""
    texts = b"\0".join(raws).split(b"\0")
    if len(texts) == len(raws):
        return texts
    return list(map(bytes, raws))  # none, or a hostile page with a NUL, which JSON does not have


def _kinds(page: TaskPage) -> Any:
    if page.all_http:
        return repeated("http", len(page))
    return ["http" if task.http_request else _kind(task) for task in page.tasks]


def _views(page: TaskPage) -> Any:
    if None not in page.payloads:
        return repeated("FULL", len(page))
    # Without a payload (as v2 lists pull tasks), the other settings are incomplete too.
    return ["BASIC" if one is None else "FULL" for one in page.payloads]


def _time(name: str) -> Column[TaskPage]:
    return Column(name, TIME, lambda page: page.times(name))


def _of_queues(page: TaskPage, part: str) -> Any:
    if page.queue is not None:
        return repeated(getattr(page.queue, part), len(page))
    return [getattr(queue, part) for queue in page.queues]


def _methods(page: TaskPage) -> Any:
    return alike([(one.http_method or "POST") if one else None for one in page.requests])


def _urls(page: TaskPage) -> list[str | None]:
    return [(one.url or one.relative_url or one.relative_uri) if one else None for one in page.requests]


def _tags(page: TaskPage) -> Any:
    if page.all_http:
        return pa.nulls(len(page), TEXT)
    return [(pull.tag or None) if (pull := task.pull_message) else None for task in page.tasks]


TASK_COLUMNS: list[Column[TaskPage]] = [
    Column("task_id", TEXT, lambda page: page.ids),
    Column("queue", TEXT, lambda page: _of_queues(page, "queue")),
    Column("location", TEXT, lambda page: _of_queues(page, "location")),
    Column("kind", TEXT, _kinds),
    *map(_time, TIMES[:2]),
    Column("dispatch_count", pa.int32(), lambda page: [one.attempt_dispatch_count for one in page.attempts]),
    Column("response_count", pa.int32(), lambda page: [one.attempt_response_count for one in page.attempts]),
    *map(_time, TIMES[2:]),
    Column(
        "last_code", pa.int32(), lambda page: page.few([one.code if one else None for one in page.answers])
    ),
    Column(
        "last_message",
        TEXT,
        lambda page: page.few([one.message if one else None for one in page.answers]),
        Few.hidden,
    ),
    Column("method", TEXT, _methods),
    Column("url", TEXT, _urls, hidden_texts),
    Column("headers", MAP, lambda page: _headers(page.requests), Maps.hidden),
    Column("tag", TEXT, _tags),
    Column("payload", pa.binary(), lambda page: page.payloads),
    Column("view", TEXT, _views),
    Column("settings", TEXT, lambda page: alike(other_settings(page.tasks, page.requests))),
    Column("name", TEXT, lambda page: page.names),
]
TASKS = Columns(TASK_COLUMNS, lambda raw, limit: TaskPage(read_tasks(raw)[:limit]), TaskPage.of)


_NO_RATES = RateLimits()
_NO_RETRY = RetryConfig()


def _rates(queue: Queue) -> RateLimits:
    return queue.rate_limits or _NO_RATES


def _retry(queue: Queue) -> RetryConfig:
    return queue.retry_config or _NO_RETRY


def _estimates(value: Callable[[QueueStats], Any]) -> Callable[[Sequence[Queue]], list[Any]]:
    return lambda queues: [value(queue.stats) if queue.stats is not None else None for queue in queues]


QUEUE_COLUMNS: list[Column[Sequence[Queue]]] = [
    Column("queue_id", TEXT, each(lambda queue: queue.id)),
    Column("location", TEXT, each(lambda queue: queue.location)),
    Column("kind", TEXT, each(lambda queue: queue.kind)),
    Column("state", TEXT, each(lambda queue: queue.state or None)),
    Column(
        "rate_per_second", pa.float64(), each(lambda queue: _rates(queue).max_tasks_dispatched_per_second)
    ),
    Column("max_burst", pa.int32(), each(lambda queue: _rates(queue).max_burst_size)),
    Column("max_concurrent", pa.int32(), each(lambda queue: _rates(queue).max_concurrent_tasks)),
    Column(
        "max_attempts",
        pa.int32(),
        each(lambda queue: None if _retry(queue).unlimited_attempts else _retry(queue).max_attempts),
    ),
    Column("min_backoff", SPAN, each(lambda queue: _retry(queue).min_backoff)),
    Column("max_backoff", SPAN, each(lambda queue: _retry(queue).max_backoff)),
    Column("max_doublings", pa.int32(), each(lambda queue: _retry(queue).max_doublings)),
    Column("max_retry_duration", SPAN, each(lambda queue: _retry(queue).max_retry_duration)),
    Column("tasks_count", pa.int64(), _estimates(lambda stats: stats.tasks_count)),
    Column("oldest_eta", TIME, _estimates(lambda stats: stats.oldest_estimated_arrival_time)),
    Column("executed_last_minute", pa.int64(), _estimates(lambda stats: stats.executed_last_minute_count)),
    Column("concurrent_dispatches", pa.int64(), _estimates(lambda stats: stats.concurrent_dispatches_count)),
    Column("effective_rate", pa.float64(), _estimates(lambda stats: stats.effective_execution_rate)),
    Column("purge_time", TIME, each(lambda queue: queue.purge_time)),
    Column("task_ttl", SPAN, each(lambda queue: queue.task_ttl)),
    Column("tombstone_ttl", SPAN, each(lambda queue: queue.tombstone_ttl)),
    Column("name", TEXT, each(lambda queue: queue.name)),
]
QUEUES = Columns(QUEUE_COLUMNS, lambda raw, limit: decode(raw, ListQueuesResponse).queues[:limit])

LOCATION_COLUMNS: list[Column[Sequence[Location]]] = [
    Column("location_id", TEXT, each(lambda place: place.id)),
    Column("display_name", TEXT, each(lambda place: place.display_name or None)),
    Column("labels", MAP, maps(lambda place: place.labels), Maps.hidden),
    Column(
        "metadata",
        MAP,
        maps(lambda place: {key: str(value) for key, value in place.metadata.items()}),
        Maps.hidden,
    ),
    Column("name", TEXT, each(lambda place: place.name)),
]
LOCATIONS = Columns(LOCATION_COLUMNS, lambda raw, limit: decode(raw, ListLocationsResponse).locations[:limit])
