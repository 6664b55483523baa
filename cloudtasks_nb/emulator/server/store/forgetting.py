"""Limits records and counters by age and by number: deletes the oldest first. SQLite only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product

from ..clock import to_us
from .gathered import MINUTE_US
from .happened import Batch, HappenedStore
from .journal import Journal
from .minutes import ATTEMPTS, DELAYS, DEPTH, REQUESTS

RECORDS_FOR = timedelta(days=30)
MINUTES_FOR = timedelta(days=42)
AUDITS_FOR = timedelta(days=400)
RECORDS_OF_A_QUEUE = 50_000
RECORDS = 500_000
COUNTERS = 2_000_000
AUDITS = 20_000
_AT_ONCE = 100  # batches, of one to some hundred records
_ROWS_AT_ONCE = 5_000
_DAY = 1440
_PAUSE = timedelta(hours=1)  # between two checks of the counters


class Forgetting:
    """Deletes a little at a time."""

    def __init__(self, connection: sqlite3.Connection, journal: Journal, happened: HappenedStore) -> None:
        self._db = connection
        self._posting = journal.posting
        self._happened = happened
        self._look_at: datetime | None = None

    def some(self, now: datetime) -> bool:
        """Deletes some records that are too old or too many, inside a transaction. Returns whether there were any."""
        kept = self._posting.kept
        if kept is None:
            kept = dict(self._db.execute("SELECT queue, sum(count) FROM happened GROUP BY queue"))
            self._posting.kept = kept
        if self._old_records(kept, now) or self._many_records(kept):
            return True
        if self._look_at is not None and now < self._look_at:
            return False
        if self._old_counters(now) or self._old_audits(now) or self._many_counters():
            return True
        self._forget_names()
        self._look_at = now + _PAUSE
        return False

    def _old_records(self, kept: dict[int, int], now: datetime) -> bool:
        """Row numbers increase, so the first rows are the oldest."""
        sql = "SELECT row, queue, first_us, last_us FROM happened ORDER BY row LIMIT ?"
        first = [Batch(*row) for row in self._db.execute(sql, (_AT_ONCE,))]
        return self._drop(kept, [one for one in first if one.last_us < to_us(now - RECORDS_FOR)])

    def _many_records(self, kept: dict[int, int]) -> bool:
        too_many = next((queue for queue, count in kept.items() if count > RECORDS_OF_A_QUEUE), None)
        columns = "SELECT row, queue, first_us, last_us, count FROM happened"
        if too_many is not None:
            spare = kept[too_many] - RECORDS_OF_A_QUEUE
            found = self._db.execute(
                f"{columns} WHERE queue = ? ORDER BY last_us LIMIT ?", (too_many, _AT_ONCE)
            )
        else:
            spare = sum(kept.values()) - RECORDS
            if spare <= 0:
                return False
            found = self._db.execute(f"{columns} ORDER BY row LIMIT ?", (_AT_ONCE,))
        doomed = []
        for *batch, count in found.fetchall():
            if spare > 0:
                doomed.append(Batch(*batch))
                spare -= count
        return self._drop(kept, doomed, for_lack_of_room=True)

    def _drop(self, kept: dict[int, int], doomed: Iterable[Batch], *, for_lack_of_room: bool = False) -> bool:
        rows = []
        for batch in doomed:
            records = self._happened.records(batch)
            kept[batch.queue] = kept.get(batch.queue, 0) - len(records)
            attempts = sum(1 for record in records if record.attempt)
            if for_lack_of_room and attempts:
                sql = "UPDATE told_queues SET dropped = dropped + ? WHERE id = ?"
                self._db.execute(sql, (attempts, batch.queue))
            rows.append((batch.row,))
        self._db.executemany("DELETE FROM happened WHERE row = ?", rows)
        return bool(rows)

    def _old_counters(self, now: datetime) -> bool:
        return self._drop_counters(to_us(now - MINUTES_FOR) // MINUTE_US)

    def _many_counters(self) -> bool:
        """The number is far above the limit: deletes the oldest day of all queues."""
        (count,) = self._db.execute("SELECT count(*) FROM minutes").fetchone()
        if count <= COUNTERS:
            return False
        (first,) = self._db.execute("SELECT min(minute) FROM minutes WHERE what != ?", (DEPTH,)).fetchone()
        return first is not None and self._drop_counters(first + _DAY)

    def _drop_counters(self, before: int) -> bool:
        """Deletes all before a minute, except the last depth of each queue, which may still be valid."""
        gone = 0
        queues = [id for (id,) in self._db.execute("SELECT id FROM told_queues")]
        for what, queue in product((ATTEMPTS, REQUESTS, DELAYS, DEPTH), queues):
            gone += self._db.execute(
                "DELETE FROM minutes WHERE what = :what AND queue = :queue AND minute < min(:before, "
                "CASE WHEN :what = :depth THEN (SELECT max(minute) FROM minutes WHERE what = :what AND queue = :queue) "
                "ELSE :before END)",
                {"what": what, "queue": queue, "before": before, "depth": DEPTH},
            ).rowcount
            if gone > _ROWS_AT_ONCE:
                break
        return gone > 0

    def _old_audits(self, now: datetime) -> bool:
        sql = (
            "DELETE FROM audited WHERE row IN (SELECT row FROM audited WHERE at_us < :old OR "
            "row <= (SELECT max(row) FROM audited) - :most ORDER BY row LIMIT :limit)"
        )
        given = {"old": to_us(now - AUDITS_FOR), "most": AUDITS, "limit": _ROWS_AT_ONCE}
        return self._db.execute(sql, given).rowcount > 0

    def _forget_names(self) -> None:
        """Deletes queues that no longer exist and have no records left."""
        sql = (
            "DELETE FROM told_queues WHERE name NOT IN (SELECT name FROM queues) AND NOT EXISTS "
            "(SELECT 1 FROM minutes WHERE queue = told_queues.id AND what IN (?, ?, ?)) "
            "AND NOT EXISTS (SELECT 1 FROM happened WHERE queue = told_queues.id) RETURNING id"
        )
        gone = self._db.execute(sql, (ATTEMPTS, REQUESTS, DELAYS)).fetchall()
        self._db.executemany(
            "DELETE FROM minutes WHERE queue = ? AND what = ?", [(id, DEPTH) for (id,) in gone]
        )
        if gone:
            self._posting.begin_anew()
