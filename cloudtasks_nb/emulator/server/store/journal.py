"""What happened is noted while work runs, and written with the commit that makes it so. SQLite only.

Nothing of what is rolled back stays: a transaction marks where it begins, and what came after the mark goes with it.
A database in memory has no disk to wait for: there, notes are written when somebody reads them, or when they are many.
"""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable

from .happened import Happened, pack
from .minutes import ATTEMPTS, DELAYS, DEPTH, REQUESTS
from .task_json import StoredTask, target_of
from .tasks import Removed

MINUTE_US = 60_000_000
GROWTH = 1.2  # of the buckets of delays, which begin at one millisecond
FINITE_BUCKETS = 120
_MANY = 1000
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


class Journal:
    """Notes that are not written yet, in the order in which things happened."""

    def __init__(self, connection: sqlite3.Connection, *, is_durable: bool) -> None:
        self._db = connection
        self._writes_at = 1 if is_durable else _MANY
        self._notes: list[Callable[[_Page], None]] = []
        self._certain = 0  # how many of them are of work that is on disk
        self._written = 0  # how many of them were written, in the transaction under way
        self._ids: dict[str, int] = {}
        self._depths: dict[int, int] = {}

    def called(self, queue: str, method: str, code: str, now_us: int) -> None:
        """A call about a queue was answered, or refused."""
        self._notes.append(lambda page: page.count(REQUESTS, queue, now_us, f"{method} {code}"))

    def created(self, queue: str, task: StoredTask) -> None:
        """A task was created."""
        at_us = task.create_us
        self._notes.append(lambda page: page.grow(queue, 1, at_us))
        if task.logged:
            self._task("CREATED", queue, Removed(task.id, task.schedule_us, True, task.head), at_us)

    def removed(self, queue: str, task: Removed, why: str, now_us: int) -> None:
        """A task is gone; `why` is empty where its last attempt says it."""
        self._notes.append(lambda page: page.grow(queue, -1, now_us))
        if task.logged and why:
            self._task("DELETED", queue, task, now_us, why)

    def _task(self, kind: str, queue: str, task: Removed, at_us: int, why: str = "") -> None:
        where = target_of(task.head)
        record = Happened(kind, task.id, at_us, task.schedule_us, *where, logged=True, outcome=why)
        self._notes.append(lambda page: page.record(queue, record))

    def emptied(self, queue: str, now_us: int, *, deleted: bool = False) -> None:
        """A queue lost all its tasks at once, or is gone itself."""
        self._notes.append(lambda page: page.level(queue, None if deleted else 0, now_us))

    def began(self, queue: str, depth: int, now_us: int) -> None:
        """A queue was made, or was there already when the emulator started."""
        self._notes.append(lambda page: page.level(queue, depth, now_us))

    def changed(self, queue: str, now_us: int) -> None:
        """A queue may be of another kind now."""
        self._notes.append(lambda page: page.move(queue, now_us))

    def ended(self, queue: str, attempt: Happened, code: str) -> None:
        """An attempt ended."""
        late_us = max(0, attempt.at_us - attempt.schedule_us)
        bucket = str(bucket_of(late_us / 1000))

        def note(page: _Page) -> None:
            page.count(ATTEMPTS, queue, attempt.ended_us or attempt.at_us, code)
            page.count(DELAYS, queue, attempt.at_us, bucket, late_us)
            page.record(queue, attempt)

        self._notes.append(note)

    def cut_off(self, queue: str, attempt: Happened) -> None:
        """Nobody will hear how an attempt ended."""
        self._notes.append(lambda page: page.record(queue, attempt))

    def audited(self, project: str, now_us: int, entry: bytes) -> None:
        """Somebody changed something."""
        self._notes.append(lambda page: page.audits.append((project, now_us, entry)))

    def mark(self) -> int:
        """Where a transaction begins, for `forget`."""
        return len(self._notes)

    def forget(self, mark: int) -> None:
        """What was noted since then did not happen."""
        del self._notes[max(mark, self._written) :]

    def lost(self) -> None:
        """A transaction was lost: with it, all that is not certain."""
        del self._notes[self._certain :]
        self._written = 0
        self._ids.clear()
        self._depths.clear()

    @property
    def has_many(self) -> bool:
        """Whether it is time to write, though nothing else asks for a commit."""
        return len(self._notes) >= _MANY

    def write(self, *, few: bool = False) -> None:
        """Writes all notes, as part of the transaction under way; a `few` can wait where there is no disk."""
        if len(self._notes) >= (1 if few else self._writes_at) and self._written < len(self._notes):
            page = _Page(self._db, self._ids, self._depths)
            for note in self._notes[self._written :]:
                note(page)
            page.write()
            self._written = len(self._notes)

    def committed(self) -> None:
        """The transaction is on disk: what it wrote needs no note any longer."""
        del self._notes[: self._written]
        self._written, self._certain = 0, len(self._notes)


