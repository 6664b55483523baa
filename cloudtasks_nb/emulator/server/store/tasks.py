"""Database: tasks, and statistics over them. SQLite only; `now` is an argument."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ....model import Int64, QueueStats
from ..clock import from_us, to_us
from .counts import Counts
from .task_json import Listed, StoredTask

_SELECT = (
    "SELECT row, id, first_us, schedule_us, create_us, expire_us, tag, dispatch_count, response_count, "
    "execution_count, previous_code, attempts, logged, head"
)
_LIST = "SELECT id, schedule_us, create_us, dispatch_count, response_count, attempts"
MAX_PAGE_BYTES = 32 * 1024 * 1024
_NAME_BYTES = 400  # for a task's name and times, about
TENTH_US = 100_000  # a tenth of a second: ended attempts are counted in steps of it
_MINUTE = 600


class Order(Struct, frozen=True):
    """An order of tasks: the columns of its key (the last one is the id), and the condition of its index."""

    columns: tuple[str, ...]
    where: str = ""

    def behind(self, after: list[Any] | None) -> str:
        """The end of a query for the tasks of a generation after a key, in this order."""
        keys = ", ".join(self.columns)
        key = f" AND ({keys}) > ({', '.join('?' * len(self.columns))})" if after is not None else ""
        return f"WHERE generation = ?{self.where}{key} ORDER BY {keys} LIMIT ?"


BY_FIRST = Order(("first_us", "id"))
BY_SCHEDULE = Order(("schedule_us", "id"))
BY_TAG = Order(("tag", "first_us", "id"), " AND tag IS NOT NULL")


class Brief(Struct, frozen=True):
    """The fields of a task that count when it ends. `head` is empty if the log does not show it."""

    id: str
    schedule_us: int
    logged: bool
    head: str
    row: int = 0
    dispatch_count: int = 0


class TaskStore:
    """Tasks by the number of their queue's generation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.counts = Counts(connection)
        self.left: set[int] = set()  # generations that this process purged or deleted, unless rolled back

    def get(self, generation: int, id: str) -> StoredTask | None:
        sql = f"{_SELECT}, payload FROM tasks WHERE generation = ? AND id = ?"
        found = self._db.execute(sql, (generation, id)).fetchone()
        return StoredTask(*found) if found else None

    def page(
        self,
        generation: int,
        order: Order,
        after: list[Any] | None,
        limit: int,
        *,
        payloads: bool,
        most_bytes: int = MAX_PAGE_BYTES,
    ) -> tuple[list[Listed], bool]:
        """At most `limit` tasks after the key `after`, with the fields that their JSON needs; and whether more follow.

        A page also ends when it exceeds `most_bytes`, so a thousand tasks of a megabyte do not fill the memory. It is
        at most one task larger than `most_bytes`.
        """
        sql = f"{_LIST}, {'head || payload' if payloads else 'head'} FROM tasks {order.behind(after)}"
        with closing(self._db.execute(sql, (generation, *(after or ()), limit + 1))) as rows:
            found = list(_until_full(rows, most_bytes))
            return found[:limit], len(found) > limit or rows.fetchone() is not None

    def ids(
        self, generation: int, order: Order, after: list[Any] | None, limit: int
    ) -> tuple[list[tuple[str]], bool]:
        """The ids of such a page, and whether more follow. Reads only an index, no tasks."""
        sql = f"SELECT id FROM tasks {order.behind(after)}"  # noqa: S608 - names of columns
        found = self._db.execute(sql, (generation, *(after or ()), limit + 1)).fetchall()
        return found[:limit], len(found) > limit

    def add(self, generation: int, task: StoredTask) -> StoredTask | None:
        """Stores a task, and returns it with its row number; None if a task with its id exists."""
        added = self._db.execute(
            "INSERT OR IGNORE INTO tasks "
            "(generation, id, first_us, schedule_us, create_us, expire_us, tag, head, payload, logged) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                generation, task.id, task.first_us, task.schedule_us, task.create_us, task.expire_us, task.tag,
                task.head, task.payload, task.logged,
            ),
        )  # fmt: skip
        if added.rowcount != 1 or added.lastrowid is None:
            return None
        self.counts.grew(generation, 1)
        return replace(task, row=added.lastrowid)

    def are_there(self, generation: int) -> bool:
        """Whether the tasks of a generation are visible: their queue was neither purged nor deleted."""
        if generation not in self.left:
            return True
        sql = "SELECT 1 FROM queues WHERE generation = ?"
        return self._db.execute(sql, (generation,)).fetchone() is not None

    def brief(self, generation: int, id: str) -> Brief | None:
        """A task that may end now."""
        sql = (
            "SELECT id, schedule_us, logged, CASE WHEN logged THEN head ELSE '' END, row, dispatch_count "
            "FROM tasks WHERE generation = ? AND id = ?"
        )
        found = self._db.execute(sql, (generation, id)).fetchone()
        return Brief(*found) if found else None

    def remove(self, generation: int, row: int) -> None:
        """Deletes an existing task."""
        self._db.execute("DELETE FROM tasks WHERE row = ?", (row,))
        self.counts.grew(generation, -1)

    def due(
        self, generation: int, now: datetime, tag: str | None, *, payloads: bool
    ) -> Generator[StoredTask]:
        """The due tasks, oldest first; with `tag`, only those of that tag. Close the iterator."""
        sql = (
            f"{_SELECT}, {'payload' if payloads else repr('')} FROM tasks "
            f"WHERE generation = ? AND schedule_us <= ?{'' if tag is None else ' AND tag = ?'} ORDER BY schedule_us, id"
        )
        with closing(
            self._db.execute(sql, (generation, to_us(now), *(() if tag is None else (tag,))))
        ) as found:
            for columns in found:
                yield StoredTask(*columns)

    def oldest_tag(self, generation: int, now: datetime) -> str | None:
        """The tag of the task that has been due longest."""
        sql = (
            "SELECT tag FROM tasks WHERE generation = ? AND schedule_us <= ? ORDER BY schedule_us, id LIMIT 1"
        )
        found = self._db.execute(sql, (generation, to_us(now))).fetchone()
        return found[0] if found else None

    def lease(self, rows: Iterable[int], until: datetime) -> None:
        sql = "UPDATE tasks SET schedule_us = ?, dispatch_count = dispatch_count + 1 WHERE row = ?"
        self._db.executemany(sql, [(to_us(until), row) for row in rows])

    def reschedule(self, row: int, due: datetime) -> None:
        self._db.execute("UPDATE tasks SET schedule_us = ? WHERE row = ?", (to_us(due), row))

    def to_dispatch(self, generation: int, now: datetime, limit: int) -> list[StoredTask]:
        """Push tasks that are due and not under way, oldest first."""
        sql = (
            f"{_SELECT}, payload FROM tasks WHERE generation = ? AND schedule_us <= ? "
            "AND in_flight = 0 AND tag IS NULL ORDER BY schedule_us, id LIMIT ?"
        )
        return [StoredTask(*columns) for columns in self._db.execute(sql, (generation, to_us(now), limit))]

    def next_to_dispatch(self, generation: int) -> datetime | None:
        """The schedule time of the next push task that is not under way."""
        sql = "SELECT min(schedule_us) FROM tasks WHERE generation = ? AND in_flight = 0 AND tag IS NULL"
        (due_us,) = self._db.execute(sql, (generation,)).fetchone()
        return None if due_us is None else from_us(due_us)

    def begin_attempt(self, row: int, attempts: str) -> None:
        self._db.execute(
            "UPDATE tasks SET dispatch_count = dispatch_count + 1, in_flight = in_flight + 1, attempts = ? "
            "WHERE row = ?",
            (attempts, row),
        )

    def end_attempt(
        self, row: int, attempts: str, schedule: datetime, code: int | None, *, answered: bool, executed: bool
    ) -> None:
        """Records a failed attempt and the time of the retry."""
        self._db.execute(
            "UPDATE tasks SET in_flight = max(0, in_flight - 1), attempts = ?, schedule_us = ?, previous_code = ?, "
            "response_count = response_count + ?, execution_count = execution_count + ? WHERE row = ?",
            (attempts, to_us(schedule), code, answered, executed, row),
        )

    def count_answer(self, queue: int, now: datetime) -> None:
        """Counts an ended attempt for the statistics; deletes counts that are older than a minute."""
        tenth = to_us(now) // TENTH_US
        sql = "UPDATE answers SET count = count + 1 WHERE queue = ? AND tenth = ?"
        if not self._db.execute(sql, (queue, tenth)).rowcount:
            self._db.execute("DELETE FROM answers WHERE queue = ? AND tenth <= ?", (queue, tenth - _MINUTE))
            self._db.execute("INSERT INTO answers SELECT id, ?, 1 FROM queues WHERE id = ?", (tenth, queue))

    def has_work(self, generation: int, due_by: datetime | None) -> bool:
        """Whether there is any task; with `due_by`, any that is due by then or under way."""
        if due_by is None:
            found = self._db.execute("SELECT 1 FROM tasks WHERE generation = ? LIMIT 1", (generation,))
        else:
            sql = (
                "SELECT 1 FROM tasks WHERE generation = :g AND schedule_us <= :us UNION ALL "
                "SELECT 1 FROM tasks WHERE generation = :g AND in_flight > 0 LIMIT 1"
            )
            found = self._db.execute(sql, {"g": generation, "us": to_us(due_by)})
        return found.fetchone() is not None

    def stats(self, queue: int, generation: int, now: datetime) -> QueueStats:
        """The statistics of a queue, except the effective rate, which the caller adds."""
        (oldest_us,) = self._db.execute(
            "SELECT min(schedule_us) FROM tasks INDEXED BY tasks_by_schedule WHERE generation = ?",
            (generation,),
        ).fetchone()
        (in_flight,) = self._db.execute(
            "SELECT coalesce(sum(in_flight), 0) FROM tasks WHERE generation = ? AND in_flight > 0",
            (generation,),
        ).fetchone()
        (executed,) = self._db.execute(
            "SELECT coalesce(sum(count), 0) FROM answers WHERE queue = ? AND tenth > ?",
            (queue, to_us(now) // TENTH_US - _MINUTE),
        ).fetchone()
        counts = {
            "tasks_count": self.counts.of(generation),
            "executed_last_minute_count": executed,
            "concurrent_dispatches_count": in_flight,
        }
        return QueueStats(
            oldest_estimated_arrival_time=None if oldest_us is None else from_us(oldest_us),
            **{
                name: Int64(number) for name, number in counts.items() if number
            },  # a zero is left out, as in proto JSON
        )


def _until_full(rows: Iterable[Listed], most_bytes: int) -> Iterator[Listed]:
    """The rows up to the one that fills a page."""
    size = 0
    for row in rows:
        yield row
        size += _NAME_BYTES + len(row[-2]) + len(row[-1])
        if size > most_bytes:
            return
