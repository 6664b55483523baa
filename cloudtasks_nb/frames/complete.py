"""Files and folders that appear only once they are complete. Needs no Arrow."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..user_paths import check_names_file, full_path

Note = Callable[[Path], object] | None
_UNFINISHED = re.compile(r"\.[0-9a-f]{16}\.part")
NO_FOLDER = "Its folder does not exist: create it first"


def file_target(path: str | os.PathLike[str]) -> Path:
    """The absolute path of a file to write. Exports call it before they read pages.

    Errors: ConfigError, OSError if no file can be written there.
    """
    check_names_file(path)
    target = full_path(path)
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, NO_FOLDER, str(target))
    if target.exists() and not target.is_file():  # a file must not replace a device
        raise OSError(errno.EINVAL, "It is not a regular file: pass another path", str(target))
    return target


@contextmanager
def complete_or_absent(
    path: str | os.PathLike[str], *, private: bool = False, note: Note = None
) -> Iterator[BinaryIO]:
    """A file that gets its name only when all is written; an error or interrupt leaves nothing behind.

    Only the owner can read a `private` file. A file that replaces another gets no wider permissions than that one had.
    `note` is called with the path of the unfinished file, because a process that is killed leaves it behind.
    """
    target = file_target(path)
    part = _unfinished(target, note)
    mode = (0o600 if private else 0o666) & (target.stat().st_mode if target.exists() else 0o777)
    try:
        with open(part, "xb", opener=partial(os.open, mode=mode | 0o200)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # a purge that relies on this file may follow
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def folder_target(path: str | os.PathLike[str]) -> Path:
    """The absolute path of a folder to write. Errors: as file_target(), also for a folder that is not empty."""
    target = full_path(path)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "It is a file, not a folder: pass another path", str(target))
    if target.exists() and any(target.iterdir()):
        why = "The folder is not empty: pass a new path, or delete the folder first"
        raise FileExistsError(errno.EEXIST, why, str(target))
    if target.exists() and (os.path.ismount(target) or target.samefile(Path())):
        why = "It is a mount point or the current folder, which cannot be replaced: pass a new folder in it"
        raise OSError(errno.EBUSY, why, str(target))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, NO_FOLDER, str(target))
    return target


@contextmanager
def complete_or_absent_folder(
    path: str | os.PathLike[str], *, private: bool, note: Note = None
) -> Iterator[Path]:
    """A folder that gets its name only when all is written; an error or interrupt leaves nothing behind.

    An empty folder is replaced, with no wider permissions. `note`: as for a file.
    """
    target = folder_target(path)
    part = _unfinished(target, note)
    mode = (0o700 if private else 0o777) & (target.stat().st_mode if target.exists() else 0o777)
    part.mkdir(mode=mode | 0o700)
    try:
        yield part
        if target.exists():
            target.rmdir()
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _unfinished(target: Path, note: Note) -> Path:
    """The path at which a file or folder is written. No other process uses it."""
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    if note is not None:
        note(part)
    return part


def delete_unfinished(beside: Path, name: str) -> None:
    """Delete the unfinished file or folder that a process left beside a path, when it was killed. If it cannot be
    deleted, it stays."""
    if not _UNFINISHED.fullmatch(name):
        return
    part = beside.with_name(name)
    if part.is_dir() and not part.is_symlink():
        shutil.rmtree(part, ignore_errors=True)
    else:
        with suppress(OSError):
            part.unlink()
