"""The database: queues, their policies, and the names that stay blocked. SQLite only; `now` is an argument."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from ....errors import ConfigError
from ....model import Queue, decode, encode
from ..clock import from_us, to_us
from .data_file import RESTORE, is_blank, prepare
from .forgetting import Forgetting
from .given_up import GivenUpStore
from .grants import OAuthStore
from .happened import HappenedStore
from .journal import Journal
from .minutes import MinuteStore
from .operations import OperationStore
from .tasks import TaskStore
from .tombstones import Tombstones

_SELECT = "SELECT id, generation, name, config, state, purge_us, policy FROM queues"

_MOST_KNOWN = 10_000  # queues that are read at once


class QueueRow(Struct, frozen=True):
    """A queue, its number in the database, and that of the generation of its tasks."""

    row: int
    generation: int
    queue: Queue
    policy: str | None


class Store:
    """One open database; `tasks`, `tombstones`, `operations` and `oauth` hold the rest of it."""

    def __init__(self, connection: sqlite3.Connection, *, is_durable: bool = False) -> None:
        self._db = connection
        self.is_durable = is_durable
        self.shares_transactions = False  # set by whoever commits for several: see commits.py
        self.has_leftovers = True  # of generations: until somebody looked
        self._queues: dict[str, QueueRow] = {}  # as they were read: until any of them changes
        self._followers: dict[object, Callable[[], None]] = {}
        self.tasks = TaskStore(connection)
        self.given_up = GivenUpStore(connection)
        self.tombstones = Tombstones(connection, self.tasks.counts)
        self.operations = OperationStore(connection)
        self.oauth = OAuthStore(connection)
        self.journal = Journal(connection, is_durable=is_durable)
        self.minutes = MinuteStore(connection)
        self.happened = HappenedStore(connection)
        self.forgetting = Forgetting(connection, self.journal, self.happened)

    @classmethod
    def open(cls, path: Path | None = None) -> Store:
        """A durable database in a file, or one in memory. Errors: ConfigError."""
        try:
            if path is not None:
                with suppress(OSError):  # it is there already, or SQLite will say why not
                    path.touch(
                        mode=0o600, exist_ok=False
                    )  # for its owner only; SQLite's files beside it follow
            # An absolute path: SQLite reads a name such as "file:x" as a URI.
            connection = sqlite3.connect(
                path.absolute() if path is not None else ":memory:",
                isolation_level=None,
                timeout=0.2,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise _unusable(path, error) from None
        try:
            prepare(connection)
        except sqlite3.Error as error:
            connection.close()
            raise _unusable(path, error) from None
        except ConfigError as error:
            connection.close()
            raise ConfigError(f"{path} {error.message}", hint=error.hint) from None
        return cls(connection, is_durable=path is not None)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it, or nothing. It may be part of a larger transaction, which somebody else commits."""
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("SAVEPOINT part")
        mark, counts = self.journal.mark(), self.tasks.counts.mark()
        try:
            yield
        except BaseException:
            self.journal.forget(mark)
            self.tasks.counts.forget(counts)
            self._queues.clear()
            if self._db.in_transaction:  # a full disk ends the whole transaction by itself
                self._db.execute("ROLLBACK TO part")
                self._db.execute("RELEASE part")
                self._end_part()
            else:
                self.journal.lost()
                self.tasks.counts.forget({})
            raise
        self._db.execute("RELEASE part")
        self._end_part()

    def _end_part(self) -> None:
        if not self.shares_transactions:
            self.commit()
            for follow in self.followers():
                follow()

    @property
    def in_transaction(self) -> bool:
        """Whether something was begun that is not committed yet."""
        return self._db.in_transaction

    def commit(self) -> None:
        """Returns when it is on disk. May run in another thread, while nothing else uses the store."""
        self.journal.write()
        self.tasks.counts.write()
        self._db.execute("COMMIT")
        self.journal.committed()

    def begin_to_tell(self, now: datetime) -> None:
        """Takes note of queues that were there before anything was told of them, or while nobody looked."""
        for name, depth in self.depths():
            self.journal.began(name, depth, to_us(now))

    def write_notes(self) -> None:
        """Lets what happened until now be read: it may have waited for a commit."""
        with self.transaction():
            self.journal.write(post=True)

    def rollback(self) -> None:
        self.journal.lost()
        self.tasks.counts.forget({})
        self._queues.clear()
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def after_commit(self, follow: Callable[[], None], once: object = None) -> None:
        """Does something once all that was written so far is on disk; nothing, should that fail.

        What is asked for with the same `once` again is done once.
        """
        if self._db.in_transaction:
            self._followers[follow if once is None else once] = follow
        else:
            follow()

    def followers(self, *, lost: bool = False) -> list[Callable[[], None]]:
        """What was put off until the commit, to be done now; none of it when the transaction was lost."""
        followers, self._followers = self._followers, {}
        return [] if lost else list(followers.values())

    @classmethod
    def blank(cls) -> Store:
        """A database with nothing in it. SQLite keeps it in memory, or in a file that nobody else can open."""
        connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        prepare(connection)
        return cls(connection)

    def replace_with(self, other: Store | sqlite3.Connection) -> None:
        """Replaces the whole database, whatever tables it has: all of it, or nothing. No transaction may be open."""
        (other._db if isinstance(other, Store) else other).backup(self._db)
        self._queues.clear()
        self.has_leftovers = True

    def prepare(self, check_s: float) -> None:
        """Makes what was copied into it today's. Errors: sqlite3.Error; ConfigError when it is not ours, or broken."""
        if is_blank(self._db):
            raise ConfigError("is empty.")
        prepare(self._db, check_s)

    def cut_off(self) -> None:
        """What was under way is due again: nobody will hear how it ended."""
        with self.transaction():
            self._db.execute("UPDATE tasks SET in_flight = 0 WHERE in_flight > 0")

    def is_empty(self) -> bool:
        return self._db.execute("SELECT 1 FROM queues LIMIT 1").fetchone() is None

    def queue(self, name: str) -> QueueRow | None:
        known = self._queues.get(name)
        if known is not None:
            return known
        found = self._db.execute(f"{_SELECT} WHERE name = ?", (name,)).fetchone()
        if found is None:
            return None
        if len(self._queues) >= _MOST_KNOWN:
            self._queues.clear()
        self._queues[name] = row = _queue_row(found)
        return row

    def queue_numbered(self, row: int) -> QueueRow | None:
        found = self._db.execute(f"{_SELECT} WHERE id = ?", (row,)).fetchone()
        return _queue_row(found) if found else None

    def queue_numbers(self) -> list[int]:
        """Of all queues."""
        return [row for (row,) in self._db.execute("SELECT id FROM queues")]

    def depths(self) -> list[tuple[str, int]]:
        """The names of all queues, and how many tasks are in each."""
        found = self._db.execute("SELECT name, generation FROM queues").fetchall()
        return [(name, self.tasks.counts.of(generation)) for name, generation in found]

    def queues(self, parent: str, after: str = "") -> Iterator[QueueRow]:
        """The queues of a location by name, those behind `after`."""
        found = self._db.execute(f"{_SELECT} WHERE parent = ? AND name > ? ORDER BY name", (parent, after))
        return map(_queue_row, found)

    def add_queue(self, queue: Queue, parent: str) -> QueueRow:
        self._queues.clear()
        added = self._db.execute(
            "INSERT INTO queues (parent, name, config, state, generation) "
            "VALUES (?, ?, ?, ?, -1 - (SELECT coalesce(max(id), 0) FROM queues))",  # until it has one of its own
            (parent, queue.name, _config(queue), queue.state),
        )
        row = added.lastrowid or 0
        return QueueRow(row, self._new_generation(row), queue, None)

    def new_generation(self, queue: QueueRow, names_blocked_until: datetime) -> None:
        """Leaves the queue without tasks at once; what they leave behind is cleared away later."""
        self._leave(queue.generation, names_blocked_until)
        self._new_generation(queue.row)

    def _new_generation(self, row: int) -> int:
        self._queues.clear()
        generation = self._db.execute("INSERT INTO generations (queue) VALUES (?)", (row,)).lastrowid or 0
        self._db.execute("UPDATE queues SET generation = ? WHERE id = ?", (generation, row))
        return generation

    def _leave(self, generation: int, until: datetime) -> None:
        self.has_leftovers = True
        self.tasks.left.add(generation)
        self._db.execute("UPDATE generations SET until_us = ? WHERE id = ?", (to_us(until), generation))

    def save_queue(self, row: int, queue: Queue) -> None:
        self._queues.clear()
        purge_us = None if queue.purge_time is None else to_us(queue.purge_time)
        self._db.execute(
            "UPDATE queues SET config = ?, state = ?, purge_us = ? WHERE id = ?",
            (_config(queue), queue.state, purge_us, row),
        )

    def save_policy(self, row: int, policy: str) -> None:
        self._queues.clear()
        self._db.execute("UPDATE queues SET policy = ? WHERE id = ?", (policy, row))

    def delete_queue(self, queue: QueueRow, blocked_until: datetime) -> None:
        """Removes the queue with its tasks; the name stays blocked."""
        self._queues.clear()
        self._leave(queue.generation, from_us(0))  # there is no queue in which names could be used again
        self._db.execute("DELETE FROM queues WHERE id = ?", (queue.row,))
        self._db.execute(
            "REPLACE INTO blocked_queues VALUES (?, ?)", (queue.queue.name, to_us(blocked_until))
        )

    def stopped_at(self) -> datetime | None:
        """What time it was when a clock that is moved by hand stopped, or later things happened; None in a new file."""
        sql = (
            "SELECT max(us) FROM (SELECT now_us AS us FROM clock UNION ALL SELECT max(create_us) FROM tasks)"
        )
        (found,) = self._db.execute(sql).fetchone()
        return None if found is None else from_us(found)

    def remember_time(self, now: datetime) -> None:
        """Let a clock that is moved by hand go on from here, the next time that the file is opened."""
        with self.transaction():
            self._db.execute("DELETE FROM clock")
            self._db.execute("INSERT INTO clock VALUES (?)", (to_us(now),))

    def kms_key(self, location: str) -> str:
        """The encryption key of a location, by their full names; empty where none was set."""
        found = self._db.execute("SELECT kms_key FROM cmek WHERE location = ?", (location,)).fetchone()
        return str(found[0]) if found else ""

    def set_kms_key(self, location: str, kms_key: str) -> None:
        self._db.execute("REPLACE INTO cmek VALUES (?, ?)", (location, kms_key))

    def is_blocked(self, name: str, now: datetime) -> bool:
        sql = "SELECT 1 FROM blocked_queues WHERE name = ? AND until_us > ?"
        return self._db.execute(sql, (name, to_us(now))).fetchone() is not None


def _unusable(path: Path | None, error: sqlite3.Error) -> ConfigError:
    """Why a file cannot be opened, and what to do about it."""
    if "locked" in str(error):
        return ConfigError(
            f"{path} is in use by another process.", hint="stop that one, or name another file"
        )
    unreadable = isinstance(error, sqlite3.OperationalError)
    hint = "name a file in a folder that exists and may be written" if unreadable else RESTORE
    return ConfigError(f"{path} cannot be used: {error}.", hint=hint)


def _config(queue: Queue) -> str:
    return encode(replace(queue, name="", state="", purge_time=None, stats=None)).decode()


def _queue_row(columns: tuple[int, int, str, str, str, int | None, str | None]) -> QueueRow:
    row, generation, name, config, state, purge_us, policy = columns
    purged = None if purge_us is None else from_us(purge_us)
    queue = replace(_settings(config), name=name, state=state, purge_time=purged)
    return QueueRow(row, generation, queue, policy)


@lru_cache(maxsize=1024)
def _settings(config: str) -> Queue:
    """The queue that a row describes, but for its name and state. Nobody changes what it holds: all read the same."""
    return decode(config.encode(), Queue)
