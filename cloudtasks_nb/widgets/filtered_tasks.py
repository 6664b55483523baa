"""Filters and sorts the loaded tasks of a panel, and sends them to the page in the chosen columns."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import QueryError
from ..query import Query
from ..query.offered import terms_offered
from .action import Refused, action
from .clickable import LINES_KEPT
from .panel import Panel
from .task_table import COLUMNS, TaskTable, next_order, usual_columns
from .task_wire import columns_sent, matching_sent
from .unsaved_rows import ROWS_SAVED, Sent, UnsavedRows

if TYPE_CHECKING:
    from ..model.task import View
    from ..resources.queue import Queue
    from ..resources.task import Task

WIDEST_PX = 4000


class FilteredTasks(UnsavedRows, Panel):
    """The view of the loaded tasks: filter, order, columns. Nothing here calls the service."""

    place = traitlets.Dict().tag(sync=True)
    available = traitlets.List().tag(sync=True)
    columns = traitlets.List().tag(sync=True)
    widths = traitlets.Dict().tag(sync=True)
    table = traitlets.Dict().tag(sync=True)  # the first rows; messages carry all
    heads = traitlets.List().tag(sync=True)
    facets = traitlets.List().tag(sync=True)
    offered = traitlets.List().tag(sync=True)

    def __init__(self, queue: Queue, read_only: bool, every_s: float) -> None:
        self.view: View = "BASIC"
        self._table: TaskTable[Task] = TaskTable(queue._session.now)
        self._sent = (0, [""])  # the rows and the order that were sent last
        self._asked = self._shown = ""  # the filter typed last, and the filter of the rows
        self.queue = queue
        super().__init__(
            queue,
            read_only=read_only,
            every_s=every_s,
            available=[[name, column.head.capitalize()] for name, column in COLUMNS.items()],
            columns=usual_columns(queue.kind),
            table=self._table.shown([]),
            place=self._place(),
        )

    @property
    def matching(self) -> list[Task]:
        """The tasks that match the filter, in the order shown."""
        return self._table.matching

    @action(busy=False)
    def filter(self, query: str = "") -> str:
        """Show only tasks that match a query, such as `is:due code:503,429 attempts>3 -tag:red ada`.

        The same query as in `queue.tasks().where()`. While a query is invalid, the rows of the previous one stay, and
        actions on all that match are disabled.

        Errors: QueryError for an unknown field or value, or `payload` without `read_payloads()`.

        Example:
            >>> browser.filter("is:scheduled attempts:0 -tag:red")
        """
        return self._ask(query)

    @action(busy=False)
    def toggle(self, field: str, value: str) -> str:
        """Cycle a value: only tasks with it, only tasks without it, no filter. Errors: QueryError."""
        return self._ask(str(self._table.filter.toggled(field, value)))

    @action(busy=False)
    def between(self, field: str, low: str | int = "", high: str | int = "") -> str:
        """Show only tasks whose `field` is at least `low` and less than `high`. An empty text sets no limit.

        `field` is `due`, `created`, `attempted` or `attempts`.

        Replaces all other terms for this field. Errors: QueryError.

        Example:
            >>> browser.between("attempts", 2, 5)
        """
        return self._ask(str(self._table.filter.between(field, str(low), str(high))))

    @action(busy=False)
    def sort(self, column: str | list[str] = "", descending: bool = False) -> str:
        """Sort by one or several columns, most important first; without columns, in the order of the listing.

        Example:
            >>> browser.sort("attempts", descending=True)
            >>> browser.sort(["status", "-attempts"])  # a minus is descending
        """
        return self._sort_by(
            [f"{'-' * descending}{column}"] if isinstance(column, str) and column else list(column)
        )

    def _sort_by(self, wanted: list[str]) -> str:
        for name in wanted:
            if not isinstance(name, str) or name.removeprefix("-") not in COLUMNS:
                raise Refused(f"There is no column {name!r}.", hint=f"columns: {', '.join(COLUMNS)}")
        self._table.sort(wanted)
        self._show_order()
        return ""

    @action(busy=False)
    def cycle_sort(self, column: str, beside: bool = False) -> str:
        """Cycle the order of a column: ascending, descending, unsorted. `beside` keeps the other columns."""
        return self._sort_by(next_order(column, self._table.sorting, beside))

    @action(busy=False)
    def show_columns(self, columns: list[str], on: bool | None = None) -> str:
        """Choose the columns, from those of `task_table.COLUMNS`; "task" is always there.

        on=True adds these columns to the shown ones, and on=False hides them.
        """
        unknown = [name for name in columns if name not in COLUMNS]
        if unknown:
            raise Refused(f"There is no column {unknown[0]!r}.", hint=f"columns: {', '.join(COLUMNS)}")
        if "payload" in columns and self.view != "FULL":
            raise Refused("Payloads are not loaded.", hint='press "Payloads", or browser.read_payloads()')
        wanted = set(columns) if on is None else {*self.columns} - {*columns} | {*(columns if on else ())}
        self.columns = [name for name in COLUMNS if name in wanted | {"task"}]
        self._sent = (0, [""])
        self._show_order()
        return ""

    @action(busy=False)
    def set_width(self, column: str, width_px: int = 0) -> str:
        """Set the width of a column; 0 fits the content. Errors: Refused for an unknown column or width."""
        if column not in COLUMNS or type(width_px) is not int or not 0 <= width_px <= WIDEST_PX:
            raise Refused(f"{column!r} cannot be {width_px!r} px wide.", hint=f"choose 0 to {WIDEST_PX:,} px")
        self.widths = {**self.widths, column: width_px}
        return ""

    @property
    def is_settled(self) -> bool:
        """Whether the rows match the filter typed last; False while that is invalid."""
        return self._asked == self._shown

    def _ask(self, text: str) -> str:
        self._asked = text if isinstance(text, str) else ""
        try:
            wanted = Query.of(text)
            wanted.check_payloads(self.view, 'press "Payloads", or browser.read_payloads()')
        except QueryError:
            self.place = self._place()
            raise
        self._shown = self._asked
        self._table.narrow(wanted)
        self._show_order()
        if self.notice.get("level") == "error":  # usually about the previous filter
            self.show("")
        line = f"browser.filter({json.dumps(str(wanted), ensure_ascii=False)})"
        kept = self.lines[:-1] if self.lines and self.lines[-1].startswith("browser.filter(") else self.lines
        self.lines = [*kept, line][-LINES_KEPT:]  # one line for text typed letter by letter
        return ""

    def _fill(self, tasks: list[Task]) -> None:
        """Store and show these tasks."""
        self._table.fill(tasks)
        counted = self._table.heads.offered()
        with self.hold_sync():
            self.offered = [*({**counted, **dict(terms_offered(tasks)), **counted}).items()]
            self._show_order()

    def _show_order(self) -> None:
        if self.views:
            self._send_rows()  # before the traits that refer to these rows
        table, columns = self._table, self.columns
        with self.hold_sync():
            self.table = table.shown(columns, table.order[:ROWS_SAVED])
            self.heads, self.facets = table.head_of(columns), table.chips(columns)
            self.place = self._place()

    def rows_sent(self, whole: bool = False) -> Sent | None:
        """A message with the rows that the page lacks, or only which match; None if the traits hold all rows."""
        table = self._table
        if len(table.tasks) <= ROWS_SAVED:
            return None
        rows, sorting = (0, [""]) if whole else self._sent
        message, buffers = columns_sent(table.shown(self.columns)) if rows != table.filled else ({}, [])
        order = table.sorted if table.sorting and (message or sorting != table.sorting) else None
        more, bits = matching_sent(table.mask, len(table.tasks), order)
        about = {"rows": table.filled, "turn": table.arranged, "sorting": table.sorting}
        self._sent = (table.filled, list(table.sorting))
        return {**about, **message, **more}, [*bits, *buffers]

    def _place(self) -> dict[str, Any]:
        """The state of the view: tasks, matches, filter and order."""
        table = self._table
        return {
            "id": self.queue.id,
            "location": self.queue.location,
            "count": len(table.tasks),
            "payloads": self.view == "FULL",
            "query": self._shown,
            "asked": self._asked,
            "sorting": table.sorting,
            "matched": len(table.order),
            "rows": table.filled,
            "turn": table.arranged,
            "stamp": table.stamp,
            "can_run": self.queue.kind != "pull",
        }