class _Page:
    """Notes of one commit, put together: a row for each counter, and one for the records of each queue."""

    def __init__(self, connection: sqlite3.Connection, ids: dict[str, int], depths: dict[int, int]) -> None:
        self._db = connection
        self._ids = ids
        self._depths = depths
        self._counts: dict[tuple[str, int, int, str], list[float]] = {}
        self._levels: dict[tuple[int, int], list[int | None]] = {}
        self._records: defaultdict[int, list[Happened]] = defaultdict(list)
        self.audits: list[tuple[str, int, bytes]] = []

    def count(self, what: str, queue: str, at_us: int, label: str, took_us: int = 0) -> None:
        key = what, self._id(queue), at_us // MINUTE_US, label
        sums = self._counts.get(key)
        if sums is None:
            sums = self._counts[key] = [0, 0, 0.0]
        sums[0] += 1
        sums[1] += took_us
        sums[2] += (took_us / 1000) ** 2

    def grow(self, queue: str, by: int, now_us: int) -> None:
        id = self._id(queue)
        self._level(id, max(0, self._depth(id) + by), now_us)

    def level(self, queue: str, depth: int | None, now_us: int) -> None:
        if depth is None:
            self._level(self._id(queue), None, now_us)
        self._ids.pop(queue, None)  # the next one of this name may be of another kind
        if depth is not None:
            self._level(self._id(queue), depth, now_us)

    def move(self, queue: str, now_us: int) -> None:
        before = self._id(queue)
        del self._ids[queue]
        if (now := self._id(queue)) != before:
            self._level(now, self._depth(before), now_us)
            self._level(before, None, now_us)

    def record(self, queue: str, record: Happened) -> None:
        self._records[self._id(queue)].append(record)

    def _level(self, id: int, depth: int | None, now_us: int) -> None:
        key = id, now_us // MINUTE_US
        level = self._levels.setdefault(key, [0, 0])
        level[0], level[1] = depth, max(level[1] or 0, depth or 0)
        self._depths[id] = depth or 0

    def _depth(self, id: int) -> int:
        """The depth that was noted last."""
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
        if kind is None:  # gone, or never there: the kind that it had last
            last = "SELECT id FROM told_queues WHERE name = ? ORDER BY id DESC LIMIT 1"
            known = self._db.execute(last, (queue,)).fetchone()
        else:
            known = self._db.execute(_KNOWN, (queue, *kind)).fetchone()
        if known is not None:
            return int(known[0])
        sql = "INSERT INTO told_queues (name, target_type) VALUES (?, ?)"
        return self._db.execute(sql, (queue, kind[0] if kind else "")).lastrowid or 0

    def write(self) -> None:
        self._db.executemany(_COUNT, [(*key, *sums) for key, sums in self._counts.items()])
        levels = [(DEPTH, id, minute, *level) for (id, minute), level in self._levels.items()]
        self._db.executemany(_LEVEL, levels)
        for id, records in self._records.items():
            first_us = min(record.at_us for record in records)
            last_us = max(record.ended_us or record.at_us for record in records)
            attempts = sum(1 for record in records if record.attempt)
            row = id, first_us, last_us, attempts, pack(records)
            self._db.execute(
                "INSERT INTO happened (queue, first_us, last_us, count, records) VALUES (?, ?, ?, ?, ?)", row
            )
        self._db.executemany("INSERT INTO audited (project, at_us, entry) VALUES (?, ?, ?)", self.audits)


def bucket_of(late_ms: float) -> int:
    """The number of the bucket that a delay falls in: 0 below a millisecond, the last one beyond all bounds.

    >>> bucket_of(0.5), bucket_of(1.0), bucket_of(1.21)
    (0, 1, 2)
    """
    if late_ms < 1:
        return 0
    return min(int(math.log(late_ms) / _LOG_GROWTH) + 1, FINITE_BUCKETS + 1)
