"""A queue in a file: its settings, and every task whole; and back again."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from ..errors import BackupIncomplete, ConfigError, InvalidArgument, NotFound
from ..model.json import Message, decode, encode
from ..model.queue import Queue as QueueFields
from ..model.task import Task
from ..names import parse_task
from ..pager import Pager
from ..resources.new_task import schedule_time
from .items import Item, Items, recreated
from .restoring import Restoring
from .result import BulkResult
from .verbs import RESTORE, How, go

if TYPE_CHECKING:
    from ..client import Client
    from ..resources.queue import Queue

Past = Literal["now", "skip"] | timedelta | float
_KEY = b"cloudtasks_nb.backup"
_ROWS_AT_A_TIME = 1000
_MISSING_SHOWN = 3


class Backup(Message):
    """What a backup file says of itself: which queue, with which settings, and when it was taken."""

    id: str = ""
    version: int = 1
    taken: datetime | None = None
    queue: QueueFields | None = None


def backup(queue: Queue, path: str | os.PathLike[str], *, overwrite: bool, progress: bool | None) -> Path:
    """Write every task, whole, and the queue's settings. Errors: FileExistsError, and those of a listing."""
    from ..frames import backup_columns, write_parquet
    from ..resources.queue import read_queue

    target = Path(path).expanduser()
    if target.exists() and not overwrite:
        raise FileExistsError(
            errno.EEXIST, "It is there already; pass overwrite=True to replace it", str(target)
        )
    now = read_queue(queue._session, queue._parsed, stats=queue.offers_stats)
    settings = replace(
        QueueFields(**{name: getattr(now, name) for name in QueueFields.__struct_fields__}), stats=None
    )
    said = Backup(id=secrets.token_hex(4), taken=queue._session.now(), queue=settings)
    columns = backup_columns({_KEY: encode(said)})
    tasks: Pager[Any] = now.tasks(view="FULL")
    return write_parquet(target, columns.schema, tasks.batches_of(columns, progress))


def read_backup(path: str | os.PathLike[str]) -> Backup:
    """What a file says of itself. Errors: ConfigError when it is no backup, OSError."""
    return _opened(path)[1]


def _opened(path: str | os.PathLike[str]) -> tuple[Any, Backup]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = Path(path).expanduser()
    try:
        file = pq.ParquetFile(target)
    except pa.ArrowInvalid as error:
        raise ConfigError(f"{target} is no Parquet file: {error}") from None
    said = (file.schema_arrow.metadata or {}).get(_KEY)
    if said is None:
        raise ConfigError(
            f"{target} is no backup of a queue.",
            hint="queue.backup(path) writes one; the file of a listing has no whole tasks: "
            "queue.create_tasks(pandas.read_parquet(path)) makes tasks of what it has",
        )
    return file, decode(said, Backup)


def queue_of(client: Client, path: str | os.PathLike[str], name: str | None) -> Queue:
    """The queue that a backup is to go to, created with its settings where it is missing."""
    from ..resources.queue import Queue

    held = read_backup(path).queue
    if held is None:
        raise ConfigError(f"{path} does not say which queue it is of.")
    wanted = client._queue_name(name or f"{client.location or held.location}/{held.id}")
    try:
        return client.queue(str(wanted))
    except NotFound:
        pass
    asked = replace(held, name=str(wanted), state="", purge_time=None)
    session, place = client._session, {"parent": str(wanted.parent)}
    made = session.call("projects.locations.queues.create", Queue, path=place, body=asked).bind(session)
    return made.pause() if held.state == "PAUSED" else made


def check_complete(queue: Queue, path: str | os.PathLike[str]) -> None:
    """That a file holds every task that is in the queue now. Errors: BackupIncomplete."""
    file, _ = _opened(path)
    held = {
        task_id
        for batch in file.iter_batches(_ROWS_AT_A_TIME, columns=["task_id"])
        for task_id in batch.column(0).to_pylist()
    }
    missing = [task.id for task in queue.tasks() if task.id not in held]
    if missing:
        such = ", ".join(missing[:_MISSING_SHOWN])
        raise BackupIncomplete(
            f"{len(missing):,} tasks are not in {Path(path).name}, such as {such}: nothing was purged.",
            hint="they came after the backup: stop what creates tasks and try again, or delete only what the file "
            "holds: queue.delete_tasks(pandas.read_parquet(path))",
        )


def restore(queue: Queue, path: str | os.PathLike[str], *, past: Past, renew: bool, how: How) -> BulkResult:
    """Create the tasks of a backup in a queue."""
    file, said = _opened(path)
    kind = said.queue.kind if said.queue is not None else queue.kind
    if kind != queue.kind:
        raise ConfigError(
            f"The backup is of {_words(kind)} queue, {queue.id!r} is {_words(queue.kind)} queue.",
            hint="restore it into a queue of the same kind; client.restore(path) creates one",
        )
    now = queue._session.now()
    due = _due(past, now)
    items = Items(_items(queue, file, due, now, skip=past == "skip"), file.metadata.num_rows)
    step = Restoring(queue._session.once(), queue, said.id if renew else None)
    return go(queue, RESTORE, items, [step], how, fatal=(NotFound,))


def _words(kind: str) -> str:
    return {"http": "an HTTP", "app_engine": "an App Engine", "pull": "a pull"}[kind]


def _due(past: Past, now: datetime) -> datetime | None:
    """When tasks that are overdue become due."""
    if past in ("now", "skip"):
        return None
    if isinstance(past, str):
        raise ConfigError(
            f"past={past!r} is unknown.", hint='past="now", past="skip", or a delay: a timedelta or seconds'
        )
    return schedule_time(past, now)


def _items(queue: Queue, file: Any, due: datetime | None, now: datetime, *, skip: bool) -> Iterator[Item]:
    from ..frames import WHOLE, whole_task

    index = 0
    for batch in file.iter_batches(_ROWS_AT_A_TIME, columns=[WHOLE, "payload"]):
        for text, payload in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield _item(queue, index, whole_task(text, payload), due, now, skip=skip)
            index += 1


def _item(queue: Queue, index: int, task: Task, due: datetime | None, now: datetime, *, skip: bool) -> Item:
    overdue = task.schedule_time is not None and task.schedule_time <= now
    made = recreated(task, queue._parsed, parse_task(task.name).task)
    if overdue and skip:
        late = InvalidArgument(f"it was due at {task.schedule_time}, and overdue tasks are left out")
        return Item(index=index, name=made.name, task=made, error=late)
    if overdue and due is not None:
        made.schedule_time = due
    return Item(index=index, name=made.name, task=made)
