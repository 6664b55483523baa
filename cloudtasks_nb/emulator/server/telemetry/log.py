"""Reads the log entries of a project in order, in small steps."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from urllib.parse import unquote

from msgspec import Struct

from ..clock import to_us
from ..rules.attempts import Attempt
from ..services.telling import under_way
from ..store.happened import Batch, ToldQueue
from ..store.store import Store
from .entry import AUDIT_LOG, TASK_LOG, Entry, Key, audit_entry, entries_of
from .log_filter import LogFilter

AT_ONCE = 5_000  # entries that one call scans: about 0.1 s


class Found(Struct, frozen=True):
    """Entries, and the key to continue after; None at the end."""

    entries: list[Entry]
    after: Key | None


class Search(Struct, frozen=True):
    """A search: the project, the filter, the order, and the key to begin after."""

    project: str
    filter: LogFilter
    newest_first: bool = False
    after: Key | None = None


def search(store: Store, asked: Search, limit: int, sent: Iterable[Attempt] = ()) -> Found:
    """At most `limit` entries from the next AT_ONCE. `sent`: attempts that are under way."""
    found: list[Entry] = []
    seen = 0
    last: Entry | None = None
    for entry in _in_order(store, asked, sent):
        if asked.after is not None and not _is_behind(entry.key, asked):
            continue
        if len(found) == limit or seen == AT_ONCE:
            assert last is not None  # noqa: S101 - neither is zero
            return Found(found, last.key)
        seen, last = seen + 1, entry
        if asked.filter.matches(entry):
            found.append(entry)
    return Found(found, None)


def _is_behind(key: Key, asked: Search) -> bool:
    assert asked.after is not None  # noqa: S101
    return key < asked.after if asked.newest_first else key > asked.after


def _in_order(store: Store, asked: Search, sent: Iterable[Attempt]) -> Iterator[Entry]:
    """Merges overlapping sources: opens a source when the order reaches its first time."""
    sign = -1 if asked.newest_first else 1
    heap: list[tuple[Key, Entry]] = []
    last: Key | None = None
    sources = sorted(_sources(store, asked, sent), key=lambda source: sign * source.begins_us(sign))
    for source in [*sources, None]:
        while heap and (source is None or sign * heap[0][1].time_us < sign * source.begins_us(sign)):
            entry = heapq.heappop(heap)[1]
            if entry.key != last:  # an attempt that is under way may be recorded at this moment
                yield entry
            last = entry.key
        for entry in source.read() if source is not None else ():
            heapq.heappush(heap, (_place(entry.key, sign), entry))


def _place(key: Key, sign: int) -> Key:
    at_us, attempt, step, id = key
    return sign * at_us, sign * attempt, sign * step, sign * id


class _Source(Struct, frozen=True):
    """A source of entries, with its time span."""

    first_us: int
    last_us: int
    read: Callable[[], list[Entry]]

    def begins_us(self, sign: int) -> int:
        return self.first_us if sign > 0 else self.last_us


def _sources(store: Store, asked: Search, sent: Iterable[Attempt]) -> Iterator[_Source]:
    first_us, last_us = asked.filter.window_us()
    if asked.after is not None and asked.newest_first:
        last_us = min(last_us, asked.after[0])
    elif asked.after is not None:
        first_us = max(first_us, asked.after[0])
    logs = asked.filter.wanted("logName")
    queues = {queue.id: queue for queue in store.happened.queues(asked.project)}
    if logs is None or _names(logs, TASK_LOG):
        chosen = {id: queue for id, queue in queues.items() if _may_be_meant(queue, asked.filter)}
        tasks = _task_ids(asked.filter)
        for batch in store.happened.batches(chosen, first_us, last_us):
            yield _Source(
                batch.first_us, batch.last_us, partial(_read, store, batch, chosen[batch.queue], tasks)
            )
        names = {queue.name: queue for queue in chosen.values()}
        yield from (
            _Source(to_us(one.started), to_us(one.started), partial(_sent, one, names[one.queue.name]))
            for one in sent
            if one.logged and one.queue.name in names
        )
    if logs is None or _names(logs, AUDIT_LOG):
        told = {queue.name: queue.target_type for queue in queues.values()}
        for row, at_us, raw in store.happened.audited(asked.project, first_us, last_us):
            yield _Source(at_us, at_us, partial(_audited, row, at_us, raw, asked.project, told))


def _names(logs: tuple[str, ...], log: str) -> bool:
    return any(unquote(one).casefold().endswith(unquote(log)) for one in logs)


def _may_be_meant(queue: ToldQueue, filter: LogFilter) -> bool:
    """Whether the filter may match entries of a queue."""
    parts = queue.name.split("/")
    for label, part in (("queue_id", parts[5]), ("location", parts[3])):
        wanted = filter.wanted("resource", "labels", label)
        if wanted is not None and part.casefold() not in (one.casefold() for one in wanted):
            return False
    tasks = filter.wanted("jsonPayload", "task")
    return tasks is None or any(one.casefold().startswith(f"{queue.name}/".casefold()) for one in tasks)


def _task_ids(filter: LogFilter) -> frozenset[str] | None:
    """The ids of tasks that a filter names, in lower case; None if it names none."""
    wanted = filter.wanted("jsonPayload", "task")
    return None if wanted is None else frozenset(one.rpartition("/")[2].casefold() for one in wanted)


def _read(store: Store, batch: Batch, queue: ToldQueue, tasks: frozenset[str] | None) -> list[Entry]:
    return [
        entry
        for record in store.happened.records(batch)
        if record.logged and (tasks is None or record.task.casefold() in tasks)
        for entry in entries_of(record, queue)
    ]


def _sent(attempt: Attempt, queue: ToldQueue) -> list[Entry]:
    return list(entries_of(under_way(attempt), queue))


def _audited(row: int, at_us: int, raw: bytes, project: str, told: dict[str, str]) -> list[Entry]:
    return [audit_entry(row, at_us, raw, project, told)]
