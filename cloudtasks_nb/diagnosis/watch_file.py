"""The file of a watch: a backup that grows and is complete after every write. Imports pyarrow: load on first use."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa

from ..bulk.backup_file import BACKUP, BackupFile, about_now, schema_of
from ..errors import BackupIncomplete, ConfigError
from ..frames import write_parquet
from ..platforms import claimed
from ..render.values import counted
from ..user_paths import check_names_file, user_path

if TYPE_CHECKING:
    from ..resources.queue import Queue

Key = tuple[str, object]  # name and creation time of a task: names can be reused


class DeadLetters:
    """The file of the saved tasks. No task is removed from it; a task that is found again is updated.

    Each write creates a new file beside the old one, flushes it to the disk, and renames it over the old one. So
    after a crash the file is complete: it is the old one or the new one.

    Errors: ConfigError if the file is not a backup of this queue, is in use by another watch, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], queue: Queue) -> None:
        self.path = user_path(path).absolute()
        self._queue = queue
        self._held: dict[Key, int] = {}
        self._state: tuple[int, int] | None = None
        self._id = ""
        with _said(self.path):
            check_names_file(path)
            self._lock: IO[bytes] | None = _claimed(self.path)
        try:
            self._catch_up()
        except BaseException:
            self.close()
            raise

    def __len__(self) -> int:
        return len(self._held)

    def keep(self, batches: Iterable[pa.RecordBatch]) -> int:
        """Add tasks to the file and flush it to the disk. Returns how many of them are new.

        Errors: ConfigError if it cannot be written, BackupIncomplete if a task has no payload.
        """
        seen = pa.Table.from_batches(batches, schema=BACKUP.schema)
        if lacking := seen.column("payload").null_count:
            raise BackupIncomplete(
                f"{counted(lacking, 'task')} without a payload, because this API version does not return it.",
                hint='connect with api_version="v2beta2"',
            )
        self._catch_up()
        keys, counts = _keys(seen), seen.column("dispatch_count").to_pylist()
        changed = [self._held.get(key) != count for key, count in zip(keys, counts, strict=True)]
        if self._state is not None and not any(changed):
            return 0
        news = {key: count for key, count, is_news in zip(keys, counts, changed, strict=True) if is_news}
        about = about_now(self._queue, self._id)
        with _said(self.path):
            rows = self._merged(news, seen.filter(pa.array(changed, pa.bool_())))
            write_parquet(self.path, schema_of(about), rows, private=True)
        added = len(news.keys() - self._held.keys())
        self._held.update(news)
        self._id, self._state = about.id, _state(self.path)
        return added

    def close(self) -> None:
        """Release the lock, so that another watch can use the file."""
        if self._lock is not None:
            with suppress(OSError):
                _beside(self.path).unlink()
            self._lock.close()
            self._lock = None
        _WATCHED.discard(self.path)

    def _catch_up(self) -> None:
        """Read which tasks are in the file, if another program changed it."""
        with _said(self.path):
            now = _state(self.path)
            if now is None:
                self._held, self._state = {}, None
            elif now != self._state:
                self._held = self._read()
                self._state = now

    def _read(self) -> dict[Key, int]:
        file = BackupFile(self.path)
        of = file.about.queue.name if file.about.queue is not None else ""
        if of != self._queue.name:
            raise ConfigError(
                f"{self.path} holds tasks of another queue ({of or 'its name is unknown'}).",
                hint="pass another file; each queue needs its own",
            )
        self._id = file.about.id
        held: dict[Key, int] = {}
        for batch in file.batches():
            table = _as_now(batch)
            held.update(zip(_keys(table), table.column("dispatch_count").to_pylist(), strict=True))
        return held

    def _merged(self, news: dict[Key, int], rows: pa.Table) -> Iterator[pa.RecordBatch]:
        if self._state is not None:
            for batch in BackupFile(self.path).batches():
                table = _as_now(batch)
                stays = [key not in news for key in _keys(table)]
                yield from table.filter(pa.array(stays, pa.bool_())).to_batches()
        yield from rows.to_batches()


_WATCHED: set[Path] = set()


def _keys(table: pa.Table) -> Sequence[Key]:
    return list(zip(table.column("name").to_pylist(), table.column("create_time").to_pylist(), strict=True))


def _as_now(batch: pa.RecordBatch) -> pa.Table:
    """Convert rows of an earlier version of this package to the current columns."""
    columns = [
        batch.column(field.name).cast(field.type)
        if field.name in batch.schema.names
        else pa.nulls(len(batch), field.type)
        for field in BACKUP.schema
    ]
    return pa.Table.from_arrays(columns, schema=BACKUP.schema)


def _state(path: Path) -> tuple[int, int] | None:
    """The identity of the file at a path; None if no file exists."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _claimed(path: Path) -> IO[bytes]:
    """Lock the file, with a lock file beside it. Errors: ConfigError if another watch holds the lock; OSError."""
    if path in _WATCHED:
        raise _taken(path)
    lock = claimed(_beside(path))
    if lock is None:
        raise _taken(path)
    _WATCHED.add(path)
    return lock


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _taken(path: Path) -> ConfigError:
    return ConfigError(f"Another watch writes to {path}.", hint="stop that watch, or pass another file")


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Context manager that turns an error of the disk into a ConfigError with a hint."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        todo = "free some disk space" if error.errno == errno.ENOSPC else "pass a file in a writable folder"
        raise ConfigError(
            f"{path} cannot be written: {why}.", hint=f"{todo}; tasks saved earlier are not lost"
        ) from error
