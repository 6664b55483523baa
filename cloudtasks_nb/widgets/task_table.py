"""The tasks at hand: what is known of each, column by column, which of them match, and in what order. (pure)"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from ..model import Task
from ..model.queue import Kind
from ..model.task import is_leased
from ..query import Query
from ..render.status import status_badge
from ..render.task_columns import TASK_COLUMNS
from ..render.visible import elided, shown
from .cells import plain
from .task_facets import Facet, facets

T = TypeVar("T", bound=Task)

COLUMNS = {name: column for name, column in TASK_COLUMNS.items() if name != "queue"}
"""The columns there are in a browser, which is of one queue. "task" is always there."""

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
        self.filter = Query()
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

    def narrow(self, wanted: Query) -> None:
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
        places = self.filter.places(self.tasks, self._clock()) if self.filter else range(len(self.tasks))
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
    head = {"name": name, "label": column.head.capitalize(), "look": column.look}
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
