"""Named copies of the whole database, with every table. SQLite only."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ....errors import ConfigError, FailedPrecondition, Internal, InvalidArgument, NotFound
from .store import Store

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SUFFIX = ".db"
_CHECK_S = 60.0  # a damaged copy must not replace good data
_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{digit}" for kind in ("com", "lpt") for digit in range(10))}


class Snapshots:
    """Named copies: files in a folder, readable by the owner only; in memory without a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[str, Store] = {}

    def names(self) -> list[str]:
        """The names of all copies."""
        if self._folder is None:
            return sorted(self._held)
        return sorted(path.stem for path in self._folder.glob(f"*{_SUFFIX}") if NAME.fullmatch(path.stem))

    def save(self, store: Store, name: str, finish: Callable[[Store], None]) -> None:
        """Copies the database; `finish` then adds facts to the copy that the database lacks.

        Replaces a copy of the same name once the new one is complete. Errors: Internal, sqlite3.Error.
        """
        store.write_notes()
        copy = Store.blank()
        try:
            copy.replace_with(store)
            finish(copy)
            if self._folder is not None:
                try:
                    self._write(copy, self._folder, name)
                except (sqlite3.Error, OSError) as error:
                    raise Internal(
                        f"The snapshot '{name}' could not be written: {error}. Nothing was changed."
                    ) from None
        except BaseException:
            copy.close()
            raise
        if self._folder is not None:
            copy.close()
            return
        if name in self._held:
            self._held[name].close()
        self._held[name] = copy

    def opened(self, name: str) -> Store:
        """A copy of a snapshot, checked and upgraded to the current format; the snapshot does not change.

        Errors: NotFound; FailedPrecondition for a file that is not a snapshot, or is damaged.
        """
        if name not in self.names():
            there = ", ".join(self.names())
            raise NotFound(
                f"There is no snapshot '{name}'. {f'The snapshots are: {there}' if there else 'None was saved yet'}."
            )
        made = Store.blank()
        try:
            if self._folder is None:
                made.replace_with(self._held[name])
            else:
                with closing(sqlite3.connect(_path(self._folder, name))) as kept:
                    made.replace_with(kept)
            made.prepare(_CHECK_S)
        except (sqlite3.Error, ConfigError) as error:
            made.close()
            why = error.message if isinstance(error, ConfigError) else f"cannot be read: {error}."
            raise FailedPrecondition(f"The snapshot '{name}' {why} Nothing was changed.") from None
        return made

    def close(self) -> None:
        for copy in self._held.values():
            copy.close()

    def _write(self, copy: Store, folder: Path, name: str) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        unfinished = (folder / f"{name}.unfinished").absolute()
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            with closing(sqlite3.connect(unfinished)) as written:
                # With a write-ahead log, close() would write the file, and would not report a full disk.
                written.execute("PRAGMA journal_mode = OFF")
                copy.copy_to(written)
            unfinished.replace(_path(folder, name))
        finally:
            unfinished.unlink(missing_ok=True)


def _path(folder: Path, name: str) -> Path:
    return (folder / f"{name}{_SUFFIX}").absolute()


def check_name(name: str) -> str:
    """Returns a name that can be a file name on every system. Errors: InvalidArgument."""
    if NAME.fullmatch(name) is None or name.lower() in _DEVICES:
        raise InvalidArgument(
            f"'{name[:100]}' is not a valid snapshot name: use at most 100 letters, digits, '-' and '_'. A name "
            "begins with a letter or digit, and is not that of a Windows device, such as 'con'."
        )
    return name
