"""Database: tasks that ended, whose names stay blocked for a while. SQLite only; `now` is an argument."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from msgspec import Struct

from ..clock import from_us, to_us
from .counts import Counts
from .tasks import Brief


class Expired(Struct, frozen=True):
    """A task that exceeded its queue's taskTtl, and when."""

    queue: str
    at_us: int
    task: Brief


class Tombstones:
    """Blocked task names, by the number of their queue; turns tasks into tombstones."""

    def __init__(self, connection: sqlite3.Connection, counts: Counts) -> None:
        self._db = connection
        self._counts = counts

    def add(self, queue: int, id: str, until: datetime) -> None:
        """Blocks the name of a deleted task."""
        self._db.execute("REPLACE INTO tombstones VALUES (?, ?, ?)", (queue, id, to_us(until)))

    def is_blocked(self, queue: int, id: str, now: datetime) -> bool:
        """Whether a name is blocked: by a tombstone, or by a purged task that is not deleted yet."""
        sql = (
            "SELECT 1 FROM tombstones WHERE queue = :queue AND id = :id AND until_us > :now UNION ALL "
            "SELECT 1 FROM generations g JOIN tasks t ON t.generation = g.id AND t.id = :id "
            "WHERE g.queue = :queue AND g.until_us > :now"
        )
        return self._db.execute(sql, {"queue": queue, "id": id, "now": to_us(now)}).fetchone() is not None

    def clear_away(self, limit: int, now: datetime) -> int:
        """Cleans up some rows: turns tasks of old generations into tombstones, and deletes expired tombstones.

        Returns the number of rows; 0 when none is left.
        """
        sql = "SELECT id, queue, until_us FROM generations WHERE until_us IS NOT NULL LIMIT 1"
        left = self._db.execute(sql).fetchone()
        if left is None:
            return self._forget(limit, now)
        generation, queue, until_us = left
        gone = self._db.execute(
            "DELETE FROM tasks WHERE row IN (SELECT row FROM tasks WHERE generation = ? LIMIT ?) RETURNING id",
            (generation, limit),
        ).fetchall()
        self._counts.grew(generation, -len(gone))
        if until_us > to_us(now):
            buried = [(queue, id, until_us) for (id,) in gone]
            self._db.executemany(
                "INSERT INTO tombstones VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
                "SET until_us = max(until_us, excluded.until_us)",  # an older tombstone may still exist
                buried,
            )
        if len(gone) < limit:
            self._db.execute("DELETE FROM generations WHERE id = ?", (generation,))
        return max(1, len(gone))

    def _forget(self, limit: int, now: datetime) -> int:
        """Deletes expired tombstones. They block nothing, so this is not urgent."""
        return self._db.execute(
            "DELETE FROM tombstones WHERE (queue, id) IN "
            "(SELECT queue, id FROM tombstones WHERE until_us <= ? ORDER BY until_us LIMIT ?)",
            (to_us(now), limit),
        ).rowcount

    def next_expiry(self) -> datetime | None:
        """When the next task expires."""
        (expiry_us,) = self._db.execute("SELECT min(expire_us) FROM tasks").fetchone()
        return None if expiry_us is None else from_us(expiry_us)

    def expire(self, limit: int, now: datetime) -> list[Expired]:
        """Deletes some tasks that exceeded their queue's taskTtl, the oldest expiry first.

        Returns those that were visible.
        """
        over = {"now": to_us(now), "limit": limit}
        seen = self._db.execute(
            "SELECT q.name, t.expire_us, t.id, t.schedule_us, t.logged, CASE WHEN t.logged THEN t.head ELSE '' END "
            "FROM (SELECT * FROM tasks WHERE expire_us <= :now ORDER BY expire_us, row LIMIT :limit) t "
            "JOIN queues q ON q.generation = t.generation",
            over,
        ).fetchall()
        self._db.execute(
            "INSERT INTO tombstones SELECT g.queue, t.id, coalesce(g.until_us, t.expire_us + CAST(1000000 * "
            "rtrim(json_extract(q.config, '$.tombstoneTtl'), 's') AS INTEGER)) AS until_us "
            "FROM (SELECT * FROM tasks WHERE expire_us <= :now ORDER BY expire_us, row LIMIT :limit) t "
            "JOIN generations g ON g.id = t.generation LEFT JOIN queues q ON q.generation = g.id WHERE true "
            "ON CONFLICT DO UPDATE SET until_us = max(until_us, excluded.until_us)",
            over,
        )
        gone = self._db.execute(
            "DELETE FROM tasks WHERE row IN "
            "(SELECT row FROM tasks WHERE expire_us <= :now ORDER BY expire_us, row LIMIT :limit) RETURNING generation",
            over,
        ).fetchall()
        for (generation,) in gone:
            self._counts.grew(generation, -1)
        return [Expired(queue, at_us, Brief(*task)) for queue, at_us, *task in seen]
