"""Database: tasks that were given up after their last attempt, if the emulator keeps them."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from ..clock import to_us
from .task_json import Listed, StoredTask

# Not in the schema's version: an earlier version of this package ignores this table.
TABLE = """
CREATE TABLE IF NOT EXISTS given_up (
    row            INTEGER PRIMARY KEY,
    queue          TEXT NOT NULL,        -- full name: the queue may be gone
    at_us          INTEGER NOT NULL,
    id             TEXT NOT NULL,
    schedule_us    INTEGER NOT NULL,
    create_us      INTEGER NOT NULL,
    dispatch_count INTEGER NOT NULL,
    response_count INTEGER NOT NULL,
    attempts       TEXT NOT NULL,
    head           TEXT NOT NULL,
    payload        TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS given_up_by_queue ON given_up (queue, row);
"""
_COLUMNS = "id, schedule_us, create_us, dispatch_count, response_count, attempts"


class GivenUpStore:
    """Dead letters by the full name of their queue, in the order in which they were given up."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, queue: str, task: StoredTask, now: datetime) -> None:
        """Keeps a copy of a task in its last state."""
        self._db.execute(
            f"INSERT INTO given_up (queue, at_us, {_COLUMNS}, head, payload) "  # noqa: S608 - names of our own
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                queue, to_us(now), task.id, task.schedule_us, task.create_us, task.dispatch_count,
                task.response_count, task.attempts, task.head, task.payload,
            ),
        )  # fmt: skip

    def page(self, queue: str, after: int, limit: int, *, payloads: bool) -> tuple[list[Listed], int]:
        """At most `limit` tasks after this row; and the row of the last one if more follow, else 0."""
        sql = (
            f"SELECT row, {_COLUMNS}, {'head || payload' if payloads else 'head'} FROM given_up "  # noqa: S608 - names of our own
            "WHERE queue = ? AND row > ? ORDER BY row LIMIT ?"
        )
        found = self._db.execute(sql, (queue, after, limit + 1)).fetchall()
        more = found[limit - 1][0] if len(found) > limit else 0
        return [columns[1:] for columns in found[:limit]], more
