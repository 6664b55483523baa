"""The task browser: pages through the tasks of a queue, filters, selects, and acts on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import NotFound
from ..names import check_task_id, parse_queue
from ..render import Shape, task_table
from ..render.values import counted, exact
from .action import Refused, action, literal
from .sharing import EVERY_S
from .still import tasks_words
from .task_edit import Changes, creation, edit_form
from .task_export import file_of_tasks, write_tasks
from .task_following import follow
from .task_lines import FEW, Confirm, Which, copy_line, edit_line, reschedule_line, verb_line
from .task_reader import TaskReader
from .task_wire import ticked_sent
from .unsaved_rows import ROWS_SAVED

if TYPE_CHECKING:
    import pandas as pd

    from ..bulk.result import BulkResult
    from ..resources.queue import Queue
    from ..resources.task import Task

AT_ONCE = 250  # tasks between two checks of the Stop button
NONE = {
    "selected": ("No task is selected.", "tick tasks, or act on all that match"),
    "matching": ("No task matches.", "change the filter, or clear it"),
}


class TaskBrowser(TaskReader):
    """A table of a queue's tasks. The selected and the matching tasks are available as data.

    Verbs take "selected" or "matching". For "matching", and for more than 20 tasks, they require `confirm`: the
    number of tasks, or the queue's id. A page also sends the `stamp` of the tasks that it showed. Errors of a call
    appear in the status line; called from Python they are raised too.

    Example:
        >>> browser = queue.browse()
        >>> browser.filter("-is:due attempts<3")
        >>> browser.selection
        >>> browser.delete_tasks("matching", confirm=5)
    """

    _script = "task_browser"
    _parts = ("task_browser.verbs", "task_browser.heads")

    selected = traitlets.List().tag(sync=True)  # of the rows in `table`; messages tell about all loaded rows
    ticked = traitlets.Dict({"count": 0, "among": [], "stamp": ""}).tag(sync=True)
    form = traitlets.Dict().tag(sync=True)
    queues = traitlets.List().tag(sync=True)

    def __init__(
        self,
        queue: Queue,
        page_size: int = 25,
        read_only: bool = False,
        every_s: float = EVERY_S,
        query: str = "",
    ) -> None:
        self._selection: dict[str, Task] = {}
        super().__init__(queue, page_size, read_only, every_s)
        if query:
            self.filter(query)

    @property
    def tasks(self) -> list[Task]:
        """The selected tasks, in the order of selection."""
        return list(self._selection.values())

    @property
    def read_at(self) -> datetime | None:
        """When the shown tasks were read."""
        return self._pages.read_at if self.scope == "page" else self._loaded_at

    def _shape_(self) -> Shape:
        """The shown tasks, or the first of many, in the chosen columns."""
        columns = ["task", *(name for name in self.columns if name not in ("task", "method"))]
        caption = f"Tasks of {self.queue.location}/{self.queue.id}"
        footer = tasks_words(self.place, len(self._table.order), len(self._selection))
        return task_table(
            self._table.matching, caption=caption, footer=footer, columns=columns, now=self._read[1]
        )

    @property
    def selection(self) -> pd.DataFrame:
        """The selected tasks as a DataFrame. Shapes: the columns of `queue.tasks().to_dataframe()`."""
        from ..frames import TASKS, TaskPage, to_pandas

        return to_pandas(TASKS, [TaskPage.of(self.tasks)])

    @action(busy=False)
    def select(self, task_ids: list[str], on: bool = True) -> str:
        """Select loaded tasks; on=False unselects them."""
        known = {**{task.id: task for task in self._table.tasks}, **({} if on else self._selection)}
        if on and not known.keys() >= set(task_ids):
            raise Refused("Only tasks that are loaded can be selected.", hint="load all first")
        return self._tick([known[task_id] for task_id in task_ids if task_id in known], on)

    @action(busy=False)
    def select_matching(self, on: bool = True) -> str:
        """Select all tasks that match the filter; on=False unselects them."""
        return self._tick(self.matching, on)

    def _tick(self, tasks: Sequence[Task], on: bool) -> str:
        for task in tasks:
            if on:
                self._selection.setdefault(task.id, task)
            else:
                self._selection.pop(task.id, None)
        self._show_selection()
        return ""

    def _show_selection(self) -> None:
        self._send_ticks()
        with self.hold_sync():
            self._show_ticks()
            self.place = self._place()

    def _show_ticks(self) -> None:
        ids = self._selection.keys()
        self.selected = [*filter(ids.__contains__, self.table["ids"])]
        self.ticked = {"count": len(ids), "among": [*ids][:4], "stamp": f"{hash(frozenset(ids)):x}"}

    def _show_order(self) -> None:
        with self.hold_sync():
            super()._show_order()
            self._show_ticks()

    def _send_rows(self, whole: bool = False) -> None:
        super()._send_rows(whole)
        self._send_ticks()

    def _send_ticks(self) -> None:
        if self.views and len(tasks := self._table.tasks) > ROWS_SAVED:
            bits = ticked_sent((task.id for task in tasks), self._selection)
            self._tell({"ticked": self._table.filled}, [bits])

    def _place(self) -> dict[str, Any]:
        hidden = self._selection.keys() - {task.id for task in self.matching} if self._table.filter else ()
        return {**super()._place(), "hidden": len(hidden)}

    @action(busy=False)
    def clear_selection(self) -> str:
        """Select nothing."""
        return self._tick(self.tasks, on=False)

    @action('{queue}.task({task_id}, view="BASIC").run()', changes=True)
    def run_task(self, task_id: str) -> str:
        """Send a task now. Errors: NotFound, InvalidArgument (a pull task); Refused when read-only."""
        sent: list[Task] = []
        self._one(task_id, lambda task: sent.append(task.run()))
        self._reopen(task_id)
        follow(self, sent[0])
        return f"{task_id} was sent. The result appears here."

    @action('{queue}.task({task_id}, view="BASIC").delete()', changes=True)
    def delete_task(self, task_id: str) -> str:
        """Delete a task. Errors: NotFound; Refused when read-only."""
        self._one(task_id, lambda task: task.delete(), is_gone=True)
        return f"{task_id} was deleted."

    @action(verb_line("run_tasks"), changes=True)
    def run_tasks(self, which: Which = "selected", confirm: Confirm = None, stamp: str = "") -> str:
        """Send tasks now. Errors: InvalidArgument (pull tasks); Refused without `confirm`, or when read-only."""
        tasks = self._chosen(which, confirm, stamp)
        said = self._each(tasks, partial(self.queue.run_tasks, progress=False), "sent")
        return f"{said} Refresh to see the results."

    @action(verb_line("delete_tasks"), changes=True)
    def delete_tasks(self, which: Which = "selected", confirm: Confirm = None, stamp: str = "") -> str:
        """Delete tasks for good. Errors: PermissionDenied; Refused without `confirm`, or when read-only."""
        tasks = self._chosen(which, confirm, stamp)
        return self._each(tasks, partial(self.queue.delete_tasks, progress=False), "deleted", is_gone=True)

    @action(copy_line, changes=True)
    def copy_tasks(self, to: str, which: Which = "selected", confirm: Confirm = None, stamp: str = "") -> str:
        """Create the same tasks with new ids in another queue, given by its id or full name.

        Errors: NotFound, InvalidArgument (a queue of another kind); Refused without `confirm`, or when read-only.
        """
        from ..resources.queue import read_queue

        tasks = self._chosen(which, confirm, stamp)
        target = read_queue(self.queue._session, parse_queue(to, self.queue.project, self.queue.location))
        if target.name == self.queue.name:
            raise Refused("These tasks are already in that queue.", hint="edit a task to enqueue it again")
        copy = partial(self.queue.copy_tasks, to=target, new_ids=True, progress=False)
        return self._each(tasks, copy, f"copied to {target.id}")

    @action(reschedule_line, changes=True)
    def reschedule_tasks(
        self, schedule: str, which: Which = "selected", confirm: Confirm = None, stamp: str = ""
    ) -> str:
        """Give tasks another time: each is created again, and then the original is deleted.

        Errors: InvalidArgument (an invalid time); Refused without `confirm`, or when read-only.
        """
        from ..bulk.rescheduling import due

        tasks, when = self._chosen(which, confirm, stamp), due(schedule, self.queue._session.now())
        move = partial(self.queue.reschedule_tasks, schedule=when, progress=False)
        said = self._each(tasks, move, "rescheduled", is_gone=True)
        return f"{said} Refresh to see them at {exact(when)}."

    @action("queues = list(client.location({panel.queue.location!r}).queues())", busy=False)
    def list_queues(self) -> str:
        """List the queues to copy to. Errors: PermissionDenied."""
        from ..resources.queue_pager import list_queues

        place = parse_queue(self.queue.name).parent
        found = list_queues(self.queue._session, [place], filter=None, page_size=1000, stats=False).first(
            1000
        )
        self.queues = [queue.id for queue in found if queue.id != self.queue.id]
        return ""

    @action(lambda panel, path, which, overwrite: f"browser.export({literal(path)}, {literal(which)})")
    def export(self, path: str, which: Which = "selected", overwrite: bool = False) -> str:
        """Write tasks to a .parquet or .csv file on the kernel's machine, in the columns of `to_dataframe`.

        Errors: Refused for another kind of file, one that already exists, or one that cannot be written.
        """
        tasks = self._some(which)
        written = write_tasks(path, tasks, overwrite=overwrite)
        return f"{counted(len(tasks), 'task')} written to {written}."

    @action()
    def download(self, name: str, which: Which = "selected") -> str:
        """Send tasks to the page as a .csv or .parquet file for the browser to save."""
        tasks = self._some(which)
        data = file_of_tasks(name, tasks)
        self.send({"download": name}, buffers=[data])
        return f"{counted(len(tasks), 'task')} in {name}."

    @action('{queue}.task({task_id}, view="FULL")', changes=True)
    def edit(self, task_id: str) -> str:
        """Open the form that creates a changed copy of a task. Errors: NotFound, PermissionDenied."""
        self.form = {}
        self.form = edit_form(self.queue.task(check_task_id(task_id), view="FULL"))
        return ""

    @action(busy=False)
    def close_form(self) -> str:
        """Close the form without creating a task."""
        self.form = {}
        return ""

    @action(edit_line, changes=True)
    def enqueue_edited(
        self, task_id: str, changes: dict[str, Any] | None = None, delete_old: bool = False
    ) -> str:
        """Create a task like this one with `changes`; then, with `delete_old`, delete the old one.

        `changes`: payload, url, method, headers, tag, schedule (seconds from now). Other fields stay.

        Errors: NotFound, InvalidArgument; Refused for another field or type, or when read-only.
        """
        wanted = Changes.of(changes or {})
        old = self.queue.task(check_task_id(task_id), view="FULL")
        made = self.queue.create_task(**creation(old, wanted))
        said = f"{made.id} was created from {task_id}"
        self.form = {}
        if delete_old:
            try:
                old.delete()
            except NotFound:
                said += ", which no longer existed"
            else:
                said += ", which was deleted"
        self._settle([task_id] * delete_old)
        return f"{said}."

    def _again(self, call: str) -> str:
        """The line that opens a new browser, applies the filter, and acts on the tasks."""
        lines = [f"browser = {self.expression}.browse()"]
        if self.view == "FULL":
            lines.append("browser.read_payloads()")
        if self.scope != "page":
            lines.append("browser.load_all()")
        if self._table.filter:
            lines.append(f"browser.filter({literal(str(self._table.filter))})")
        return "; ".join([*lines, f"browser.{call}"])

    def _some(self, which: Which) -> list[Task]:
        """The selected or matching tasks. Errors: Refused when there are none."""
        if which not in ("selected", "matching"):
            raise Refused(f'which must be "selected" or "matching", not {which!r}.')
        if which == "matching" and not self.is_settled:
            raise Refused(
                f"The filter {self._asked!r} could not be applied, so nothing was done.",
                hint="correct or clear it",
            )
        tasks = self.tasks if which == "selected" else self.matching
        if not tasks:
            none, hint = NONE[which]
            raise Refused(none, hint=hint)
        return tasks

    def _chosen(self, which: Which, confirm: Confirm, stamp: str) -> list[Task]:
        """The selected or matching tasks. Errors: Refused when a required `confirm` is missing or different."""
        tasks = self._some(which)
        if stamp and stamp != (self.ticked if which == "selected" else self.place)["stamp"]:
            raise Refused("The tasks changed, so nothing was done.", hint="check them and repeat it")
        is_named = confirm is not None and str(confirm) in (str(len(tasks)), self.queue.id)
        if not is_named and (confirm is not None or which == "matching" or len(tasks) > FEW):
            raise Refused(
                f"Nothing was done: this would act on {counted(len(tasks), 'task')}.",
                hint=f'confirm the number, {len(tasks)}, or the queue id, "{self.queue.id}"',
            )
        return tasks

    def _one(self, task_id: str, verb: Callable[[Task], Any], *, is_gone: bool = False) -> None:
        """Act on one task, then update the view in any case."""
        task = self._selection.get(check_task_id(task_id)) or self.queue.task(task_id, view="BASIC")
        gone = []
        try:
            verb(task)
            gone = [task_id] * is_gone
        except NotFound:
            gone = [task_id]  # else the next try would stop at the same task
            raise
        finally:
            self._settle(gone)

    def _each(
        self,
        tasks: Sequence[Task],
        verb: Callable[[Sequence[Task]], BulkResult],
        done: str,
        *,
        is_gone: bool = False,
    ) -> str:
        """Act on tasks in batches. Tasks that no longer exist are counted; another error, or Stop, ends the loop.

        Errors: the first error other than NotFound.
        """
        acted = 0
        missing: list[str] = []
        away: list[str] = []
        with self._cancellable():
            try:
                for start in range(0, len(tasks), AT_ONCE):
                    if self._stop.is_set():
                        break
                    some = tasks[start : start + AT_ONCE]
                    self.progress = {"text": done.capitalize(), "done": start, "total": len(tasks)}
                    result = verb(some)
                    failed = {item.index: item.error for item in result.failed}
                    gone = [some[at].id for at, error in failed.items() if isinstance(error, NotFound)]
                    acted, missing = acted + result.done, missing + gone
                    away += gone + [task.id for at, task in enumerate(some) if is_gone and at not in failed]
                    for error in failed.values():
                        if error and not isinstance(error, NotFound):
                            raise error
            finally:
                self._settle(away)
        left = len(tasks) - acted - len(missing)
        return (
            f"{counted(acted, 'task')} {done}"
            + (f", {len(missing):,} did not exist" if missing else "")
            + (f", stopped with {left:,} left" if left else "")
            + "."
        )

    def _settle(self, gone: Sequence[str]) -> None:
        """Remove tasks that no longer exist, and update the view."""
        for task_id in gone:
            self._selection.pop(task_id, None)
        if self.detail.get("id") in gone:
            self.detail = {}
        if self.scope == "page":
            if not self._pages.load().items:
                self._pages.back()
            self._show_page()
        else:
            away = set(gone)
            self._fill([task for task in self._table.tasks if task.id not in away])

    def _fill(self, tasks: list[Task]) -> None:
        """Store and show these tasks, and update the selection."""
        listed = {task.id: task for task in tasks}
        if self.scope == "all":
            self._selection = {task_id: listed[task_id] for task_id in self._selection if task_id in listed}
        else:
            self._selection.update({key: listed[key] for key in self._selection if key in listed})
        super()._fill(tasks)
        self._show_selection()
