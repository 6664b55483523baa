"""Paths that a user passes: which are valid, and which file or folder do they name."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from .errors import ConfigError

_URL = re.compile(r"file:|:memory:$|[a-z][a-z0-9+.-]+://", re.IGNORECASE)  # not "C:", a drive of Windows


def names_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a path ends like a folder's path: "tasks/"."""
    return os.fspath(path).endswith(tuple(filter(None, (os.sep, os.altsep))))


def user_path(path: str | os.PathLike[str]) -> Path:
    """The path, with the home folder in place of "~".

    Errors: ConfigError for an empty text, a URL, characters that a path cannot have, or an unknown home folder.
    """
    try:
        text = os.fspath(path)
        os.fsencode(text)
    except (TypeError, UnicodeError):
        text = ""
    if not isinstance(text, str) or not text or "\0" in text or _URL.match(text):
        raise ConfigError(
            f"{path!r:.80} is not a path.",
            hint='pass a path on this machine, such as "tasks.parquet" or "~/tasks.parquet"',
        )
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(
            f"The home folder in {text!r:.80} is unknown.",
            hint='pass a path without "~"; "./~name" is a file whose name begins with "~"',
        ) from None


def full_path(path: str | os.PathLike[str]) -> Path:
    """The absolute path behind all links. Errors: as user_path(); OSError for links that form a loop."""
    target = user_path(path)
    try:
        target.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "Its symbolic links form a loop: delete them", str(target)) from None
    return target.resolve()


def check_names_file(path: str | os.PathLike[str]) -> None:
    """Validate the path of an output file. Errors: as user_path(); IsADirectoryError for a folder."""
    if user_path(path).is_dir() or names_folder(path):
        raise IsADirectoryError(errno.EISDIR, "It names a folder: pass the path of a file", os.fspath(path))
