"""Keep the pages that an export has read, beside its file, so that it can continue after an interruption."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

import pyarrow as pa

from ..errors import ConfigError
from ..platforms import belongs_to_another, owner_of_new_files
from ..user_paths import user_path
from .complete import NO_FOLDER, delete_unfinished

VALID = timedelta(hours=2)
"""How long a page token is valid. Source: SPEC section 2.5."""
_OF_THE_DISK = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_READONLY: errno.EROFS,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}
_BEGINNING = b"SQLite format 3\0"
_READING_OTHER_DATA = (OSError, ValueError, TypeError, LookupError, AttributeError, StopIteration)
_TABLES = """
CREATE TABLE IF NOT EXISTS export (told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS unfinished (name TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pages (rows BLOB NOT NULL, count INTEGER NOT NULL, next TEXT NOT NULL, read_s REAL NOT NULL);
"""


class Partial:
    """Pages as Arrow batches, each with the token of the next page. Each page is stored as soon as it is read, so
    that even a killed process leaves whole pages. Only the owner can read the file, if its disk has permissions. Use as
    a context manager.

    `told`: the properties of the export. `state`: the state that it reads, if that changes although the same line
    runs; pages of another state are dropped. Errors: ConfigError if the file belongs to another export, or to a running
    one, or is damaged; OSError.
    """

    def __init__(self, path: str | os.PathLike[str], told: Mapping[str, str], state: str = "") -> None:
        target = user_path(path)
        target = target if target.name not in ("", "..") else target.resolve()
        if not target.name:
            raise ConfigError(f"{path!r} cannot be written.", hint="pass the path of a file or a new folder")
        self.path = target.with_name(f"{target.name}.partial")
        if not target.parent.is_dir():  # raised now, not after the last page
            raise FileNotFoundError(errno.ENOENT, NO_FOLDER, str(target.absolute()))
        self._claim()
        self.pages = self.items = 0
        self.token: str | None = None
        """The token of the next page; "" after the last page, None before the first one."""
        self._told, self._state = dict(told), state

    def __enter__(self) -> Self:
        self._db = sqlite3.connect(self.path, timeout=0, check_same_thread=False)
        try:
            with self._checked():
                self._begin(self._told, self._state)
            return self
        except BaseException:  # also an interrupt, or the file would stay in use
            self._db.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Keep the pages after an error; else, or without pages, delete the file."""
        keeps = kind is not None and self.pages > 0
        self._db.close()
        if not keeps:
            self.path.unlink(missing_ok=True)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The stored pages. Errors: ConfigError."""
        for number in range(1, self.pages + 1):
            with self._checked():
                rows = self._db.execute("SELECT rows FROM pages WHERE rowid = ?", (number,)).fetchone()[0]
                batch = pa.ipc.open_stream(rows).read_next_batch()
            yield batch

    def add(self, batch: pa.RecordBatch, token: str) -> None:
        """Store a page. `token` is the token of the next page. Errors: OSError."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as to:
            to.write_batch(batch)
        row = (sink.getvalue().to_pybytes(), batch.num_rows, token, time.time())
        with self._checked():
            self._db.execute("INSERT INTO pages VALUES (?, ?, ?, ?)", row)
            self._db.commit()
        self.pages, self.items, self.token = self.pages + 1, self.items + batch.num_rows, token

    def note(self, part: Path) -> None:
        """Record the path of the unfinished file, and delete those of processes that were killed."""
        with self._checked():
            for (name,) in self._db.execute("SELECT name FROM unfinished").fetchall():
                delete_unfinished(part, name)
            self._db.execute("DELETE FROM unfinished")
            self._db.execute("INSERT INTO unfinished VALUES (?)", (part.name,))
            self._db.commit()

    def forget(self) -> None:
        """Delete all pages, to start again."""
        with self._checked():
            self._db.execute("DELETE FROM pages")
            self._db.commit()
        self.pages, self.items, self.token = 0, 0, None

    def _claim(self) -> None:
        """Create the file, or check that an existing one is ours, and that only we can read it."""
        with os.fdopen(self._opened(), "rb") as file:
            found = os.fstat(file.fileno())
            if belongs_to_another(found) and found.st_uid != owner_of_new_files(self.path.parent):
                raise ConfigError(
                    f"{self.path} belongs to another user.",
                    hint="write to another folder, or delete the file",
                )
            if file.read(len(_BEGINNING)) not in (b"", _BEGINNING):  # SQLite would replace a short text
                raise self._damaged()
            if hasattr(os, "fchmod"):
                with suppress(OSError):  # on a mount without permissions, as of the exported file itself
                    os.fchmod(file.fileno(), 0o600)

    def _opened(self) -> int:
        follow_no_link = getattr(os, "O_NOFOLLOW", 0)  # not on Windows
        try:
            return os.open(self.path, os.O_CREAT | os.O_RDWR | follow_no_link, 0o600)
        except OSError:
            if self.path.is_symlink():
                hint = "delete this link, or write to another path"
                raise ConfigError(f"{self.path} is a symbolic link.", hint=hint) from None
            raise

    def _begin(self, told: dict[str, str], state: str) -> None:
        self._db.executescript(
            f"PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = OFF; BEGIN IMMEDIATE; {_TABLES} COMMIT;"
        )
        row = self._db.execute("SELECT told FROM export").fetchone()
        before = json.loads(row[0]) if row is not None else None
        if before is not None and before[0] != told:
            raise self._of_another(before[0], told)
        if before != [told, state]:
            self._db.execute("DELETE FROM export")
            self._db.execute("INSERT INTO export VALUES (?)", (json.dumps([told, state]),))
        found = "SELECT count(*), coalesce(sum(count), 0), coalesce(max(read_s), 0) FROM pages"
        self.pages, self.items, latest_s = self._db.execute(found).fetchone()
        if self.pages:
            (self.token,) = self._db.execute(
                "SELECT next FROM pages WHERE rowid = ?", (self.pages,)
            ).fetchone()
        is_old = abs(time.time() - latest_s) > VALID.total_seconds()  # also if only the file is missing
        if is_old or (before is not None and before[1] != state):
            self.forget()
        self._db.commit()

    def _of_another(self, before: dict[str, str], told: dict[str, str]) -> ConfigError:
        differing = [name for name in told if before.get(name) != told[name]]
        return ConfigError(
            f"{self.path} belongs to another export, with another {' and '.join(differing[:2])}.",
            hint="repeat the line that was interrupted, or delete the file",
        )

    @contextmanager
    def _checked(self) -> Iterator[None]:
        """Within a with block, an error of the database names the file. Errors: ConfigError, OSError."""
        try:
            yield
        except sqlite3.Error as error:
            number = _OF_THE_DISK.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if number is not None:
                raise OSError(number, os.strerror(number), str(self.path)) from None
            if "locked" in str(error):
                said, hint = "is in use by another export", "wait for that export, or write to another path"
                raise ConfigError(f"{self.path} {said}.", hint=hint) from None
            raise self._damaged() from None
        except _READING_OTHER_DATA:
            raise self._damaged() from None

    def _damaged(self) -> ConfigError:
        return ConfigError(f"{self.path} is not an unfinished export, or is damaged.", hint="delete the file")
