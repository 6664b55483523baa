"""Exports tasks to a file on the kernel's machine, or for the browser to save."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..user_paths import check_names_file, user_path
from .action import Refused

if TYPE_CHECKING:
    from ..resources.task import Task

KINDS = (".parquet", ".csv")


def write_tasks(path: str, tasks: Sequence[Task], *, overwrite: bool = False) -> Path:
    """Write tasks to a .parquet or .csv file, in the columns of `to_dataframe`. Returns its full path.

    Errors: Refused for another kind of file, one that already exists, or one that cannot be written.
    """
    target = user_path(path)
    _check_kind(target.name)
    if target.exists() and not overwrite:
        raise Refused(f"{target} already exists.", hint="choose another name, or pass overwrite=True")
    try:
        check_names_file(path)
        _write(target, tasks)
    except OSError as error:
        raise Refused(
            f"{target} could not be written: {error.strerror}.", hint="choose another folder"
        ) from error
    return target.resolve()


def file_of_tasks(name: str, tasks: Sequence[Task]) -> bytes:
    """The content of such a file. Errors: Refused for another kind of file."""
    _check_kind(name)
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / f"tasks{Path(name).suffix}"
        _write(held, tasks)
        return held.read_bytes()


def _write(target: Path, tasks: Sequence[Task]) -> None:
    from ..frames import TASKS, TaskPage, write_csv, write_parquet

    write = write_csv if target.suffix.lower() == ".csv" else write_parquet
    write(target, TASKS.schema, [TASKS.batch(TaskPage.of(tasks))])


def _check_kind(name: str) -> None:
    if Path(name).suffix.lower() not in KINDS:
        raise Refused(f"{name!r} is neither a .parquet nor a .csv file.", hint="choose one of these endings")
