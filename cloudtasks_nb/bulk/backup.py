"""Backs up a queue to a file (settings and all tasks), purges with a backup, and restores."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import BackupIncomplete, ConfigError, InvalidArgument, NotFound
from ..model.durations import EXAMPLES, DurationLike
from ..model.marks import AUTO
from ..model.task import Task
from ..model.writing import as_new
from ..names import parse_task
from ..render.values import counted
from ..resources.new_queue import new_queue
from ..resources.new_task import KIND_WORDS, schedule_time
from ..resources.queue import Queue, read_queue
from ..resources.task import task_ids
from ..user_paths import check_names_file, user_path
from ..warned import warn
from .backup_file import BackupFile, write_backup
from .given import recreated
from .items import Item, NumberedItems
from .recreating import Recreating, does_the_same
from .result import BulkResult
from .steps import DELETE, deleting
from .verbs import PURGE, RESTORE, BulkOptions, go

if TYPE_CHECKING:
    from ..client import Client

Past = Literal["now", "skip"] | datetime | DurationLike


def backup(queue: Queue, path: str | os.PathLike[str], *, overwrite: bool, progress: bool | None) -> Path:
    """Write all tasks in full, and the queue's settings. Errors: FileExistsError, and those of a listing."""
    lacking: list[int] = []
    file = _written(queue, path, overwrite, progress, lacking.append)
    if lacking:
        warn(
            f"{file.path.name} lacks the content of {sum(lacking):,} of {counted(len(file), 'task')}: "
            f"{_unread(queue)}"
        )
    return file.path


def purge(queue: Queue, path: str | os.PathLike[str], progress: bool | None) -> BulkResult:
    """Write a queue to a new file, and delete the tasks in the file by name.

    Nothing else is deleted: `result.arrived` counts the tasks that arrived meanwhile and stay.

    Errors: those of backup(); BackupIncomplete, before anything is deleted, if a task cannot be read in full.
    """

    def refuse(count: int) -> None:
        raise BackupIncomplete(
            f"{counted(count, 'task')} cannot be read in full: {_unread(queue)}; nothing was deleted.",
            hint='connect with api_version="v2beta2"' if queue.kind == "pull" else "",
        )

    file = _written(queue, path, False, progress, refuse)
    # A task that is gone before its deletion has run, or was deleted, since it was listed.
    gone = frozenset({DELETE.name})
    tasks = (Item(name=f"{queue.name}/tasks/{task_id}", uncertain=gone) for task_id in file.task_ids())
    step = deleting(queue._session.once(), queue.name)
    result = go(queue, PURGE, NumberedItems(tasks, len(file)), [step], BulkOptions(progress=progress))
    failed = {item.name.rpartition("/")[2] for item in result.failed}
    result.arrived = sum(one not in failed for one in task_ids(queue._session, queue._parsed, progress))
    return result


def empty(queue: Queue, path: str | os.PathLike[str], progress: bool | None) -> None:
    """purge(), and a check that the queue is empty. Errors: those of purge(), BulkError, BackupIncomplete."""
    result = purge(queue, path, progress)
    result.raise_for_errors()
    if result.arrived:
        raise BackupIncomplete(
            f"{counted(result.arrived, 'task')} arrived in {queue.id!r} after the backup, so it was not deleted. "
            f"{Path(path).name} holds {counted(result.done, 'task')} that the queue no longer holds.",
            hint="stop the programs that create tasks, then delete it with another backup file",
        )


def _written(
    queue: Queue,
    path: str | os.PathLike[str],
    overwrite: bool,
    progress: bool | None,
    lacks: Callable[[int], object],
) -> BackupFile:
    check_names_file(path)
    target = user_path(path)
    if target.exists() and not overwrite:
        raise FileExistsError(errno.EEXIST, "The file exists; pass overwrite=True to replace it", str(target))
    now = read_queue(queue._session, queue._parsed, stats=queue.offers_stats)
    return write_backup(now, target, progress, lacks)


def _unread(queue: Queue) -> str:
    if queue.kind == "pull":
        spoken = queue._session.api_version
        who = "this endpoint" if spoken == AUTO else spoken
        return f"{who} shows no payloads and tags of pull tasks"
    return "the service showed no payloads"


def queue_of(client: Client, path: str | os.PathLike[str], name: str | Queue | None) -> Queue:
    """The target queue of a restore. If it is missing, it is created with the settings of the backup."""
    held = BackupFile(path).about.queue
    if held is None:
        raise ConfigError(f"{path} has no name of a queue.")
    wanted = client._queue_name(name if name is not None else f"{client.location or held.location}/{held.id}")
    try:
        return client.queue(str(wanted))
    except NotFound:
        pass
    session = client._session
    made = new_queue(session, wanted, held.kind, as_new(held, session.api_version, held.kind))
    return made.pause() if held.state == "PAUSED" else made


def restore(
    queue: Queue, path: str | os.PathLike[str], *, past: Past, renew: bool, how: BulkOptions
) -> BulkResult:
    """Create the tasks of a backup in a queue."""
    file = BackupFile(path)
    kind = file.about.queue.kind if file.about.queue is not None else queue.kind
    if kind != queue.kind and "pull" in (kind, queue.kind):  # v2 cannot tell the other kinds apart
        raise ConfigError(
            f"The backup is of {KIND_WORDS[kind]} queue, {queue.id!r} is {KIND_WORDS[queue.kind]} queue.",
            hint="restore it into a queue of the same kind; client.restore(path) creates one",
        )
    items = NumberedItems(_items(queue, file, due_times(past, queue._session.now())), len(file))
    step = Recreating(
        queue._session.once(),
        queue._parsed,
        does_the_same,
        resumes=True,
        sign=file.about.id if renew else None,
    )
    result = go(queue, RESTORE, items, [step], how, fatal=(NotFound,))
    result.renewed = len(step.renewed)
    return result


def due_times(past: Past, now: datetime) -> Callable[[Task], datetime | None]:
    """A function that returns the due time of a task, or raises InvalidArgument for a task to skip.

    Errors: ConfigError.
    """
    try:
        later = None if past in ("now", "skip") else schedule_time(past, now)
    except InvalidArgument:
        raise ConfigError(
            f"past={past!r} is unknown.",
            hint=f'past="now", past="skip", a delay (a timedelta, seconds, or text such as {EXAMPLES}), or an instant',
        ) from None

    def due(task: Task) -> datetime | None:
        if task.schedule_time is None or task.schedule_time > now:
            return task.schedule_time
        if past == "skip":
            raise InvalidArgument(f"it was due at {task.schedule_time}, and past='skip' skips overdue tasks")
        return later or task.schedule_time

    return due


def _items(queue: Queue, file: BackupFile, due: Callable[[Task], datetime | None]) -> Iterator[Item]:
    """The tasks of a file, for creation in a queue. A row that cannot be restored has an error."""
    seen: set[int] = set()  # hashes of ids
    for task_id, task in file.tasks():
        item = Item(name=f"{queue.name}/tasks/{task_id}")
        try:
            if isinstance(task, InvalidArgument):
                raise task
            own_id = parse_task(task.name).task
            if hash(own_id) in seen:
                raise InvalidArgument("the file has this task twice; it is restored once")
            seen.add(hash(own_id))
            item.task = recreated(task, queue._parsed, own_id, queue._session)
            item.task.schedule_time, item.name = due(task), item.task.name
        except InvalidArgument as problem:
            item.error = problem
        yield item
