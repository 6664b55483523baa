"""Reads a queue's tasks: page by page or all of them, and one of them in detail."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import traitlets

from ..errors import CloudTasksError, NotFound
from ..names import check_task_id
from ..paging.pager import Pager
from ..render.values import counted
from .action import Refused, action
from .cells import instant, task_detail
from .filtered_tasks import FilteredTasks
from .task_pages import Pages, checked_page_size
from .task_sharing import Shared
from .why_view import explanation_shown

if TYPE_CHECKING:
    from ..resources.queue import Queue
    from ..resources.task import Task

PAGE_SIZES = (25, 50, 100, 250, 1000)
LOAD_LIMIT = 100_000  # for more tasks, a page in a browser is the wrong tool

Scope = Literal["page", "part", "all"]


class TaskReader(FilteredTasks):
    """The reading half of a task browser: nothing here changes the service."""

    detail = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)

    def __init__(self, queue: Queue, page_size: int, read_only: bool, every_s: float) -> None:
        self._stop = threading.Event()
        self.page_size = checked_page_size(page_size)
        self.scope: Scope = "page"
        self._pages: Pages[Task] = Pages(self._listing)
        self._loaded_at: datetime | None = None
        self._outdated = False  # the queue changed since all tasks were loaded
        super().__init__(queue, read_only, every_s)
        with suppress(CloudTasksError):  # shown in the status line
            self.refresh()

    start = property(lambda self: self._page_code(""))
    behind = property(lambda self: self._page_code(self._pages.tokens[0]))
    here = property(lambda self: self._page_code(self._pages.tokens[1]))
    ahead = property(lambda self: self._page_code(self._pages.tokens[2]))

    def _page_code(self, token: str) -> str:
        """The Python expression for a page, by its page token, so that each line works alone."""
        return f"{self.listing_code}.page({json.dumps(token) if token else ''})"

    @property
    def listing_code(self) -> str:
        """The Python expression for the listing, for the lines of "as code"."""
        view = ', view="FULL"' if self.view == "FULL" else ""
        return f"{self.expression}.tasks(page_size={self.page_size}{view})"

    @action("page = {panel.here}")
    def refresh(self) -> str:
        """Read again: the page, or all loaded tasks.

        Errors: NotFound, PermissionDenied; InvalidArgument when the page token expired.
        """
        if self.scope != "page":
            return self._load(LOAD_LIMIT)
        self.look()
        return ""

    @property
    def calls_of_a_look(self) -> int:
        """One for the page, one for the open task."""
        return (self.scope == "page") + bool(self.detail)

    def hear(self, endpoint: str, names: Collection[str]) -> None:
        """Another panel changed the queue: if all tasks were loaded, mark them as outdated."""
        self._outdated |= endpoint == self.endpoint and any(map(self.shows, names))
        super().hear(endpoint, names)

    def look(self) -> None:
        """Read the page and the open task again. A full list stays, because reading it takes long."""
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
        """Go to the previous page; needs no call while it is cached. Errors: as refresh."""
        self._pages.back()
        return self._show_page()

    @action("page = {panel.start}")
    def first_page(self) -> str:
        """Go to the first page, also from all tasks back to pages. Errors: as refresh."""
        self._pages.first()
        return self._show_page()

    @action("tasks = list({panel.listing_code})")
    def load_all(self, limit: int = LOAD_LIMIT) -> str:
        """Read all pages, so that filter and order apply to the whole queue.

        `cancel()` and errors keep the tasks read so far. Errors: as refresh; Refused for an invalid limit.
        """
        if type(limit) is not int or limit < 1:
            raise Refused(f"limit must be at least 1, not {limit!r}.", hint="omit it for up to 100,000 tasks")
        return self._load(limit)

    def cancel(self) -> None:
        """Stop a long action (reading all tasks, acting on many) after the current call."""
        self._stop.set()

    @action()
    def set_page_size(self, page_size: int) -> str:
        """Set the page size, from 1 to 1000, and go to the first page. Errors: ConfigError; as refresh."""
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

        A filter that needs payloads is applied once they are read.

        Errors: PermissionDenied (cloudtasks.tasks.fullView); with on=False, Refused while the filter needs payloads.
        """
        if not on and self._table.filter.needs_payloads:
            raise Refused("The filter needs payloads.", hint="remove its payload terms first")
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

    @action('{queue}.task({task_id}, view="FULL")')
    def open_task(self, task_id: str) -> str:
        """Show a task with its payload. Errors: NotFound; PermissionDenied (cloudtasks.tasks.fullView)."""
        self.detail = {}
        self.detail = self._detail_of(check_task_id(task_id))
        return ""

    def _reopen(self, task_id: str) -> None:
        """Update the detail pane; close it if the task no longer exists."""
        if self.detail.get("id") != task_id:
            return
        try:
            now = self._detail_of(task_id)
        except NotFound:
            now = {}
        if now != {key: value for key, value in self.detail.items() if key != "why"}:
            self.detail = now  # an unchanged task keeps its explanation

    def _detail_of(self, task_id: str) -> dict[str, Any]:
        """Read a task for the detail pane."""
        return task_detail(self.queue.task(task_id, view="FULL"), self.queue._session.now())

    @action("{queue}.task({task_id}, read=False).explain()")
    def explain_task(self, task_id: str) -> str:
        """Explain in the detail pane why a task has not run, or how it ended. Errors: those of task.explain()."""
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
        """Remove the panel from the page; a running action stops after the current call."""
        self._stop.set()
        super().close()

    def _on_message(self, panel: object, content: Any, buffers: object) -> None:
        """Handle "cancel" at once, because the worker is busy with the action that it stops."""
        if isinstance(content, dict) and content.get("do") == "cancel":
            self.cancel()
        else:
            super()._on_message(panel, content, buffers)

    def _listing(self) -> Pager[Task]:
        return self.queue.tasks(view=self.view, page_size=self.page_size)

    def _load(self, limit: int) -> str:
        """Read pages until the end, the limit, or a cancel."""
        with suppress(CloudTasksError):  # only an estimate for the progress bar
            self.queue.refresh(stats=True)
        total = int(self.queue.stats.tasks_count) if self.queue.stats else None
        tasks: list[Task] = []
        shared = Shared()
        scope: Scope = "part"
        with self._cancellable():
            try:
                for page in self.queue.tasks(view=self.view, page_size=1000).pages():
                    self.found()
                    shared.share(page.items)
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
        return f"{read}: the whole queue." if scope == "all" else f"{read}; there are more."

    @contextmanager
    def _cancellable(self) -> Iterator[None]:
        """A context for a long action with progress, which `cancel()` stops."""
        self._stop.clear()
        try:
            yield
        finally:
            self.progress = {}

    def _show_page(self) -> str:
        self.found()
        self.scope = "page"
        self._fill(self._pages.page.items)
        return ""

    def _place(self) -> dict[str, Any]:
        read_at = self._pages.read_at if self.scope == "page" else self._loaded_at
        return {
            **super()._place(),
            "scope": self.scope,
            "number": self._pages.number,
            "more": bool(self._pages.page.next_page_token),
            "page_size": self.page_size,
            "outdated": self._outdated and self.scope != "page",
            "updated": instant(read_at),
        }
