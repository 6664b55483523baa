"""The database: tasks, tombstones and the statistics over them. SQLite only; `now` is an argument."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from ..model import Int64, QueueStats
from .clock import from_us, to_us
from .task_json import Listed, TaskRow

_SELECT = (
    "SELECT row, id, first_us, schedule_us, create_us, expire_us, tag, dispatch_count, response_count, "
    "execution_count, previous_code, attempts, head"
)
_LIST = "SELECT id, schedule_us, create_us, dispatch_count, response_count, attempts"
_MINUTE = timedelta(minutes=1)


class Order(Struct, frozen=True):
    """An order of tasks: the columns of its key, the last of them the id, and what an index needs to serve it."""

    columns: tuple[str, ...]
    where: str = ""


BY_FIRST = Order(("first_us", "id"))
BY_SCHEDULE = Order(("schedule_us", "id"))
BY_TAG = Order(("tag", "first_us", "id"), " AND tag IS NOT NULL")


class NewTask(Struct, frozen=True):
    """A task to store. See schema.sql."""

    id: str
    schedule_us: int
    create_us: int
    expire_us: int
    tag: str | None
    head: str
    payload: str


class TaskStore:
    """Tasks by the number of their queue."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, queue: int, id: str) -> TaskRow | None:
        sql = f"{_SELECT}, payload FROM tasks WHERE queue = ? AND id = ?"
        found = self._db.execute(sql, (queue, id)).fetchone()
        return TaskRow(*found) if found else None

    def page(
        self, queue: int, order: Order, after: list[Any] | None, limit: int, *, payloads: bool
    ) -> list[Listed]:
        """At most `limit` tasks behind the key `after`, each with as little as its JSON needs."""
        keys = ", ".join(order.columns)
        behind = f" AND ({keys}) > ({', '.join('?' * len(order.columns))})" if after is not None else ""
        sql = (
            f"{_LIST}, {'head || payload' if payloads else 'head'} FROM tasks "
            f"WHERE queue = ?{order.where}{behind} ORDER BY {keys} LIMIT ?"
        )
        return self._db.execute(sql, (queue, *(after or ()), limit)).fetchall()

    def add(self, queue: int, task: NewTask) -> bool:
        """Stores it, unless a task with its id is there."""
        added = self._db.execute(
            "INSERT OR IGNORE INTO tasks (queue, id, first_us, schedule_us, create_us, expire_us, tag, head, payload) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                queue, task.id, task.schedule_us, task.schedule_us, task.create_us, task.expire_us, task.tag,
                task.head, task.payload,
            ),
        )  # fmt: skip
        return added.rowcount == 1

    def remove(self, queue: int, id: str, tombstone_until: datetime) -> bool:
        """Removes it and blocks its name; False when it was not there."""
        if self._db.execute("DELETE FROM tasks WHERE queue = ? AND id = ?", (queue, id)).rowcount == 0:
            return False
        self._db.execute("REPLACE INTO tombstones VALUES (?, ?, ?)", (queue, id, to_us(tombstone_until)))
        return True

    def purge(self, queue: int, tombstones_until: datetime) -> None:
        """Removes all tasks of a queue and blocks their names."""
        self._db.execute(
            "REPLACE INTO tombstones SELECT queue, id, ? FROM tasks WHERE queue = ?",
            (to_us(tombstones_until), queue),
        )
        self._db.execute("DELETE FROM tasks WHERE queue = ?", (queue,))

    def has_tombstone(self, queue: int, id: str, now: datetime) -> bool:
        sql = "SELECT 1 FROM tombstones WHERE queue = ? AND id = ? AND until_us > ?"
        return self._db.execute(sql, (queue, id, to_us(now))).fetchone() is not None

    def next_expiry(self) -> datetime | None:
        """When the next task, or tombstone, ends by itself."""
        sql = "SELECT min(u) FROM (SELECT min(expire_us) u FROM tasks UNION ALL SELECT min(until_us) FROM tombstones)"
        (expiry_us,) = self._db.execute(sql).fetchone()
        return None if expiry_us is None else from_us(expiry_us)

    def expire(self, now: datetime) -> None:
        """Ends tasks that outlived their queue's taskTtl, and tombstones that are over."""
        now_us = to_us(now)
        self._db.execute(
            "REPLACE INTO tombstones SELECT t.queue, t.id, ?1 + CAST(1000000 * "
            "rtrim(json_extract(q.config, '$.tombstoneTtl'), 's') AS INTEGER) "
            "FROM tasks t JOIN queues q ON q.id = t.queue WHERE t.expire_us <= ?1",
            (now_us,),
        )
        self._db.execute("DELETE FROM tasks WHERE expire_us <= ?", (now_us,))
        self._db.execute("DELETE FROM tombstones WHERE until_us <= ?", (now_us,))

    def due(self, queue: int, now: datetime, tag: str | None, *, payloads: bool) -> Generator[TaskRow]:
        """The tasks that are due, oldest first; of one tag only, where that is given. To be closed."""
        sql = (
            f"{_SELECT}, {'payload' if payloads else repr('')} FROM tasks "
            f"WHERE queue = ? AND schedule_us <= ?{'' if tag is None else ' AND tag = ?'} ORDER BY schedule_us, id"
        )
        with closing(self._db.execute(sql, (queue, to_us(now), *(() if tag is None else (tag,))))) as found:
            for columns in found:
                yield TaskRow(*columns)

    def oldest_tag(self, queue: int, now: datetime) -> str | None:
        """The tag of the task that is due longest."""
        sql = "SELECT tag FROM tasks WHERE queue = ? AND schedule_us <= ? ORDER BY schedule_us, id LIMIT 1"
        found = self._db.execute(sql, (queue, to_us(now))).fetchone()
        return found[0] if found else None

    def lease(self, rows: Iterable[int], until: datetime) -> None:
        sql = "UPDATE tasks SET schedule_us = ?, dispatch_count = dispatch_count + 1 WHERE row = ?"
        self._db.executemany(sql, [(to_us(until), row) for row in rows])

    def reschedule(self, row: int, due: datetime) -> None:
        self._db.execute("UPDATE tasks SET schedule_us = ? WHERE row = ?", (to_us(due), row))

    def begin_attempt(self, row: int, attempts: str) -> None:
        self._db.execute(
            "UPDATE tasks SET dispatch_count = dispatch_count + 1, in_flight = in_flight + 1, attempts = ? "
            "WHERE row = ?",
            (attempts, row),
        )

    def end_attempt(
        self, row: int, attempts: str, schedule: datetime, code: int | None, *, answered: bool, executed: bool
    ) -> None:
        """Records a failed attempt and when the task is due again."""
        self._db.execute(
            "UPDATE tasks SET in_flight = max(0, in_flight - 1), attempts = ?, schedule_us = ?, previous_code = ?, "
            "response_count = response_count + ?, execution_count = execution_count + ? WHERE row = ?",
            (attempts, to_us(schedule), code, answered, executed, row),
        )

    def count_answer(self, queue: int, now: datetime) -> None:
        """Notes that an attempt ended, for the statistics; those of earlier minutes are dropped."""
        self._db.execute(
            "DELETE FROM answers WHERE queue = ? AND answer_us <= ?", (queue, to_us(now - _MINUTE))
        )
        self._db.execute("INSERT INTO answers SELECT id, ? FROM queues WHERE id = ?", (to_us(now), queue))

    def stats(self, queue: int, now: datetime) -> QueueStats:
        """What the queue holds and does; the effective rate is for the caller to say."""
        count, oldest_us = self._db.execute(
            "SELECT count(*), min(schedule_us) FROM tasks INDEXED BY tasks_by_schedule WHERE queue = ?",
            (queue,),
        ).fetchone()
        (in_flight,) = self._db.execute(
            "SELECT coalesce(sum(in_flight), 0) FROM tasks WHERE queue = ? AND in_flight > 0", (queue,)
        ).fetchone()
        (executed,) = self._db.execute(
            "SELECT count(*) FROM answers WHERE queue = ? AND answer_us > ?", (queue, to_us(now - _MINUTE))
        ).fetchone()
        counts = {
            "tasks_count": count,
            "executed_last_minute_count": executed,
            "concurrent_dispatches_count": in_flight,
        }
        return QueueStats(
            oldest_estimated_arrival_time=None if oldest_us is None else from_us(oldest_us),
            **{
                name: Int64(number) for name, number in counts.items() if number
            },  # a zero is left out, as in proto JSON
        )
