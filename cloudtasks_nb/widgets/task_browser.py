"""The tasks of one queue to page through, open, select, run and delete."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import CloudTasksError, NotFound
from ..names import check_task_id
from ..render.values import counted
from .action import Refused, action
from .cells import instant
from .panel import Panel, asset
from .task_pages import Pages
from .task_view import task_detail, task_row

if TYPE_CHECKING:
    import pandas as pd

    from ..resources.queue import Queue
    from ..resources.task import Task


class TaskBrowser(Panel):
    """A table of a queue's tasks, one page of the service at a time. What is selected comes back as data.

    Errors of a call appear in the status line; called from Python they are raised too.

    Example:
        >>> browser = queue.browse()                           # doctest: +SKIP
        >>> browser.next_page()                                # doctest: +SKIP
        >>> browser.selection                                  # doctest: +SKIP
    """

    _esm = asset("shared.js", "task_detail.js", "task_browser.js")
    _css = asset("panel.css", "task_browser.css")

    place = traitlets.Dict().tag(sync=True)
    rows = traitlets.List().tag(sync=True)
    selected = traitlets.List().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)

    def __init__(self, queue: Queue, page_size: int = 25, read_only: bool = False) -> None:
        self.page_size = page_size
        self._pages: Pages[Task] = Pages(partial(queue.tasks, page_size=page_size))
        self._selection: dict[str, Task] = {}
        super().__init__(queue, read_only=read_only, place=self._place(queue))
        with suppress(CloudTasksError):  # shown in the status line
            self.refresh()

    @property
    def tasks(self) -> list[Task]:
        """The selected tasks, in the order of selection, as they were listed (view BASIC)."""
        return list(self._selection.values())

    @property
    def selection(self) -> pd.DataFrame:
        """The selected tasks as a DataFrame with the columns of `queue.tasks().to_dataframe()`."""
        from ..frames import TASKS, to_pandas

        return to_pandas(TASKS, [TASKS.rows_of(self.tasks)])

    start = property(lambda self: self._page_code(""))
    behind = property(lambda self: self._page_code(self._pages.tokens[0]))
    here = property(lambda self: self._page_code(self._pages.tokens[1]))
    ahead = property(lambda self: self._page_code(self._pages.tokens[2]))

    def _page_code(self, token: str) -> str:
        """The Python expression for a page: by its token, so that each line stands on its own."""
        page = f'"{token}"' if token else ""
        return f"{self.expression}.tasks(page_size={self.page_size}).page({page})"

    @action("page = {panel.here}")
    def refresh(self) -> str:
        """Read the page again. Errors: NotFound, PermissionDenied; InvalidArgument when its token expired."""
        self._pages.load()
        self._show_page()
        return ""

    @action("page = {panel.ahead}")
    def next_page(self) -> str:
        """Go to the next page. Errors: as refresh."""
        self._pages.forward()
        self._show_page()
        return ""

    @action("page = {panel.behind}")
    def previous_page(self) -> str:
        """Go back a page; without a call while it is among the last few."""
        self._pages.back()
        self._show_page()
        return ""

    @action("page = {panel.start}")
    def first_page(self) -> str:
        """Start over at page one. Errors: NotFound, PermissionDenied."""
        self._pages.first()
        self._show_page()
        return ""

    @action('{queue}.task({task_id}, view="FULL")')
    def open_task(self, task_id: str) -> str:
        """Show a task with its payload. Errors: NotFound; PermissionDenied (cloudtasks.tasks.fullView)."""
        self.detail = {}
        self.detail = task_detail(self.queue.task(check_task_id(task_id), view="FULL"))
        return ""

    @action(busy=False)
    def close_task(self) -> str:
        """Close the detail pane."""
        self.detail = {}
        return ""

    @action(busy=False)
    def select(self, task_ids: list[str], on: bool = True) -> str:
        """Select tasks of the page shown, or with on=False take them out of the selection."""
        listed = {task.id: task for task in self._pages.page.items}
        for task_id in task_ids:
            if not on:
                self._selection.pop(task_id, None)
            elif task_id in listed:
                self._selection[task_id] = listed[task_id]
            else:
                raise Refused("Only tasks of the page shown can be selected.")
        self.selected = list(self._selection)
        return ""

    @action(busy=False)
    def clear_selection(self) -> str:
        """Select nothing."""
        self._selection.clear()
        self.selected = []
        return ""

    @action('{queue}.task({task_id}, view="BASIC").run()', changes=True)
    def run_task(self, task_id: str) -> str:
        """Send a task now. Errors: NotFound, InvalidArgument (a pull task); Refused when read-only."""
        self._each([task_id], lambda task: task.run())
        self._reopen(task_id)
        return f"{task_id} was sent. How it ended shows after a refresh."

    @action('{queue}.task({task_id}, view="BASIC").delete()', changes=True)
    def delete_task(self, task_id: str) -> str:
        """Delete a task. Errors: NotFound; Refused when read-only."""
        self._each([task_id], lambda task: task.delete())
        self._forget(task_id)
        return f"{task_id} was deleted."

    @action('for task_id in {task_ids}: {queue}.task(task_id, view="BASIC").run()', changes=True)
    def run_tasks(self, task_ids: list[str]) -> str:
        """Send tasks now, one by one; stops at the first error. Errors: as run_task."""
        self._each(task_ids, lambda task: task.run())
        return f"{counted(len(task_ids), 'task')} sent. How they ended shows after a refresh."

    @action('for task_id in {task_ids}: {queue}.task(task_id, view="BASIC").delete()', changes=True)
    def delete_tasks(self, task_ids: list[str]) -> str:
        """Delete tasks one by one; stops at the first error. Errors: as delete_task."""
        self._each(task_ids, lambda task: task.delete(), self._forget)
        return f"{counted(len(task_ids), 'task')} deleted."

    def _each(
        self,
        task_ids: list[str],
        verb: Callable[[Task], Any],
        then: Callable[[str], None] = lambda task_id: None,
    ) -> None:
        """Act on each task, then read the page again, whatever happened."""
        checked = [check_task_id(task_id) for task_id in task_ids]
        try:
            for task_id in checked:
                verb(self._selection.get(task_id) or self.queue.task(task_id, view="BASIC"))
                then(task_id)
        except NotFound:
            self._forget(task_id)  # or the next try would stop at the same task
            raise
        finally:
            if not self._pages.load().items:
                self._pages.back()
            self._show_page()

    def _forget(self, task_id: str) -> None:
        """Take a task that is gone out of the selection and the detail pane."""
        if self._selection.pop(task_id, None) is not None:
            self.selected = list(self._selection)
        if self.detail.get("id") == task_id:
            self.detail = {}

    def _reopen(self, task_id: str) -> None:
        """Bring the detail pane up to date; a task that succeeded is gone, and then it closes."""
        if self.detail.get("id") != task_id:
            return
        try:
            self.detail = task_detail(self.queue.task(task_id, view="FULL"))
        except NotFound:
            self.detail = {}

    def _show_page(self) -> None:
        items = self._pages.page.items
        self._selection.update({task.id: task for task in items if task.id in self._selection})
        self.rows = [task_row(task) for task in items]
        self.selected = list(self._selection)
        self.place = self._place(self.queue)

    def _place(self, queue: Queue) -> dict[str, Any]:
        return {
            "id": queue.id,
            "location": queue.location,
            "number": self._pages.number,
            "more": bool(self._pages.page.next_page_token),
            "count": len(self._pages.page.items),
            "updated": instant(self._pages.read_at),
            "can_run": queue.kind != "pull",
        }
