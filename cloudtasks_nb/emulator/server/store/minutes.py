"""Database: counters per minute, the source of metrics. SQLite only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

ATTEMPTS, REQUESTS, DELAYS, DEPTH = "attempts", "requests", "delays", "depth"


class Counted(Struct, frozen=True):
    """A sum over one period. `period`: 0 for the last one of the window, which ends with it."""

    queue: int
    label: str
    period: int
    count: int
    total: int = 0
    squares: float = 0.0


class Level(Struct, frozen=True):
    """A queue's depth at the end of a minute (None after its deletion), and its maximum within the minute."""

    minute: int
    last: int | None
    most: int


class MinuteStore:
    """Reads the counters that the journal wrote."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def counted(
        self, what: str, queues: Iterable[int], window: tuple[int, int], minutes: int
    ) -> list[Counted]:
        """Sums over periods of `minutes` each, counted back from the end of the window (in minutes, end exclusive)."""
        start, end = window
        sql = (
            "SELECT queue, label, (:end - minute - 1) / :minutes AS period, sum(count), sum(total), sum(squares) "
            "FROM minutes WHERE what = :what AND queue = :queue AND minute >= :start AND minute < :end "
            "GROUP BY label, period"
        )
        given = {"what": what, "start": start, "end": end, "minutes": minutes}
        return [Counted(*row) for queue in queues for row in self._db.execute(sql, {**given, "queue": queue})]

    def levels(self, queue: int, window: tuple[int, int]) -> list[Level]:
        """The minutes in which the depth changed, oldest first, and the last one before the window."""
        start, end = window
        before = self._db.execute(
            "SELECT minute, count, total FROM minutes WHERE what = ? AND queue = ? AND minute < ? "
            "ORDER BY minute DESC LIMIT 1",
            (DEPTH, queue, start),
        ).fetchall()
        within = self._db.execute(
            "SELECT minute, count, total FROM minutes WHERE what = ? AND queue = ? AND minute >= ? AND minute < ? "
            "ORDER BY minute",
            (DEPTH, queue, start, end),
        ).fetchall()
        return [Level(*row) for row in (*before, *within)]
