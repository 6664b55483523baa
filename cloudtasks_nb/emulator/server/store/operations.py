"""Database: operations, with the responses of their calls. SQLite only; `now` is an argument."""

from __future__ import annotations

import sqlite3
import zlib
from datetime import datetime

from msgspec import Struct

from ..clock import to_us

_FAST = 1


class StoredOperation(Struct, frozen=True):
    """The result of a call. `fingerprint`: a digest of the call, so that only a repeat of it gets this result."""

    answer: bytes
    fingerprint: bytes


class OperationStore:
    """Operations by their full names. Batch responses are long and repetitive, so they are compressed."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, name: str, now: datetime) -> StoredOperation | None:
        sql = "SELECT answer, fingerprint FROM operations WHERE name = ? AND until_us > ?"
        found = self._db.execute(sql, (name, to_us(now))).fetchone()
        return StoredOperation(zlib.decompress(found[0]), found[1]) if found else None

    def add(self, name: str, operation: StoredOperation, until: datetime, now: datetime) -> None:
        """Stores an operation until a time, and deletes expired ones."""
        self._db.execute("DELETE FROM operations WHERE until_us <= ?", (to_us(now),))
        packed = zlib.compress(operation.answer, _FAST)
        row = (name, to_us(until), operation.fingerprint, packed)
        self._db.execute(
            "INSERT INTO operations (name, until_us, fingerprint, answer) VALUES (?, ?, ?, ?)", row
        )
