"""What happened is noted while work runs, and written with the commit that makes it so. SQLite only.

Nothing of what is rolled back stays: a transaction marks where it begins, and what came after the mark goes with it.
Writing is in two steps, because counters for each commit would cost a tenth of the deliveries. A commit keeps its notes
as they are, all in one row; once they are many, or somebody reads, they are posted: to the counters of their minutes,
and to the records of their queues. What a process left behind is posted by the next one.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from .gathered import gathered
from .happened import Happened
from .posting import Posting
from .task_json import StoredTask, target_of
from .tasks import Removed

_MANY = 1000


class Journal:
    """Notes that are not posted yet, in the order in which things happened: what to post, and with what."""

    def __init__(self, connection: sqlite3.Connection, *, is_durable: bool) -> None:
        self._db = connection
        self._is_durable = is_durable
        self._notes: list[tuple[Any, ...]] = []
        self._certain = 0  # how many of them are of work that is committed
        self._kept = 0  # how many of them the transaction under way has written, as they are or posted
        self._posted = 0
        self.posting = Posting(connection)
        self._left_behind()

    def called(self, queue: str, method: str, code: str, now_us: int, times: int = 1) -> None:
        """A call about a queue was answered, or refused; in a batch, several of them."""
        self._notes.append(("called", queue, method, code, now_us, times))

    def created(self, queue: str, task: StoredTask) -> None:
        """A task was created."""
        self._notes.append(("grew", queue, 1, task.create_us))
        if task.logged:
            self._task("CREATED", queue, Removed(task.id, task.schedule_us, True, task.head), task.create_us)

    def removed(self, queue: str, task: Removed, why: str, now_us: int) -> None:
        """A task is gone; `why` is empty where its last attempt says it."""
        self._notes.append(("grew", queue, -1, now_us))
        if task.logged and why:
            self._task("DELETED", queue, task, now_us, why)

    def emptied(self, queue: str, now_us: int, *, deleted: bool = False) -> None:
        """A queue lost all its tasks at once, or is gone itself."""
        self._notes.append(("level", queue, None if deleted else 0, now_us))

    def began(self, queue: str, depth: int, now_us: int) -> None:
        """A queue was made, or was there already when the emulator started."""
        self._notes.append(("level", queue, depth, now_us))

    def changed(self, queue: str, now_us: int) -> None:
        """A queue may be of another kind now."""
        self._notes.append(("move", queue, now_us))

    def ended(self, queue: str, attempt: Happened, code: str) -> None:
        """An attempt ended."""
        self._notes.append(("ended", queue, attempt, code))

    def cut_off(self, queue: str, attempt: Happened) -> None:
        """Nobody will hear how an attempt ended."""
        self._notes.append(("record", queue, attempt))

    def audited(self, project: str, now_us: int, entry: bytes) -> None:
        """Somebody changed something."""
        self._notes.append(("audit", project, now_us, entry))

    def _task(self, kind: str, queue: str, task: Removed, at_us: int, why: str = "") -> None:
        where = target_of(task.head)
        record = Happened(kind, task.id, at_us, task.schedule_us, *where, logged=True, outcome=why)
        self._notes.append(("record", queue, record))

    def mark(self) -> int:
        """Where a transaction begins, for `forget`."""
        return len(self._notes)

    def forget(self, mark: int) -> None:
        """What was noted since then did not happen."""
        del self._notes[max(mark, self._kept) :]

    @property
    def has_many(self) -> bool:
        """Whether it is time to write, though nothing else asks for a commit."""
        return len(self._notes) >= _MANY

    def write(self, *, post: bool = False) -> None:
        """Writes what was noted, as part of the transaction under way; all of it to where it is read, when asked to."""
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
        """The transaction is on disk: what it posted needs no note any longer."""
        del self._notes[: self._posted]
        self._posted, self._certain = 0, len(self._notes)
        self._kept = self._certain if self._is_durable else 0

    def lost(self) -> None:
        """A transaction was lost: with it, all that is not certain."""
        del self._notes[self._certain :]
        self._posted = 0
        self._kept = self._certain if self._is_durable else 0
        self.posting.begin_anew()

    def begin_anew(self) -> None:
        """The database is another one."""
        self._notes.clear()
        self._certain = 0
        self.lost()
        self._left_behind()

    def _left_behind(self) -> None:
        """Notes that a process did not come to post."""
        rows = self._db.execute("SELECT notes FROM noted ORDER BY row").fetchall()
        self._notes += [_read(note) for (notes,) in rows for note in msgspec.msgpack.decode(notes)]
        self._certain = len(self._notes)
        self._kept = self._certain if self._is_durable else 0


def _read(note: list[Any]) -> tuple[Any, ...]:
    """A note as it was made: the third part of some is a record."""
    if note[0] in ("ended", "record"):
        note[2] = msgspec.convert(note[2], Happened)
    return tuple(note)
