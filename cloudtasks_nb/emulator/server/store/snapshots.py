"""Copies of the whole database, under names: every table of it, whoever keeps something there. SQLite only."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from ....errors import ConfigError, FailedPrecondition, InvalidArgument, NotFound
from .store import Store

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_SUFFIX = ".db"
_CHECK_S = 60.0  # what is damaged must not replace what is whole
_DEVICES = {"con", "prn", "aux", "nul", *(f"{kind}{digit}" for kind in ("com", "lpt") for digit in range(10))}


class Snapshots:
    """Named copies: files in a folder, for their owner only; in memory where there is no folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[str, Store] = {}

    def names(self) -> list[str]:
        """Of all that are there."""
        if self._folder is None:
            return sorted(self._held)
        return sorted(path.stem for path in self._folder.glob(f"*{_SUFFIX}") if NAME.fullmatch(path.stem))

    def save(self, store: Store, name: str, finish: Callable[[Store], None]) -> None:
        """Copies the database, and lets `finish` say in the copy what the database does not.

        A copy of that name is replaced once the new one is whole. Errors: sqlite3.Error.
        """
        store.write_notes()
        copy = Store.blank()
        try:
            copy.replace_with(store)
            finish(copy)
            if self._folder is not None:
                self._write(copy, self._folder, name)
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
        """A copy of a copy, checked and of today's version: what is kept stays as it was.

        Errors: NotFound; FailedPrecondition for a file that is not a copy, or not whole.
        """
        if name not in self.names():
            there = ", ".join(self.names())
            raise NotFound(
                f"There is no snapshot '{name}'. There {f'are: {there}' if there else 'is none yet'}."
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
        unfinished = folder / f"{name}.unfinished"
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            with closing(Store.open(unfinished)) as written:
                written.replace_with(copy)
            unfinished.replace(_path(folder, name))
        finally:
            unfinished.unlink(missing_ok=True)


def _path(folder: Path, name: str) -> Path:
    return (folder / f"{name}{_SUFFIX}").absolute()


def check_name(name: str) -> str:
    """The name itself, when it can be a file's on every system. Errors: InvalidArgument."""
    if NAME.fullmatch(name) is None or name.lower() in _DEVICES:
        raise InvalidArgument(
            f"'{name[:100]}' cannot be the name of a snapshot: letters, digits, '-' and '_', at most 100 of them."
        )
    return name
