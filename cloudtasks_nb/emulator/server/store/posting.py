"""Turns notes into counters per minute, records per queue, and audit entries. SQLite only."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from .gathered import MINUTE_US
from .happened import Happened, pack
from .minutes import ATTEMPTS, DELAYS, DEPTH, REQUESTS

GROWTH = 1.2  # of the histogram buckets of delays, which begin at one millisecond
FINITE_BUCKETS = 120
_LOG_GROWTH = math.log(GROWTH)
_TARGET_TYPE = (
    "SELECT CASE WHEN json_extract(config, '$.pullTarget') IS NOT NULL THEN 'PULL' "
    "WHEN json_extract(config, '$.appEngineHttpTarget') IS NOT NULL THEN 'APP_ENGINE' ELSE 'HTTP' END "
    "FROM queues WHERE name = ?"
)
_KNOWN = "SELECT id FROM told_queues WHERE name = ? AND target_type = ?"
_COUNT = (
    "INSERT INTO minutes VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
    "count = count + excluded.count, total = total + excluded.total, squares = squares + excluded.squares"
)
_LEVEL = (
    "INSERT INTO minutes VALUES (?, ?, ?, '', ?, ?, 0) ON CONFLICT DO UPDATE SET "
    "count = excluded.count, total = max(total, excluded.total)"
)
_RECORDS = "INSERT INTO happened (queue, first_us, last_us, count, records) VALUES (?, ?, ?, ?, ?)"


class Posting:
    """Posts notes, and caches lookups: the numbers of queues, and their depth.

    `kept`: the number of records of each queue; None means not counted yet.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.begin_anew()

    def begin_anew(self) -> None:
        """Drops the cache."""
        self._ids: dict[str, int] = {}
        self._depths: dict[int, int] = {}
        self.kept: dict[int, int] | None = None

    def post(self, notes: Iterable[tuple[Any, ...]]) -> None:
        """Posts notes inside a transaction. A note names one of the methods below, and holds its arguments."""
        self._counts: dict[tuple[str, int, int, str], list[float]] = {}
        self._levels: dict[tuple[int, int], list[int | None]] = {}
        self._records: defaultdict[int, list[Happened]] = defaultdict(list)
        self._audits: list[tuple[str, int, bytes]] = []
        for what, *given in notes:
            getattr(self, what)(*given)
        self._db.executemany(_COUNT, [(*key, *sums) for key, sums in self._counts.items()])
        levels = [(DEPTH, id, minute, *level) for (id, minute), level in self._levels.items()]
        self._db.executemany(_LEVEL, levels)
        self._db.executemany(_RECORDS, [_row(id, records) for id, records in self._records.items()])
        self._db.executemany("INSERT INTO audited (project, at_us, entry) VALUES (?, ?, ?)", self._audits)
        if self.kept is not None:
            self.kept |= {id: self.kept.get(id, 0) + len(held) for id, held in self._records.items()}

    def called(self, queue: str, method: str, code: str, now_us: int, times: int = 1) -> None:
        self._count(REQUESTS, self._id(queue), now_us, f"{method} {code}", times=times)

    def grew(self, queue: str, by: int, now_us: int, most: int | None = None) -> None:
        """`most`: the largest growth on the way to the final growth `by`."""
        id = self._id(queue)
        before = self._depth(id)
        if most is not None:
            self._level(id, max(0, before + most), now_us)
        self._level(id, max(0, before + by), now_us)

    def level(self, queue: str, depth: int | None, now_us: int) -> None:
        if depth is None:
            self._level(self._id(queue), None, now_us)
        self._ids.pop(queue, None)  # a new queue of this name may have another kind
        if depth is not None:
            self._level(self._id(queue), depth, now_us)

    def move(self, queue: str, now_us: int) -> None:
        before = self._id(queue)
        del self._ids[queue]
        if (now := self._id(queue)) != before:
            self._level(now, self._depth(before), now_us)
            self._level(before, None, now_us)

    def ended(self, queue: str, attempt: Happened, code: str) -> None:
        id, late_us = self._id(queue), max(0, attempt.at_us - attempt.schedule_us)
        self._count(ATTEMPTS, id, attempt.ended_us or attempt.at_us, code)
        self._count(DELAYS, id, attempt.at_us, str(bucket_of(late_us / 1000)), late_us)
        self._records[id].append(attempt)

    def record(self, queue: str, record: Happened) -> None:
        self._records[self._id(queue)].append(record)

    def audit(self, project: str, now_us: int, entry: bytes) -> None:
        self._audits.append((project, now_us, entry))

    def _count(self, what: str, id: int, at_us: int, label: str, took_us: int = 0, *, times: int = 1) -> None:
        key = what, id, at_us // MINUTE_US, label
        sums = self._counts.get(key)
        if sums is None:
            sums = self._counts[key] = [0, 0, 0.0]
        sums[0] += times
        sums[1] += took_us
        sums[2] += (took_us / 1000) ** 2

    def _level(self, id: int, depth: int | None, now_us: int) -> None:
        level = self._levels.setdefault((id, now_us // MINUTE_US), [0, 0])
        level[0], level[1] = depth, max(level[1] or 0, depth or 0)
        self._depths[id] = depth or 0

    def _depth(self, id: int) -> int:
        """The last posted depth."""
        if id not in self._depths:
            sql = "SELECT count FROM minutes WHERE what = ? AND queue = ? ORDER BY minute DESC LIMIT 1"
            found = self._db.execute(sql, (DEPTH, id)).fetchone()
            self._depths[id] = (found[0] or 0) if found else 0
        return self._depths[id]

    def _id(self, queue: str) -> int:
        id = self._ids.get(queue)
        if id is None:
            id = self._ids[queue] = self._found(queue)
        return id

    def _found(self, queue: str) -> int:
        kind = self._db.execute(_TARGET_TYPE, (queue,)).fetchone()
        if kind is None:  # the queue is deleted or never existed: use its last kind
            last = "SELECT id FROM told_queues WHERE name = ? ORDER BY id DESC LIMIT 1"
            known = self._db.execute(last, (queue,)).fetchone()
        else:
            known = self._db.execute(_KNOWN, (queue, *kind)).fetchone()
        if known is not None:
            return int(known[0])
        sql = "INSERT INTO told_queues (name, target_type) VALUES (?, ?)"
        return self._db.execute(sql, (queue, kind[0] if kind else "")).lastrowid or 0


def _row(id: int, records: list[Happened]) -> tuple[int, int, int, int, bytes]:
    """The database row that holds the records of a queue, with their time span."""
    first_us = min(record.at_us for record in records)
    last_us = max(record.ended_us or record.at_us for record in records)
    return id, first_us, last_us, len(records), pack(records)


def bucket_of(late_ms: float) -> int:
    """The number of a delay's bucket: 0 below a millisecond, the last one above all bounds.

    >>> bucket_of(0.5), bucket_of(1.0), bucket_of(1.21)
    (0, 1, 2)
    """
    if late_ms < 1:
        return 0
    return min(int(math.log(late_ms) / _LOG_GROWTH) + 1, FINITE_BUCKETS + 1)
