"""Reading a queue's tasks: page by page or all of them, filtered, sorted, one of them in detail."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import traitlets
from msgspec.structs import asdict

from ..errors import CloudTasksError, NotFound, QueryError
from ..model.task import View
from ..names import check_task_id
from ..paging.pager import Pager
from ..query import Query
from ..query.grammar import Term
from ..query.offered import terms_offered
from ..render.values import counted
from .action import Refused, action
from .cells import instant, task_detail
from .clickable import LINES_KEPT
from .panel import Panel
from .task_facets import Facet
from .task_pages import Pages, checked_page_size
from .task_table import COLUMNS, TaskTable, usual_columns
from .why_view import explanation_shown

if TYPE_CHECKING:
    from ..resources.queue import Queue
    from ..resources.task import Task

PAGE_SIZES = (25, 50, 100, 250, 1000)
WIDEST_PX = 4000
LOAD_LIMIT = 100_000  # beyond this a page in a browser is the wrong tool

Scope = Literal["page", "part", "all"]


class TaskReader(Panel):
    """The reading half of a task browser: nothing here changes the service."""

    place = traitlets.Dict().tag(sync=True)
    available = traitlets.List().tag(sync=True)
    columns = traitlets.List().tag(sync=True)
    widths = traitlets.Dict().tag(sync=True)
    table = traitlets.Dict().tag(sync=True)
    order = traitlets.List().tag(sync=True)
    facets = traitlets.List().tag(sync=True)
    offered = traitlets.List().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)

    def __init__(self, queue: Queue, page_size: int, read_only: bool, every_s: float) -> None:
        self._stop = threading.Event()
        self.page_size = checked_page_size(page_size)
        self.view: View = "BASIC"
        self.scope: Scope = "page"
        self._table: TaskTable[Task] = TaskTable(queue._session.now)
        self._pages: Pages[Task] = Pages(self._listing)
        self._facets: list[Facet] = []
        self._asked = self._shown = ""  # what was typed last, and what the rows are those of
        self._loaded_at: datetime | None = None
        self._outdated = False  # something changed in this queue since everything was loaded
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
        with suppress(CloudTasksError):  # shown in the status line
            self.refresh()

    @property
    def matching(self) -> list[Task]:
        """The tasks that are shown and pass the filter, in the order shown."""
        return self._table.matching

    start = property(lambda self: self._page_code(""))
    behind = property(lambda self: self._page_code(self._pages.tokens[0]))
    here = property(lambda self: self._page_code(self._pages.tokens[1]))
    ahead = property(lambda self: self._page_code(self._pages.tokens[2]))

    def _page_code(self, token: str) -> str:
        """The Python expression for a page: by its token, so that each line stands on its own."""
        return f"{self.listing_code}.page({json.dumps(token) if token else ''})"

    @property
    def listing_code(self) -> str:
        """The Python expression for the listing, as the lines of "as code" hold it."""
        view = ', view="FULL"' if self.view == "FULL" else ""
        return f"{self.expression}.tasks(page_size={self.page_size}{view})"

    @action("page = {panel.here}")
    def refresh(self) -> str:
        """Read the same again: the page, or everything that was loaded.

        Errors: NotFound, PermissionDenied; InvalidArgument when the page's token expired.
        """
        if self.scope != "page":
            return self._load(LOAD_LIMIT)
        self.look()
        return ""

    @property
    def calls_of_a_look(self) -> int:
        """The page, and the opened task."""
        return (self.scope == "page") + bool(self.detail)

    def hear(self, endpoint: str, names: Collection[str]) -> None:
        """Another panel changed the queue: what was loaded as a whole is outdated, and says so."""
        self._outdated |= endpoint == self.endpoint and any(map(self.shows, names))
        super().hear(endpoint, names)

    def look(self) -> None:
        """Read the page and the opened task again. What was loaded as a whole stays: reading it takes long."""
        if self.scope == "page":
            self._pages.load()
            self._show_page()
        else:
            self.place = self._place()
        if opened := self.detail.get("id"):
            self._reopen(opened)

    @action("page = {panel.ahead}")
    def next_page(self) -> str:
        """Go to the next page. Errors: as refresh."""
        self._pages.forward()
        return self._show_page()

    @action("page = {panel.behind}")
    def previous_page(self) -> str:
        """Go back a page; without a call while it is among the last few."""
        self._pages.back()
        return self._show_page()

    @action("page = {panel.start}")
    def first_page(self) -> str:
        """Start over at page one; also the way back from everything to pages. Errors: as refresh."""
        self._pages.first()
        return self._show_page()

    @action("tasks = list({panel.listing_code})")
    def load_all(self, limit: int = LOAD_LIMIT) -> str:
        """Read all pages, so that filter and order are those of the whole queue. `cancel()` keeps what was read.

        Errors: as refresh; then, too, what was read by then is kept.
        """
        if type(limit) is not int or limit < 1:
            raise Refused(f"{limit!r} is not a number of tasks.", hint="leave the limit out")
        return self._load(limit)

    def cancel(self) -> None:
        """Stop what takes long (reading everything, acting on many) after the call under way."""
        self._stop.set()

    @action()
    def set_page_size(self, page_size: int) -> str:
        """Start over with pages of another size, from 1 to 1000."""
        before, self.page_size = self.page_size, checked_page_size(page_size)
        try:
            self._pages.first()
        except CloudTasksError:
            self.page_size = before
            raise
        return self._show_page()

    @action("page = {panel.here}")
    def read_payloads(self, on: bool = True) -> str:
        """Read tasks with their payloads (view FULL), or without. Filters then search payloads too.

        A filter that waits for payloads is applied then.

        Errors: PermissionDenied (cloudtasks.tasks.fullView); Refused while the filter searches the payloads that go.
        """
        if not on and self._table.filter.needs_payloads:
            raise Refused("The filter searches payloads.", hint="take its payload terms out first")
        before, self.view = self.view, "FULL" if on else "BASIC"
        try:
            self._pages.first()
        except CloudTasksError:
            self.view = before
            raise
        shown = [name for name in self.columns if name != "payload"]
        self.columns = [*shown, "payload"] if on else shown
        self._show_page()
        if on and not self.is_settled:
            self._ask(self._asked)
        return ""

    @action(busy=False)
    def filter(self, query: str = "") -> str:
        """Show only tasks that match a query, such as `is:due code:503,429 attempts>3 -tag:red ada`.

        The same query as in `queue.tasks().where()`. While one is refused, the rows stay those of the one before, and
        nothing can be done with all that match.

        Errors: QueryError for an unknown field or value, or `payload` without `read_payloads()`.

        Example:
            >>> browser.filter("is:scheduled attempts:0 -tag:red")
        """
        return self._ask(query)

    @action(busy=False)
    def toggle(self, field: str, value: str) -> str:
        """Of a value: only tasks with it, then only tasks without it, then either. Errors: QueryError."""
        return self._ask(str(self._table.filter.toggled(field, value)))

    @action(busy=False)
    def sort(self, column: str = "", descending: bool = False) -> str:
        """Order by a column; without one, in the order of the listing."""
        if column and column not in COLUMNS:
            raise Refused(f"There is no column {column!r}.", hint=f"there are {', '.join(COLUMNS)}")
        self._table.sort(column, descending)
        self._show_order()
        return ""

    @action(busy=False)
    def show_columns(self, columns: list[str]) -> str:
        """Choose the columns, from those of `task_table.COLUMNS`; "task" is always there."""
        unknown = [name for name in columns if name not in COLUMNS]
        if unknown:
            raise Refused(f"There is no column {unknown[0]!r}.", hint=f"there are {', '.join(COLUMNS)}")
        if "payload" in columns and self.view != "FULL":
            raise Refused("Payloads were not read.", hint='press "Payloads", or browser.read_payloads()')
        self.columns = [name for name in COLUMNS if name in {"task", *columns}]
        self.table = self._table.shown(self.columns)
        return ""

    @action(busy=False)
    def set_width(self, column: str, width_px: int = 0) -> str:
        """Choose the width of a column; 0 is as wide as its content needs. Errors: Refused for another column."""
        if column not in COLUMNS or type(width_px) is not int or not 0 <= width_px <= WIDEST_PX:
            raise Refused(f"{column!r} cannot be {width_px!r} px wide.", hint=f"from 0 to {WIDEST_PX:,} px")
        self.widths = {**self.widths, column: width_px}
        return ""

    @action('{queue}.task({task_id}, view="FULL")')
    def open_task(self, task_id: str) -> str:
        """Show a task with its payload. Errors: NotFound; PermissionDenied (cloudtasks.tasks.fullView)."""
        self.detail = {}
        self.detail = self._detail_of(check_task_id(task_id))
        return ""

    def _reopen(self, task_id: str) -> None:
        """Bring the detail pane up to date; a task that succeeded is gone, and then it closes."""
        if self.detail.get("id") != task_id:
            return
        try:
            now = self._detail_of(task_id)
        except NotFound:
            now = {}
        if now != {key: value for key, value in self.detail.items() if key != "why"}:
            self.detail = now  # as long as the task is the same, its explanation stays

    def _detail_of(self, task_id: str) -> dict[str, Any]:
        """The detail pane of a task, read now."""
        return task_detail(self.queue.task(task_id, view="FULL"), self.queue._session.now())

    @action("{queue}.task({task_id}, read=False).explain()")
    def explain_task(self, task_id: str) -> str:
        """Say in the detail pane why a task has not run, or what became of it. Errors: those of task.explain()."""
        explanation = self.queue.task(check_task_id(task_id), read=False).explain()
        if self.detail.get("id") == task_id:
            self.detail = {**self.detail, "why": explanation_shown(explanation)}
        return ""

    @action(busy=False)
    def close_task(self) -> str:
        """Close the detail pane."""
        self.detail = {}
        return ""

    def close(self) -> None:
        """Remove the panel from the page; what it is doing ends after the call under way."""
        self._stop.set()
        super().close()

    def _on_message(self, panel: object, content: Any, buffers: object) -> None:
        """A cancel is heard at once: the worker is busy with what it stops."""
        if isinstance(content, dict) and content.get("do") == "cancel":
            self.cancel()
        else:
            super()._on_message(panel, content, buffers)

    def _listing(self) -> Pager[Task]:
        return self.queue.tasks(view=self.view, page_size=self.page_size)

    def _load(self, limit: int) -> str:
        """Read page after page until the end, the limit, or a cancel."""
        with suppress(CloudTasksError):  # an estimate for the progress bar, and nothing more
            self.queue.refresh(stats=True)
        total = int(self.queue.stats.tasks_count) if self.queue.stats else None
        tasks: list[Task] = []
        scope: Scope = "part"
        with self._cancellable():
            try:
                for page in self.queue.tasks(view=self.view, page_size=1000).pages():
                    self.found()
                    tasks += page.items
                    self.progress = {"text": "Reading tasks", "done": len(tasks), "total": total}
                    if not page.next_page_token:
                        scope = "all"
                    elif self._stop.is_set() or len(tasks) >= limit:
                        break
            finally:
                if tasks or scope == "all":
                    self.scope, self._loaded_at, self._outdated = scope, datetime.now(UTC), False
                    self._fill(tasks)
        read = f"{counted(len(tasks), 'task')} loaded"
        return f"{read}: all there are." if scope == "all" else f"{read}; there are more."

    @contextmanager
    def _cancellable(self) -> Iterator[None]:
        """Something long, with progress, that `cancel()` stops."""
        self._stop.clear()
        try:
            yield
        finally:
            self.progress = {}

    @property
    def is_settled(self) -> bool:
        """Whether the rows are those of the filter that was asked for last; not so while that is refused."""
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
        if self.notice.get("level") == "error":  # about a filter before, as a rule
            self.show("")
        line = f"browser.filter({json.dumps(str(wanted), ensure_ascii=False)})"
        kept = self.lines[:-1] if self.lines and self.lines[-1].startswith("browser.filter(") else self.lines
        self.lines = [*kept, line][-LINES_KEPT:]  # one line for what is typed letter by letter
        return ""

    def _show_page(self) -> str:
        self.found()
        self.scope = "page"
        self._fill(self._pages.page.items)
        return ""

    def _fill(self, tasks: list[Task]) -> None:
        """Hold and show these tasks."""
        self._table.fill(tasks)
        self._facets = self._table.facets()
        counted = {str(Term(facet.field, (facet.value,))): f"{facet.count:,}" for facet in self._facets}
        with self.hold_sync():
            self.table = self._table.shown(self.columns)
            self.offered = [*({**counted, **dict(terms_offered(tasks)), **counted}).items()]
            self._show_order()

    def _show_order(self) -> None:
        chosen = self._table.filter
        with self.hold_sync():
            self.order = self._table.order
            self.facets = [
                {**asdict(facet), "mode": chosen.mode(facet.field, facet.value)} for facet in self._facets
            ]
            self.place = self._place()

    def _place(self) -> dict[str, Any]:
        read_at = self._pages.read_at if self.scope == "page" else self._loaded_at
        return {
            "id": self.queue.id,
            "location": self.queue.location,
            "scope": self.scope,
            "number": self._pages.number,
            "more": bool(self._pages.page.next_page_token),
            "count": len(self._table.tasks),
            "page_size": self.page_size,
            "outdated": self._outdated and self.scope != "page",
            "payloads": self.view == "FULL",
            "query": self._shown,
            "asked": self._asked,
            "column": self._table.column,
            "descending": self._table.descending,
            "updated": instant(read_at),
            "can_run": self.queue.kind != "pull",
        }
