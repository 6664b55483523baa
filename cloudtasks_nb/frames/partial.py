"""Keep the pages that an export has read, beside its file, so that it can continue after an interruption."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Self

import pyarrow as pa

from ..errors import ConfigError

VALID = timedelta(hours=2)
"""How long a page token is valid. Source: SPEC section 2.5."""
_TABLES = """
CREATE TABLE IF NOT EXISTS export (told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pages (rows BLOB NOT NULL, count INTEGER NOT NULL, next TEXT NOT NULL, read_s REAL NOT NULL);
"""


class Partial:
    """Pages as Arrow batches, each with the token of the next page. Each page is stored as soon as it is read, so
    that even a killed process leaves whole pages. Only the owner can read the file. Use as a context manager.

    `told`: a description of the export. Errors: ConfigError if the file belongs to another export, or to a running one.
    """

    def __init__(self, path: str | os.PathLike[str], told: Sequence[str]) -> None:
        target = Path(path).expanduser()
        self.path = target.with_name(f"{target.name}.partial")
        if not target.parent.is_dir():  # raised now, not after the last page
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(target))
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        self._db = sqlite3.connect(self.path, timeout=0, check_same_thread=False)
        try:
            self._begin(json.dumps(list(told)))
        except BaseException:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Keep the pages after an error; else, or without pages, delete the file."""
        keeps = kind is not None and self.pages > 0
        self._db.close()
        if not keeps:
            self.path.unlink(missing_ok=True)

    @property
    def pages(self) -> int:
        """The number of stored pages."""
        return int(self._db.execute("SELECT count(*) FROM pages").fetchone()[0])

    @property
    def items(self) -> int:
        """The number of items in them."""
        return int(self._db.execute("SELECT coalesce(sum(count), 0) FROM pages").fetchone()[0])

    @property
    def token(self) -> str | None:
        """The token of the next page; "" after the last page, None before the first one."""
        found = self._db.execute("SELECT next FROM pages ORDER BY rowid DESC LIMIT 1").fetchone()
        return None if found is None else str(found[0])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The stored pages."""
        last = self._db.execute("SELECT max(rowid) FROM pages").fetchone()[0] or 0
        for number in range(1, last + 1):
            rows = self._db.execute("SELECT rows FROM pages WHERE rowid = ?", (number,)).fetchone()[0]
            yield pa.ipc.open_stream(rows).read_next_batch()

    def add(self, batch: pa.RecordBatch, token: str) -> None:
        """Store a page. `token` is the token of the next page."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as to:
            to.write_batch(batch)
        row = (sink.getvalue().to_pybytes(), batch.num_rows, token, time.time())
        self._db.execute("INSERT INTO pages VALUES (?, ?, ?, ?)", row)
        self._db.commit()

    def _begin(self, told: str) -> None:
        try:
            self._db.executescript(
                f"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; BEGIN IMMEDIATE; {_TABLES} COMMIT;"
            )
        except sqlite3.DatabaseError as error:
            why = "is in use by another export" if "locked" in str(error) else "is not an unfinished export"
            hint = (
                "wait for that export, or write to another path"
                if "locked" in str(error)
                else "delete the file"
            )
            raise ConfigError(f"{self.path} {why}.", hint=hint) from None
        kept = self._db.execute("SELECT told FROM export").fetchone()
        if kept is not None and kept[0] != told:
            raise ConfigError(
                f"{self.path} belongs to another export: {', '.join(json.loads(kept[0]))}.",
                hint="repeat the line that was interrupted, or delete the file",
            )
        latest_s = self._db.execute("SELECT max(read_s) FROM pages").fetchone()[0]
        if latest_s is not None and time.time() - latest_s > VALID.total_seconds() and self.token:
            self._db.execute("DELETE FROM pages")  # its token has expired: start again
        if kept is None:
            self._db.execute("INSERT INTO export VALUES (?)", (told,))
        self._db.commit()
