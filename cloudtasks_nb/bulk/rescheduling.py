"""Reschedules tasks. The service cannot change a task, so each is created again, and then the old one is deleted.

The id of the new task is derived from the old one. A repetition completes an interrupted call, and duplicates nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ..errors import AlreadyExists, Internal, InvalidArgument
from ..model.durations import DurationLike, span_of
from ..model.task import Task
from ..names import QueueName
from ..resources.new_task import schedule_time
from ..resources.queue import queue_unread
from ..rest.session import Session
from .given import Copying, selected_items
from .items import Item
from .recreating import USED_UP, Recreating, does_the_same
from .result import BulkResult, Verb
from .steps import Outcome, Step, Wait, deleting, reading
from .verbs import BulkOptions, go

if TYPE_CHECKING:
    from ..resources.queue import Queue
    from ..resources.task import Task as BoundTask

RESCHEDULE = Verb("reschedule_tasks", "rescheduled", "result.failed, schedule=…")
_SIGN = re.compile(r"-r[0-9a-f]{8}\Z")
_LONGEST_KEPT = 480


def reschedule_tasks(
    queue: Queue, selection: Any, schedule: datetime | DurationLike, how: BulkOptions
) -> BulkResult:
    """Create the selected tasks again for another time, and delete those whose successor exists."""
    session = queue._session.once()
    successors = Successors(queue._parsed, queue._session)
    items = selected_items(queue._parsed, selection, successors)
    steps: list[Step] = [
        reading(session, successors.take, lambda item: "" if item.task is not None else item.source),
        AtAnotherTime(session, queue._parsed, due(schedule, queue._session.now())),
        deleting(session, queue.name, lambda item: item.source),
    ]
    return go(queue, RESCHEDULE, items, steps, how)


def reschedule(task: BoundTask, schedule: datetime | DurationLike) -> str:
    """Create one task again for another time, and delete it. Returns the new name. Errors: those of both calls."""
    queue = queue_unread(task._session, task._parsed.parent, None)
    given = task if task.view == "FULL" and task.payload is not None else task.name
    result = reschedule_tasks(queue, [given], schedule, BulkOptions(progress=False))
    for item in result.failed:
        raise item.error or Internal(f"{item.name} was not rescheduled.")
    return next(result.names)


def due(schedule: datetime | DurationLike, now: datetime) -> datetime:
    """The new due time. Errors: InvalidArgument, also for a negative delay."""
    moment = schedule_time(schedule, now)
    if moment is None or _is_negative(schedule):
        raise InvalidArgument(
            f"schedule={schedule!r} is not a valid due time.",
            hint='pass a time from now ("2h", a timedelta, seconds; 0 is now), or an instant',
        )
    return moment


def _is_negative(schedule: datetime | DurationLike) -> bool:
    return not isinstance(schedule, datetime | str) and span_of(schedule) < timedelta()


def successor_id(task: Task) -> str:
    """The id of the successor. It differs from that of the successor of an earlier task with the same name.

    >>> name = "projects/p/locations/l/queues/q/tasks/welcome"
    >>> successor_id(Task(name=name))
    'welcome-r1a783efa'
    """
    told = f"{task.name} {task.create_time.isoformat() if task.create_time is not None else ''}"
    kept = _SIGN.sub("", task.name.rpartition("/")[2])[:_LONGEST_KEPT]
    return f"{kept}-r{sha256(told.encode()).hexdigest()[:8]}"


class Successors(Copying):
    """Makes the successors of tasks, in the same queue."""

    def __init__(self, queue: QueueName, session: Session) -> None:
        super().__init__(queue, session, new_ids=False)

    def take(self, item: Item, task: Task) -> None:
        super().take(item, task)
        assert item.task is not None  # noqa: S101 - was read
        new_id = successor_id(task)
        self._made.add(hash(new_id))
        item.name = f"{self.to}/tasks/{new_id}"
        item.task = replace(item.task, name=item.name)
        item.apart = True  # another id in the same queue is another task


class AtAnotherTime(Recreating):
    """Creates the successors. An existing successor was created by an earlier try."""

    def __init__(self, session: Session, queue: QueueName, due: datetime) -> None:
        super().__init__(session, queue, does_the_same, resumes=True)
        self._due = due

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]:
        for item in items:
            if item.task is not None:
                item.task.schedule_time = self._due
        return [_told(outcome) for outcome in super().__call__(items, wait)]


def _told(outcome: Outcome) -> Outcome:
    if isinstance(outcome, AlreadyExists) and USED_UP in outcome.message:
        return AlreadyExists(
            "It was rescheduled before, and its successor has run or was deleted.",
            hint="delete this task, or create it again with queue.copy_tasks(…, to=queue, new_ids=True)",
        )
    return outcome
