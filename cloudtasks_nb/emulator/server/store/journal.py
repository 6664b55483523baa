"""Notes what happens while work runs, and writes the notes with the commit of that work. SQLite only.

A transaction marks where its notes begin, and a rollback drops them. Writing has two steps, because updating counters
in every commit would slow deliveries by a tenth. A commit stores its notes unprocessed in one row. When there are many,
or before a read, they are posted: added to the counters per minute and the records per queue. Notes that a process did
not post are posted by the next one.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from .gathered import gathered
from .happened import Happened
from .posting import Posting
from .task_json import StoredTask, target_of
from .tasks import Brief

_MANY = 1000


class Journal:
    """Notes that are not posted yet, in order: the kind of each note, and its values."""

    def __init__(self, connection: sqlite3.Connection, *, is_durable: bool) -> None:
        self._db = connection
        self._is_durable = is_durable
        self._notes: list[tuple[Any, ...]] = []
        self._certain = 0  # how many of them belong to committed work
        self._kept = 0  # how many of them the current transaction has written, unprocessed or posted
        self._posted = 0
        self.posting = Posting(connection)
        self._left_behind()

    def called(self, queue: str, method: str, code: str, now_us: int, times: int = 1) -> None:
        """A call about a queue succeeded or failed; in a batch, several calls."""
        self._notes.append(("called", queue, method, code, now_us, times))

    def created(self, queue: str, task: StoredTask) -> None:
        """A task was created."""
        self._notes.append(("grew", queue, 1, task.create_us))
        if task.logged:
            self._task("CREATED", queue, Brief(task.id, task.schedule_us, True, task.head), task.create_us)

    def removed(self, queue: str, task: Brief, why: str, now_us: int) -> None:
        """A task was deleted; `why` is empty if its last attempt gives the reason."""
        self._notes.append(("grew", queue, -1, now_us))
        if task.logged and why:
            self._task("DELETED", queue, task, now_us, why)

    def emptied(self, queue: str, now_us: int, *, deleted: bool = False) -> None:
        """A queue was purged or deleted."""
        self._notes.append(("level", queue, None if deleted else 0, now_us))

    def began(self, queue: str, depth: int, now_us: int) -> None:
        """A queue was created, or existed when the emulator started."""
        self._notes.append(("level", queue, depth, now_us))

    def changed(self, queue: str, now_us: int) -> None:
        """The kind of a queue may have changed."""
        self._notes.append(("move", queue, now_us))

    def ended(self, queue: str, attempt: Happened, code: str) -> None:
        """An attempt ended."""
        self._notes.append(("ended", queue, attempt, code))

    def cut_off(self, queue: str, attempt: Happened) -> None:
        """An attempt was aborted: its outcome is unknown."""
        self._notes.append(("record", queue, attempt))

    def audited(self, project: str, now_us: int, entry: bytes) -> None:
        """An admin call changed something."""
        self._notes.append(("audit", project, now_us, entry))

    def _task(self, kind: str, queue: str, task: Brief, at_us: int, why: str = "") -> None:
        where = target_of(task.head)
        record = Happened(kind, task.id, at_us, task.schedule_us, *where, logged=True, outcome=why)
        self._notes.append(("record", queue, record))

    def mark(self) -> int:
        """The mark where a transaction begins, for `forget`."""
        return len(self._notes)

    def forget(self, mark: int) -> None:
        """Drops the notes since a mark, after a rollback."""
        del self._notes[max(mark, self._kept) :]

    @property
    def has_many(self) -> bool:
        """Whether notes should be written although no other work needs a commit."""
        return len(self._notes) >= _MANY

    def write(self, *, post: bool = False) -> None:
        """Writes the notes in the current transaction; with `post`, adds them to counters and records."""
        if (post or len(self._notes) - self._posted >= _MANY) and len(self._notes) > self._posted:
            self.posting.post(gathered(self._notes[self._posted :]))
            self._db.execute("DELETE FROM noted")
            self._posted = self._kept = len(self._notes)
        elif self._is_durable and len(self._notes) > self._kept:
            self._notes[self._kept :] = gathered(self._notes[self._kept :])
            notes = msgspec.msgpack.encode(self._notes[self._kept :])
            self._db.execute("INSERT INTO noted (notes) VALUES (?)", (notes,))
            self._kept = len(self._notes)

    def committed(self) -> None:
        """The transaction is on disk: forget the notes that it posted."""
        del self._notes[: self._posted]
        self._posted, self._certain = 0, len(self._notes)
        self._kept = self._certain if self._is_durable else 0

    def lost(self) -> None:
        """A transaction was rolled back: drop all notes of uncommitted work."""
        del self._notes[self._certain :]
        self._posted = 0
        self._kept = self._certain if self._is_durable else 0
        self.posting.begin_anew()

    def begin_anew(self) -> None:
        """The database was replaced."""
        self._notes.clear()
        self._certain = 0
        self.lost()
        self._left_behind()

    def _left_behind(self) -> None:
        """Notes that an earlier process did not post."""
        rows = self._db.execute("SELECT notes FROM noted ORDER BY row").fetchall()
        self._notes += [_read(note) for (notes,) in rows for note in msgspec.msgpack.decode(notes)]
        self._certain = len(self._notes)
        self._kept = self._certain if self._is_durable else 0


def _read(note: list[Any]) -> tuple[Any, ...]:
    """A stored note; the third part of some is a record."""
    if note[0] in ("ended", "record"):
        note[2] = msgspec.convert(note[2], Happened)
    return tuple(note)
