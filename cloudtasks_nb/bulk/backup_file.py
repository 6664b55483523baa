"""The format of a backup file: its metadata, its columns, and full tasks. Imports pyarrow: load on first use."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from msgspec.structs import replace

from ..errors import ConfigError, DecodeError, InvalidArgument
from ..frames import Column, Columns, TaskPage, write_parquet
from ..frames.arrays import TEXT
from ..frames.columns import TASK_COLUMNS
from ..frames.task_rows import TaskRow, read_tasks
from ..installation import install_command
from ..model.json import Message, decode, encode
from ..model.messages import ListTasksResponse
from ..model.queue import Queue as QueueFields
from ..model.task import Task
from ..resources.queue import Queue
from ..user_paths import user_path

_KEY = b"cloudtasks_nb.backup"
_VERSION = 1
_ROWS_AT_A_TIME = 1000


WHOLE = "task"
"""A task's JSON from the API, with credentials in headers, but without the payload, which has its own column."""


class BackupPage(TaskPage):
    """The tasks of a page, with their full JSON."""

    def __init__(self, tasks: Sequence[TaskRow], whole: Sequence[Task]) -> None:
        super().__init__(tasks)
        self.whole = whole


def _read(raw: bytes, limit: int | None) -> BackupPage:
    return BackupPage(read_tasks(raw)[:limit], decode(raw, ListTasksResponse).tasks[:limit])


def _set_payload(task: Task, payload: bytes | None) -> None:
    if (request := task.http_request) is not None:
        request.body = payload
    elif (holder := task.app_engine_http_request or task.pull_message) is not None:
        holder.payload = payload


def _without_payload(task: Task) -> str:
    _set_payload(task, None)
    return encode(task).decode()


def whole_task(text: str | None, payload: bytes | None) -> Task:
    """Make a task from its two columns. Errors: DecodeError."""
    task = decode((text or "").encode(), Task)
    if payload:
        _set_payload(task, payload)
    return task


BACKUP_COLUMNS: list[Column[BackupPage]] = [
    *TASK_COLUMNS,
    Column(WHOLE, TEXT, lambda page: [_without_payload(task) for task in page.whole]),
]
BACKUP = Columns(BACKUP_COLUMNS, _read)


class About(Message):
    """The metadata of a backup file: the queue, its settings, and the time of the backup."""

    id: str = ""
    version: int = _VERSION
    taken: datetime | None = None
    queue: QueueFields | None = None


class BackupFile:
    """An existing backup. Errors: ConfigError if it is not a backup, or is broken; OSError."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = user_path(path)
        if not self.path.is_file():
            why = errno.EISDIR if self.path.is_dir() else errno.ENOENT
            raise OSError(why, os.strerror(why), str(self.path))
        from pyarrow import OSFile
        from pyarrow.parquet import ParquetFile

        with self._whole():
            file = OSFile(os.fsencode(self.path))  # pyarrow takes a name only as UTF-8, or as bytes
            self._file = ParquetFile(file, page_checksum_verification=True)
            schema = self._file.schema_arrow
        said = (schema.metadata or {}).get(_KEY)
        if said is None or not {"task_id", "payload", WHOLE} <= {*schema.names}:
            raise ConfigError(
                f"{self.path} is not a backup of a queue.",
                hint="queue.backup(path) writes one; an export of a listing lacks parts of tasks: "
                "queue.create_tasks(pandas.read_parquet(path)) creates tasks from its columns",
            )
        with self._whole():
            self.about = decode(said, About)
        if self.about.version > _VERSION:
            raise ConfigError(
                f"{self.path} was written by a newer version of this package.",
                hint=install_command(upgrade=True),
            )

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def tasks(self) -> Iterator[tuple[str, Task | InvalidArgument]]:
        """Its tasks in full, as pairs of id and task; an invalid row has an error instead of a task."""
        with self._whole():
            for row, (task_id, text, payload) in enumerate(self._rows("task_id", WHOLE, "payload")):
                try:
                    yield task_id, whole_task(text, payload)
                except DecodeError as error:
                    why = error.message.partition(": ")[2]
                    yield task_id, InvalidArgument(f'the column "{WHOLE}" of row {row} is not a task: {why}')

    def task_ids(self) -> Iterator[str]:
        """The ids of its tasks."""
        with self._whole():
            for (task_id,) in self._rows("task_id"):
                yield task_id

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All its columns, unchanged."""
        with self._whole():
            yield from self._file.iter_batches(_ROWS_AT_A_TIME)

    def _rows(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        for batch in self._file.iter_batches(_ROWS_AT_A_TIME, columns=[*columns]):
            yield from zip(*(batch.column(name).to_pylist() for name in columns), strict=True)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Raise ConfigError for a file that is not valid; errors of the disk are unchanged."""
        try:
            yield
        except (
            Exception
        ) as error:  # pyarrow also raises UnicodeDecodeError and AttributeError for broken bytes
            if isinstance(error, OSError) and error.errno is not None:
                raise
            why = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ConfigError(f"{self.path} is not a Parquet file, or is broken: {why}") from None


def write_backup(
    queue: Queue, path: Path, progress: bool | None, lacks: Callable[[int], object]
) -> BackupFile:
    """Write a queue's settings and tasks. Calls `lacks` with the number of tasks of a page that lack their content.

    Errors: those of a listing and of `lacks`, which leave no file; OSError.
    """
    schema = schema_of(about_now(queue))
    batches = queue.tasks(view="FULL").batches_of(BACKUP, progress)
    return BackupFile(write_parquet(path, schema, _heard(batches, lacks), private=True))


def about_now(queue: Queue, backup_id: str = "") -> About:
    """The metadata of a new backup; with the id of an earlier one, it continues that one."""
    return About(
        id=backup_id or secrets.token_hex(4), taken=queue._session.now(), queue=replace(queue, stats=None)
    )


def schema_of(about: About) -> pa.Schema:
    """The columns of a backup with this metadata."""
    return BACKUP.schema.with_metadata({_KEY: encode(about)})


def _heard(batches: Iterable[pa.RecordBatch], lacks: Callable[[int], object]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        if count := batch.column("payload").null_count:
            lacks(count)
        yield batch
