"""The bulk verbs of a queue, composed of items and steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import CloudTasksError, ConfigError, InvalidArgument, NotFound
from ..names import QueueName, parse_queue
from .given import Copying, leased_items, new_items, selected_items
from .items import NumberedItems
from .pace import Pace, Ramps
from .recreating import Recreating, is_copy
from .result import BulkResult, Verb
from .run import BulkRun
from .steps import Step, acknowledging, creating, deleting, reading, running

if TYPE_CHECKING:
    from ..resources.new_task import TaskOptions
    from ..resources.queue import Queue

CREATE = Verb("create_tasks", "created")
DELETE = Verb("delete_tasks", "deleted")
RUN = Verb("run_tasks", "run")
COPY = Verb("copy_tasks", "copied", "result.failed, to=…")
MOVE = Verb("move_tasks", "moved", "result.failed, to=…")
PURGE = Verb("delete_tasks", "purged")
RESTORE = Verb("restore", "restored", "path")  # restores all again; existing tasks stay unchanged
ACKNOWLEDGE = Verb("acknowledge_tasks", "acknowledged")
_RAMPS = Ramps()
_MOST_CONCURRENT = 32  # the number of pooled connections


class BulkOptions(msgspec.Struct, frozen=True):
    """The options of all bulk verbs. queue.create_tasks() explains each option. Errors: ConfigError."""

    progress: bool | None = None
    concurrency: int = 8
    rate_per_second: float | None = None
    ramp: str | None = None

    def __post_init__(self) -> None:
        Pace(self.rate_per_second, self.ramp)  # validates them
        given = self.concurrency
        if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= _MOST_CONCURRENT:
            raise ConfigError(
                f"concurrency must be from 1 to {_MOST_CONCURRENT}, not {given!r}.", hint="pass concurrency=8"
            )


def create_tasks(queue: Queue, given: Any, defaults: TaskOptions, how: BulkOptions) -> BulkResult:
    """Create tasks from a DataFrame, Tasks, dicts or payloads."""
    items = new_items(queue, given, defaults)
    return go(queue, CREATE, items, [creating(queue._session.once(), queue.name)], how, fatal=(NotFound,))


def delete_tasks(queue: Queue, selection: Any, how: BulkOptions) -> BulkResult:
    """Delete the tasks of a selection."""
    items = selected_items(queue._parsed, selection)
    return go(queue, DELETE, items, [deleting(queue._session.once(), queue.name)], how)


def run_tasks(queue: Queue, selection: Any, how: BulkOptions) -> BulkResult:
    """Send the tasks of a selection now."""
    return go(queue, RUN, selected_items(queue._parsed, selection), [running(queue._session.once())], how)


def acknowledge_tasks(queue: Queue, leased: Any, how: BulkOptions) -> BulkResult:
    """Finish leased tasks."""
    return go(
        queue, ACKNOWLEDGE, leased_items(queue._parsed, leased), [acknowledging(queue._session.once())], how
    )


def copy_tasks(
    queue: Queue, selection: Any, to: Queue | str, how: BulkOptions, *, new_ids: bool, move: bool = False
) -> BulkResult:
    """Create the selected tasks again in another queue; with `move`, delete those that were created there."""
    target, target_session = _target(queue, to)
    if selection is None:
        selection = queue.tasks(view="FULL")
    if not new_ids and str(target) == queue.name and target_session.endpoint == queue._session.endpoint:
        raise ConfigError(
            "A copy in the same queue needs a new id.", hint="pass new_ids=True, or another queue"
        )
    copy = Copying(target, target_session, new_ids=new_ids)
    items = selected_items(queue._parsed, selection, copy)
    session, there = queue._session.once(), target_session.once()
    same = is_copy(target_session.now)
    create = creating(there, str(target)) if new_ids else Recreating(there, target, same, resumes=move)
    read = reading(session, copy.take, lambda item: "" if item.task is not None else item.source)
    steps: list[Step] = [read, create]
    if move:
        steps.append(deleting(session, queue.name, lambda item: item.source))
    return go(queue, MOVE if move else COPY, items, steps, how)


def _target(queue: Queue, to: Queue | str) -> tuple[QueueName, Any]:
    if isinstance(to, str):
        place = queue._parsed
        return parse_queue(to, place.project, place.location), queue._session
    if not isinstance(getattr(to, "_parsed", None), QueueName):
        raise InvalidArgument(f"to={to!r} is not a queue.", hint="pass a Queue, its id or its name")
    return to._parsed, to._session


def go(
    queue: Queue,
    verb: Verb,
    items: NumberedItems,
    steps: Sequence[Step],
    how: BulkOptions,
    fatal: tuple[type[CloudTasksError], ...] = (),
) -> BulkResult:
    """Run a bulk call with these options."""
    shared = f"{queue._session.endpoint}/{queue.name}" if how.ramp is not None else ""
    with _RAMPS.one_more(shared) as sharers:
        pace = Pace(how.rate_per_second, how.ramp, sharers)
        run = BulkRun(verb, queue.name, queue._session, steps, pace, fatal)
        return run.go(items, how.concurrency, how.progress)
