"""Copies of the whole database, under names: every table of it, whoever keeps something there. SQLite only."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from ....errors import ConfigError, FailedPrecondition, InvalidArgument, NotFound
from ..clock import from_us, to_us
from .data_file import is_blank, prepare
from .store import Store

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SUFFIX = ".db"
_CHECK_S = 60.0  # what is damaged must not replace what is whole
_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{digit}" for kind in ("com", "lpt") for digit in range(10))}


class Snapshots:
    """Named copies: files in a folder, for their owner only; in memory where there is no folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[str, sqlite3.Connection] = {}

    def names(self) -> list[str]:
        """Of all that are there."""
        if self._folder is None:
            return sorted(self._held)
        return sorted(path.stem for path in self._folder.glob(f"*{_SUFFIX}") if NAME.fullmatch(path.stem))

    def save(self, store: Store, name: str, now: datetime) -> None:
        """Copies the database. A copy of that name is replaced once the new one is whole. Errors: sqlite3.Error."""
        if self._folder is None:
            copy = _temporary()
            _copied(store, copy, now)
            self._held[name] = copy
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        unfinished = self._folder / f"{name}.unfinished"
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            with closing(sqlite3.connect(unfinished.absolute(), isolation_level=None)) as copy:
                _copied(store, copy, now)
            unfinished.replace(self._path(name))
        finally:
            unfinished.unlink(missing_ok=True)

    def opened(self, name: str) -> sqlite3.Connection:
        """A copy of a copy, checked and of today's version: what is kept stays as it was.

        Errors: NotFound; FailedPrecondition for a file that is not a copy, or not whole.
        """
        if name not in self.names():
            there = ", ".join(self.names())
            raise NotFound(
                f"There is no snapshot '{name}'. There {f'are: {there}' if there else 'is none yet'}."
            )
        made = _temporary()
        try:
            if self._folder is None:
                self._held[name].backup(made)
            else:
                with closing(sqlite3.connect(self._path(name).absolute(), isolation_level=None)) as kept:
                    kept.backup(made)
            if is_blank(made):
                raise ConfigError("is empty.")
            prepare(made, _CHECK_S)
        except (sqlite3.Error, ConfigError) as error:
            made.close()
            why = error.message if isinstance(error, ConfigError) else f"cannot be read: {error}."
            raise FailedPrecondition(f"The snapshot '{name}' {why} Nothing was changed.") from None
        return made

    def close(self) -> None:
        for copy in self._held.values():
            copy.close()

    def _path(self, name: str) -> Path:
        assert self._folder is not None  # noqa: S101 - there is none in memory
        return self._folder / f"{name}{_SUFFIX}"


def blank() -> sqlite3.Connection:
    """A database with nothing in it, as at the first start."""
    made = _temporary()
    prepare(made)
    return made


def time_of(copy: sqlite3.Connection) -> datetime | None:
    """What time it was when the copy was taken; None for a blank one."""
    found = copy.execute("SELECT now_us FROM clock").fetchone()
    return None if found is None else from_us(found[0])


def _temporary() -> sqlite3.Connection:
    """A private database without a name: SQLite keeps it in memory, or in a file that nobody else can open."""
    return sqlite3.connect("", isolation_level=None, check_same_thread=False)


def _copied(store: Store, copy: sqlite3.Connection, now: datetime) -> None:
    store.copy_to(copy)
    copy.execute("DELETE FROM clock")
    copy.execute("INSERT INTO clock VALUES (?)", (to_us(now),))


def check_name(name: str) -> str:
    """The name itself, when it can be a file's on every system. Errors: InvalidArgument."""
    if NAME.fullmatch(name) is None or name.lower() in _DEVICES:
        raise InvalidArgument(
            f"'{name[:100]}' cannot be the name of a snapshot: letters, digits, '-' and '_', at most 100 of them."
        )
    return name
