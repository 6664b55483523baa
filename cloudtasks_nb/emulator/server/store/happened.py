"""What happened to tasks: one record for each attempt, packed by commit. SQLite only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct


class Happened(Struct, frozen=True, array_like=True):
    """A task was created, sent or deleted. Instants in microseconds since 1970.

    `kind`: CREATED, ATTEMPT or DELETED. `logged`: whether the log shows it. `target`: method and URL, "POST https://…".
    The rest is of an attempt: `ended_us` None while it is under way, `retry_us` None when there is no next one,
    `took_us` in real time, whatever the clock says. `outcome` of a deletion says why.
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
    """A queue of which something is told, whether it is still there or not."""

    id: int
    name: str
    target_type: str
    dropped: int = 0


class Batch(Struct, frozen=True):
    """Where some records are, and between which moments they happened."""

    row: int
    queue: int
    first_us: int
    last_us: int


_decoder = msgspec.msgpack.Decoder(list[Happened])


def pack(records: Sequence[Happened]) -> bytes:
    """Records as they are kept."""
    return msgspec.msgpack.encode(records)


class HappenedStore:
    """Reads what the journal wrote."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def queues(self, project: str) -> list[ToldQueue]:
        """The queues of a project of which anything is told, by name."""
        sql = (
            "SELECT id, name, target_type, dropped FROM told_queues WHERE name BETWEEN ? AND ? ORDER BY name"
        )
        first = f"projects/{project}/"
        return [ToldQueue(*row) for row in self._db.execute(sql, (first, f"{first}\U0010ffff"))]

    def batches(self, queues: Iterable[int], from_us: int, until_us: int) -> Iterator[Batch]:
        """Batches that hold something between two moments, of each queue from the oldest to the newest."""
        sql = (
            "SELECT row, queue, first_us, last_us FROM happened "
            "WHERE queue = ? AND last_us >= ? AND first_us <= ? ORDER BY last_us"
        )
        for queue in queues:
            for row in self._db.execute(sql, (queue, from_us, until_us)):
                yield Batch(*row)

    def records(self, batch: Batch) -> list[Happened]:
        """What a batch holds; nothing when it was swept meanwhile."""
        found = self._db.execute("SELECT records FROM happened WHERE row = ?", (batch.row,)).fetchone()
        return _decoder.decode(found[0]) if found else []

    def audited(self, project: str, from_us: int, until_us: int) -> list[tuple[int, int, bytes]]:
        """Row, moment and entry of what was done to the queues of a project."""
        sql = "SELECT row, at_us, entry FROM audited WHERE project = ? AND at_us BETWEEN ? AND ?"
        return self._db.execute(sql, (project, from_us, until_us)).fetchall()
