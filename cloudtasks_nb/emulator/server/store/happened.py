"""Database: the history of tasks, one record for each attempt, packed by commit. SQLite only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct


class Happened(Struct, frozen=True, array_like=True):
    """A task was created, sent or deleted. Times are microseconds since 1970.

    `kind`: CREATED, ATTEMPT or DELETED. `logged`: whether the log shows it. `target`: method and URL, "POST https://…".
    The other fields describe an attempt: `ended_us` is None while it is under way, `retry_us` is None without a retry,
    `took_us` is real time even with a manual clock. `outcome` of a deletion is its reason.
    """

    kind: str
    task: str
    at_us: int
    schedule_us: int
    target: str = ""
    target_type: str = ""
    logged: bool = False
    outcome: str = ""
    attempt: int = 0
    responses: int = 0
    max_attempts: int = 0
    ended_us: int | None = None
    took_us: int = 0
    http_status: int | None = None
    code: int = 0
    message: str = ""
    retry_us: int | None = None
    answer: bytes = b""


class ToldQueue(Struct, frozen=True):
    """A queue with records; it may be deleted."""

    id: int
    name: str
    target_type: str
    dropped: int = 0


class Batch(Struct, frozen=True):
    """A batch of records: where it is, and the time span that it covers."""

    row: int
    queue: int
    first_us: int
    last_us: int


_decoder = msgspec.msgpack.Decoder(list[Happened])


def pack(records: Sequence[Happened]) -> bytes:
    """Records in their stored form."""
    return msgspec.msgpack.encode(records)


class HappenedStore:
    """Reads the records that the journal wrote."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def queues(self, project: str) -> list[ToldQueue]:
        """The queues of a project that have records, by name."""
        sql = (
            "SELECT id, name, target_type, dropped FROM told_queues WHERE name BETWEEN ? AND ? ORDER BY name"
        )
        first = f"projects/{project}/"
        return [ToldQueue(*row) for row in self._db.execute(sql, (first, f"{first}\U0010ffff"))]

    def batches(self, queues: Iterable[int], from_us: int, until_us: int) -> Iterator[Batch]:
        """The batches of each queue that overlap a time span, from the oldest to the newest."""
        sql = (
            "SELECT row, queue, first_us, last_us FROM happened "
            "WHERE queue = ? AND last_us >= ? AND first_us <= ? ORDER BY last_us"
        )
        for queue in queues:
            for row in self._db.execute(sql, (queue, from_us, until_us)):
                yield Batch(*row)

    def records(self, batch: Batch) -> list[Happened]:
        """The records of a batch; empty if it was deleted meanwhile."""
        found = self._db.execute("SELECT records FROM happened WHERE row = ?", (batch.row,)).fetchone()
        return _decoder.decode(found[0]) if found else []

    def audited(self, project: str, from_us: int, until_us: int) -> list[tuple[int, int, bytes]]:
        """Row, time and entry of the admin calls of a project."""
        sql = "SELECT row, at_us, entry FROM audited WHERE project = ? AND at_us BETWEEN ? AND ?"
        return self._db.execute(sql, (project, from_us, until_us)).fetchall()
