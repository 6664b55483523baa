"""The tasks at hand: what is known of each, column by column, which of them match, and in what order. (pure)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct

from ..model import Task
from ..model.queue import Kind
from ..render.payload import preview
from ..render.queue import KIND_WORDS
from ..render.status import status_badge
from ..render.task import is_leased
from ..render.visible import elided, shown
from .cells import plain
from .task_filter import Facet, TaskFilter, facets

Look = Literal["text", "target", "time", "number", "status"]
T = TypeVar("T", bound=Task)


class Column(Struct, frozen=True):
    """A column: its heading, how the page shows it, and what it holds of a task (None when there is nothing)."""

    label: str
    look: Look
    value: Callable[[Task], Any]


def _preview(task: Task) -> str | None:
    return preview(task.payload) if task.payload is not None else None


def _status(task: Task) -> Any:
    return (task.last_status.code, task.last_status.message) if task.last_status is not None else None


def _last_attempt(task: Task) -> datetime | None:
    last = task.status.last_attempt_status if task.status is not None else None
    return (last.response_time or last.dispatch_time) if last is not None else None


COLUMNS: dict[str, Column] = {
    "task": Column("Task", "text", lambda task: task.id),
    "kind": Column("Kind", "text", lambda task: KIND_WORDS[task.kind]),
    "method": Column("Method", "text", lambda task: task.method),
    "target": Column("Target", "target", lambda task: task.url or None),
    "tag": Column("Tag", "text", lambda task: task.tag),
    "schedule": Column("Schedule", "time", lambda task: task.schedule_time),
    "created": Column("Created", "time", lambda task: task.create_time),
    "attempts": Column("Attempts", "number", lambda task: task.dispatch_count),
    "answered": Column("Answered", "number", lambda task: task.response_count),
    "last_attempt": Column("Last attempt", "time", _last_attempt),
    "status": Column("Last status", "status", _status),
    "message": Column(
        "Message", "text", lambda task: (task.last_status.message or None) if task.last_status else None
    ),
    "payload": Column("Payload", "text", _preview),
}
"""Every column there is, in the order in which they stand. "task" is always there."""

TEXT_WIDTH = 160


def usual_columns(kind: Kind) -> list[str]:
    """The columns that say most of the tasks of a queue of this kind."""
    if kind == "pull":
        return ["task", "tag", "schedule", "created", "attempts"]
    return ["task", "method", "target", "schedule", "attempts", "status"]


class TaskTable(Generic[T]):
    """Tasks, a filter and an order. `matching` are those that pass the filter, in that order.

    What matches is worked out when tasks, filter or order change, so that what a person sees is what a verb gets.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.tasks: list[T] = []
        self.filter = TaskFilter()
        self.column = ""
        self.descending = False
        self.order: list[int] = []

    @property
    def matching(self) -> list[T]:
        """The tasks that pass the filter, in order."""
        return [self.tasks[at] for at in self.order]

    def fill(self, tasks: Sequence[T]) -> None:
        """Hold other tasks."""
        self.tasks = list(tasks)
        self._arrange()

    def narrow(self, wanted: TaskFilter) -> None:
        """Let only matching tasks through."""
        self.filter = wanted
        self._arrange()

    def sort(self, column: str, descending: bool) -> None:
        """Order by a column; "" is the order of the listing. Tasks without a value come last."""
        self.column, self.descending = column, descending
        self._arrange()

    def facets(self) -> list[Facet]:
        """What all of the tasks can be told apart by."""
        return facets(self.tasks, self._clock())

    def shown(self, columns: Sequence[str]) -> dict[str, Any]:
        """What the page needs, compactly: ids, and per column either values or different values and their places."""
        now = self._clock()
        return {
            "ids": [task.id for task in self.tasks],
            "columns": [_shown_column(name, self.tasks) for name in columns if name != "task"],
            "leased": [at for at, task in enumerate(self.tasks) if is_leased(task, now)],
        }

    def _arrange(self) -> None:
        places = (
            self.filter.places(self.tasks, self._clock()) if self.filter.terms else range(len(self.tasks))
        )
        if not self.column:
            self.order = list(places)
            return
        value = COLUMNS[self.column].value
        held = [(value(self.tasks[at]), at) for at in places]
        known = sorted(
            (pair for pair in held if pair[0] is not None), key=lambda pair: pair[0], reverse=self.descending
        )
        self.order = [at for _, at in known] + [at for found, at in held if found is None]


def _shown_column(name: str, tasks: Sequence[Task]) -> dict[str, Any]:
    column = COLUMNS[name]
    values = [column.value(task) for task in tasks]
    head = {"name": name, "label": column.label, "look": column.look}
    match column.look:
        case "number":
            return {**head, "values": values}
        case "time":
            return {**head, "values": [_milliseconds(value) for value in values]}
        case "status":
            badges = {
                (task.last_status.code, task.last_status.message): task.last_status
                for task in tasks
                if task.last_status
            }
            return {**head, **_different(values, lambda key: plain(status_badge(badges[key])))}
        case "target":
            return {**head, **_different(values, _target)}
        case _:
            return {**head, **_different(values, _text)}


def _different(values: Sequence[Any], look: Callable[[Any], Any]) -> dict[str, Any]:
    """Values that repeat, once each; -1 stands for none."""
    places: dict[Any, int] = {}
    at = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
    return {"different": [look(value) for value in places], "at": at}


def _target(url: str) -> str:
    return elided(shown(url), 2_000)


def _text(text: str) -> str:
    return elided(shown(text), TEXT_WIDTH)


def _milliseconds(instant: datetime | None) -> int | None:
    return round(instant.timestamp() * 1000) if instant is not None else None
