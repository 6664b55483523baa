"""A queue into a file, its settings and every task whole; and back again."""

from __future__ import annotations

import errno
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import BackupIncomplete, ConfigError, InvalidArgument, NotFound
from ..model.task import Task
from ..model.writing import as_new
from ..names import parse_task
from ..resources.new_queue import new_queue
from ..resources.new_task import KIND_WORDS, schedule_time
from ..resources.queue import Queue, read_queue
from ..resources.task import task_ids
from .backup_file import BackupFile, write_backup
from .given import recreated
from .items import Item, NumberedItems
from .recreating import Recreating, does_the_same
from .result import BulkResult
from .verbs import RESTORE, BulkOptions, go

if TYPE_CHECKING:
    from ..client import Client

Past = Literal["now", "skip"] | timedelta | float
_MISSING_SHOWN = 3


def backup(queue: Queue, path: str | os.PathLike[str], *, overwrite: bool, progress: bool | None) -> Path:
    """Write every task, whole, and the queue's settings. Errors: FileExistsError, and those of a listing."""
    target = Path(path).expanduser()
    if target.exists() and not overwrite:
        raise FileExistsError(
            errno.EEXIST, "It is there already; pass overwrite=True to replace it", str(target)
        )
    return write_backup(read_queue(queue._session, queue._parsed, stats=queue.offers_stats), target, progress)


def queue_of(client: Client, path: str | os.PathLike[str], name: str | Queue | None) -> Queue:
    """The queue that a backup is to go to, created with its settings where it is missing."""
    held = BackupFile(path).about.queue
    if held is None:
        raise ConfigError(f"{path} does not say which queue it is of.")
    wanted = client._queue_name(name or f"{client.location or held.location}/{held.id}")
    try:
        return client.queue(str(wanted))
    except NotFound:
        pass
    session = client._session
    made = new_queue(session, wanted, held.kind, as_new(held, session.api_version, held.kind))
    return made.pause() if held.state == "PAUSED" else made


def check_complete(queue: Queue, path: Path, progress: bool | None) -> None:
    """That a file holds every task that is in the queue now. Errors: BackupIncomplete."""
    held = {*BackupFile(path).task_ids()}
    missing = [one for one in task_ids(queue._session, queue._parsed, progress) if one not in held]
    if missing:
        such = ", ".join(missing[:_MISSING_SHOWN])
        raise BackupIncomplete(
            f"{len(missing):,} tasks are not in {path.name}, such as {such}: nothing was purged.",
            hint="they came after the backup: stop what creates tasks and try again, or delete only what the file "
            "holds: queue.delete_tasks(pandas.read_parquet(path))",
        )


def restore(
    queue: Queue, path: str | os.PathLike[str], *, past: Past, renew: bool, how: BulkOptions
) -> BulkResult:
    """Create the tasks of a backup in a queue."""
    file = BackupFile(path)
    kind = file.about.queue.kind if file.about.queue is not None else queue.kind
    if kind != queue.kind:
        raise ConfigError(
            f"The backup is of {KIND_WORDS[kind]} queue, {queue.id!r} is {KIND_WORDS[queue.kind]} queue.",
            hint="restore it into a queue of the same kind; client.restore(path) creates one",
        )
    now = queue._session.now()
    due, skip = _due(past, now), past == "skip"
    items = NumberedItems((_item(queue, task, due, now, skip=skip) for task in file.tasks()), len(file))
    step = Recreating(
        queue._session.once(),
        queue._parsed,
        does_the_same,
        resumes=True,
        sign=file.about.id if renew else None,
    )
    return go(queue, RESTORE, items, [step], how, fatal=(NotFound,))


def _due(past: Past, now: datetime) -> datetime | None:
    """When tasks that are overdue become due."""
    if past in ("now", "skip"):
        return None
    if isinstance(past, str):
        raise ConfigError(
            f"past={past!r} is unknown.", hint='past="now", past="skip", or a delay: a timedelta or seconds'
        )
    return schedule_time(past, now)


def _item(queue: Queue, task: Task, due: datetime | None, now: datetime, *, skip: bool) -> Item:
    overdue = task.schedule_time is not None and task.schedule_time <= now
    made = recreated(task, queue._parsed, parse_task(task.name).task)
    if overdue and skip:
        late = InvalidArgument(f"it was due at {task.schedule_time}, and overdue tasks are left out")
        return Item(name=made.name, task=made, error=late)
    if overdue and due is not None:
        made.schedule_time = due
    return Item(name=made.name, task=made)
