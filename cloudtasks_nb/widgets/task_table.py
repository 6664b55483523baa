"""The loaded tasks as a table: columns, filter and order. (pure)"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from ..model import Task
from ..model.queue import Kind
from ..model.task import is_leased
from ..query import Query
from ..query.masks import flags_of
from ..render.status import status_badge
from ..render.task_columns import TASK_COLUMNS
from ..visible import elided, shown
from .cells import plain
from .task_heads import Heads, Matching

T = TypeVar("T", bound=Task)

COLUMNS = {name: column for name, column in TASK_COLUMNS.items() if name != "queue"}
"""The columns of a task browser. "task" is always shown."""

TARGET_WIDTH, TEXT_WIDTH = 2_000, 160
TEXT_SENT = 12_000_000
"""Characters sent to a page for all text columns: with more tasks, each text is cut shorter."""


def usual_columns(kind: Kind) -> list[str]:
    """The default columns for a queue of this kind."""
    if kind == "pull":
        return ["task", "tag", "schedule", "created", "attempts"]
    return ["task", "method", "target", "schedule", "attempts", "status"]


def next_order(column: str, order: Sequence[str], beside: bool = False) -> list[str]:
    """The order after a press on a column head: ascending, descending, unsorted. `beside` keeps other columns.

    The explorer, which sorts in the page, has the same rule (`page/heads/order.js`).
    """
    turned = {column: [f"-{column}"], f"-{column}": []}
    at = next((at for at, name in enumerate(order) if name in turned), len(order))
    now = turned[order[at]] if at < len(order) else [column]
    return [*order[:at], *now, *order[at + 1 :]] if beside else now


class TaskTable(Generic[T]):
    """Tasks, a filter and an order. `matching` has the tasks that match the filter, in that order.

    Matches are computed only when tasks, filter or order change, so that a verb gets the tasks that the user sees.
    `filled` and `arranged` count these changes.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.tasks: list[T] = []
        self.filter = Query()
        self.sorting: list[str] = []
        self.filled = self.arranged = 0
        self.fill([])

    @property
    def matching(self) -> list[T]:
        """The tasks that match the filter, in order."""
        return [self.tasks[at] for at in self.order]

    @property
    def stamp(self) -> str:
        """A hash of the matching tasks, independent of their order: it detects outdated forms."""
        return f"{hash(frozenset(task.name for task in self.matching)):x}"

    def fill(self, tasks: Sequence[T]) -> None:
        """Replace the tasks."""
        self.tasks = list(tasks)
        self.filled += 1
        self.heads = Heads(self.tasks, self._clock())
        self._sort()

    def narrow(self, wanted: Query) -> None:
        """Set the filter."""
        self.filter = wanted
        self._arrange()

    def sort(self, sorting: Sequence[str]) -> None:
        """Sort by columns, most important first; "-status" is descending. Tasks without a value come last.

        Without columns, tasks are in the order of the listing.
        """
        self.sorting = list(sorting)
        self._sort()

    def head_of(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """The content of the heads of these columns."""
        return self.heads.shown(columns, self.filter, self._matching)

    def chips(self, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Filter values that the heads of these columns do not show."""
        return self.heads.chips(columns, self.filter, self._matching)

    def shown(self, columns: Sequence[str], places: Sequence[int] | None = None) -> dict[str, Any]:
        """Compact columns of some or all tasks: ids, and values or distinct values with their indexes."""
        now = self._clock()
        tasks = self.tasks if places is None else [self.tasks[at] for at in places]
        named = [name for name in columns if name != "task"]
        width = TEXT_SENT // max(
            1, len(tasks) * sum(COLUMNS[name].look in ("text", "target") for name in named)
        )
        return {
            "ids": [task.id for task in tasks],
            "columns": [_shown_column(name, tasks, width) for name in named],
            "leased": [at for at, task in enumerate(tasks) if is_leased(task, now)],
        }

    def _sort(self) -> None:
        places = list(range(len(self.tasks)))
        for name in reversed(self.sorting):
            value = COLUMNS[name.removeprefix("-")].value
            held = [value(task) for task in self.tasks]
            known = [at for at in places if held[at] is not None]
            known.sort(key=held.__getitem__, reverse=name.startswith("-"))
            places = known + [at for at in places if held[at] is None]
        self.sorted = array("I", places)
        self._arrange()

    def _arrange(self) -> None:
        now, count = self._clock(), len(self.tasks)
        self.heads.at(now)
        self._matching = Matching(count, self.filter.masks(self.tasks, now))
        self.mask = self._matching.mask
        flags = flags_of(self.mask, count)
        self.order = array("I", (at for at in self.sorted if flags[at] == "1"))
        self.arranged += 1


def _shown_column(name: str, tasks: Sequence[Task], width: int) -> dict[str, Any]:
    column = COLUMNS[name]
    values = [column.value(task) for task in tasks]
    head = {"name": name, "label": column.head.capitalize(), "look": column.look}
    match column.look:
        case "number":
            return {**head, "values": values}
        case "time":
            return {**head, "values": [_milliseconds(value) for value in values]}
        case "status":
            statuses = {
                (status.code, status.http_status): status for task in tasks if (status := task.last_status)
            }
            ends = [
                (status.code, status.http_status) if (status := task.last_status) else None for task in tasks
            ]
            return {**head, **_different(ends, lambda end: plain(status_badge(statuses[end])))}
        case "target":
            return {**head, **_different(values, lambda url: _text(url, min(width, TARGET_WIDTH)))}
        case _:
            return {**head, **_different(values, lambda text: _text(text, min(width, TEXT_WIDTH)))}


def _different(values: Sequence[Any], look: Callable[[Any], Any]) -> dict[str, Any]:
    """Distinct values, and an index for each task; -1 means no value."""
    places: dict[Any, int] = {}
    at = [-1 if value is None else places.setdefault(value, len(places)) for value in values]
    return {"different": [look(value) for value in places], "at": at}


def _text(text: str, width: int) -> str:
    return elided(shown(text), width)


def _milliseconds(instant: datetime | None) -> int | None:
    return round(instant.timestamp() * 1000) if instant is not None else None
