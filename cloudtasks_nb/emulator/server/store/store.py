"""Database: queues, their policies, and blocked names. SQLite only; `now` is an argument."""

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
from .data_file import RESTORE, check_beginning, is_blank, prepare
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

_MOST_KNOWN = 10_000  # queues that are cached


class QueueRow(Struct, frozen=True):
    """A queue, its row number, and the number of its current generation of tasks."""

    row: int
    generation: int
    queue: Queue
    policy: str | None


class Store:
    """An open database; `tasks`, `tombstones`, `operations` and `oauth` manage the other tables."""

    def __init__(self, connection: sqlite3.Connection, *, is_durable: bool = False) -> None:
        self._db = connection
        self.is_durable = is_durable
        self.shares_transactions = False  # set by commits.py, which commits for several callers
        self.has_leftovers = True  # old generations may exist until the first check
        self._queues: dict[str, QueueRow] = {}  # a cache, dropped when any queue changes
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
        """Opens a durable database in a file, or one in memory. Errors: ConfigError."""
        try:
            if path is not None:
                check_beginning(path)
                with suppress(OSError):  # the file exists, or SQLite will report the error
                    path.touch(
                        mode=0o600, exist_ok=False
                    )  # readable by its owner only; SQLite's other files get the same mode
            # An absolute path: SQLite reads a name such as "file:x" as a URI.
            connection = sqlite3.connect(
                path.absolute() if path is not None else ":memory:",
                isolation_level=None,
                timeout=0.2,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise _unusable(path, error) from None
        except ConfigError as error:
            raise ConfigError(f"{path} {error.message}", hint=error.hint) from None
        try:
            prepare(connection)
        except (sqlite3.Error, UnicodeDecodeError) as error:  # damaged text of the schema
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
        """A transaction: all or nothing. It may be part of a larger one, which the caller commits."""
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
            if self._db.in_transaction:  # a full disk ends the whole transaction
                self._db.execute("ROLLBACK TO part")
                self._db.execute("RELEASE part")
                self._end_part()
            else:
                self.journal.lost()
                self.tasks.counts.forget({})
            raise
        self._db.execute("RELEASE part")
        self._end_part()

    def writing(self) -> Writing:
        """As `transaction`, for work that only the database can refuse after its first change. Costs a third of it.

        If the database fails later, the whole open transaction is rolled back, with the work of other callers.
        """
        return Writing(self)

    def _end_part(self) -> None:
        if not self.shares_transactions:
            self.commit()
            for follow in self.followers():
                follow()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._db.in_transaction

    def commit(self) -> None:
        """Commits to disk. May run in another thread while nothing else uses the store."""
        self.journal.write()
        self.tasks.counts.write()
        self._db.execute("COMMIT")
        self.journal.committed()

    def begin_to_tell(self, now: datetime) -> None:
        """Registers queues that exist without records."""
        for name, depth in self.depths():
            self.journal.began(name, depth, to_us(now))

    def write_notes(self) -> None:
        """Makes all notes readable that wait for a commit."""
        with self.transaction():
            self.journal.write(post=True)

    def rollback(self) -> None:
        self.journal.lost()
        self.tasks.counts.forget({})
        self._queues.clear()
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def after_commit(self, follow: Callable[[], None], once: object = None) -> None:
        """Calls a function after the next successful commit; drops it if the commit fails.

        Several calls with the same `once` run once.
        """
        if self._db.in_transaction:
            self._followers[follow if once is None else once] = follow
        else:
            follow()

    def followers(self, *, lost: bool = False) -> list[Callable[[], None]]:
        """The functions to call after the commit; empty if the transaction was rolled back."""
        followers, self._followers = self._followers, {}
        return [] if lost else list(followers.values())

    @classmethod
    def blank(cls) -> Store:
        """An empty database. SQLite keeps it in memory, or in a private temporary file."""
        connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        prepare(connection)
        return cls(connection)

    def replace_with(self, other: Store | sqlite3.Connection) -> None:
        """Replaces the whole database with all tables: all or nothing. No transaction may be open."""
        (other._db if isinstance(other, Store) else other).backup(self._db)
        self._queues.clear()
        self.has_leftovers = True

    def copy_to(self, other: sqlite3.Connection) -> None:
        """Replaces another database with a copy of this one. Errors: sqlite3.Error."""
        self._db.backup(other)

    def prepare(self, check_s: float) -> None:
        """Upgrades copied content. Errors: sqlite3.Error; ConfigError for a foreign or damaged database."""
        if is_blank(self._db):
            raise ConfigError("is empty.")
        prepare(self._db, check_s)

    def cut_off(self) -> None:
        """Makes attempts under way due again, because their outcome will be unknown."""
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
        """The numbers of all queues."""
        return [row for (row,) in self._db.execute("SELECT id FROM queues")]

    def depths(self) -> list[tuple[str, int]]:
        """The names of all queues, with their task counts."""
        found = self._db.execute("SELECT name, generation FROM queues").fetchall()
        return [(name, self.tasks.counts.of(generation)) for name, generation in found]

    def queues(self, parent: str, after: str = "") -> Iterator[QueueRow]:
        """The queues of a location by name, those after `after`."""
        found = self._db.execute(f"{_SELECT} WHERE parent = ? AND name > ? ORDER BY name", (parent, after))
        return map(_queue_row, found)

    def add_queue(self, queue: Queue, parent: str) -> QueueRow:
        self._queues.clear()
        added = self._db.execute(
            "INSERT INTO queues (parent, name, config, state, generation) "
            "VALUES (?, ?, ?, ?, -1 - (SELECT coalesce(max(id), 0) FROM queues))",  # placeholder
            (parent, queue.name, _config(queue), queue.state),
        )
        row = added.lastrowid or 0
        return QueueRow(row, self._new_generation(row), queue, None)

    def new_generation(self, queue: QueueRow, names_blocked_until: datetime) -> None:
        """Starts a new generation: the queue is empty at once; old tasks are deleted later."""
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
        """Deletes the queue with its tasks; the name stays blocked."""
        self._queues.clear()
        self._leave(queue.generation, from_us(0))  # the queue is deleted, so its task names need no blocking
        self._db.execute("DELETE FROM queues WHERE id = ?", (queue.row,))
        self._db.execute(
            "REPLACE INTO blocked_queues VALUES (?, ?)", (queue.queue.name, to_us(blocked_until))
        )

    def stopped_at(self) -> datetime | None:
        """The time at which a manual clock stopped, or of later records; None in a new file."""
        sql = (
            "SELECT max(us) FROM (SELECT now_us AS us FROM clock UNION ALL SELECT max(create_us) FROM tasks)"
        )
        (found,) = self._db.execute(sql).fetchone()
        return None if found is None else from_us(found)

    def remember_time(self, now: datetime) -> None:
        """Store the time from which a manual clock continues when the file is opened again."""
        with self.transaction():
            self._db.execute("DELETE FROM clock")
            self._db.execute("INSERT INTO clock VALUES (?)", (to_us(now),))

    def kms_key(self, location: str) -> str:
        """The encryption key of a location, both by full name; empty if none is set."""
        found = self._db.execute("SELECT kms_key FROM cmek WHERE location = ?", (location,)).fetchone()
        return str(found[0]) if found else ""

    def set_kms_key(self, location: str, kms_key: str) -> None:
        self._db.execute("REPLACE INTO cmek VALUES (?, ?)", (location, kms_key))

    def is_blocked(self, name: str, now: datetime) -> bool:
        sql = "SELECT 1 FROM blocked_queues WHERE name = ? AND until_us > ?"
        return self._db.execute(sql, (name, to_us(now))).fetchone() is not None


class Writing:
    """Changes at the end of a call, without a savepoint, which would copy each changed page."""

    __slots__ = ("_before", "_counts", "_mark", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> None:
        store, database = self._store, self._store._db
        if not database.in_transaction:
            database.execute("BEGIN IMMEDIATE")
        self._mark, self._counts = store.journal.mark(), store.tasks.counts.mark()
        self._before = database.total_changes

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        store, database = self._store, self._store._db
        if error is not None:
            store.journal.forget(self._mark)
            store.tasks.counts.forget(self._counts)
            if database.total_changes != self._before or not database.in_transaction:
                store.rollback()
                return
        store._end_part()


def _unusable(path: Path | None, error: sqlite3.Error | UnicodeDecodeError) -> ConfigError:
    """The error for a file that cannot be opened, with its remedy."""
    if isinstance(error, UnicodeDecodeError):
        return ConfigError(f"{path} cannot be used: its text is damaged.", hint=RESTORE)
    if "locked" in str(error):
        return ConfigError(
            f"{path} is in use by another process.", hint="stop that process, or name another file"
        )
    if "full" in str(error):
        return ConfigError(
            f"{path} cannot be used: {error}.",
            hint="free some disk space, or name a file on another disk; this file was not changed",
        )
    unreadable = isinstance(error, sqlite3.OperationalError)
    hint = "name a file in an existing folder with write permission" if unreadable else RESTORE
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
    """The queue of a row, without its name and state. Shared by all readers: do not change it."""
    return decode(config.encode(), Queue)
