"""The tasks of one queue to page through, filter, open, select, and act on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import traitlets

from ..errors import NotFound
from ..names import check_task_id, parse_queue
from ..render.values import counted
from .action import Refused, action
from .panel import LINES_KEPT, asset
from .task_edit import creation, edit_form
from .task_reader import TaskReader
from .task_view import task_detail

if TYPE_CHECKING:
    import pandas as pd

    from ..resources.queue import Queue
    from ..resources.task import Task

Which = Literal["selected", "matching"]

FEW = 20  # up to so many are acted on without confirming their number


class TaskBrowser(TaskReader):
    """A table of a queue's tasks. What is selected, and what matches the filter, comes back as data.

    Verbs take "selected" or "matching". For "matching", and for more than a few, they want `confirm`: how many
    tasks it is about, or the queue's id. Errors of a call appear in the status line; called from Python they are
    raised too.

    Example:
        >>> browser = queue.browse()                           # doctest: +SKIP
        >>> browser.filter("is:due code:503")                  # doctest: +SKIP
        >>> browser.selection                                  # doctest: +SKIP
        >>> browser.delete_tasks("matching", confirm=12)       # doctest: +SKIP
    """

    _esm = asset(
        "shared.js",
        "confirm.js",
        "task_detail.js",
        "task_edit.js",
        "task_table.js",
        "task_filters.js",
        "task_verbs.js",
        "task_browser.js",
    )
    _css = asset("panel.css", "task_browser.css")

    selected = traitlets.List().tag(sync=True)
    form = traitlets.Dict().tag(sync=True)
    queues = traitlets.List().tag(sync=True)

    def __init__(self, queue: Queue, page_size: int = 25, read_only: bool = False) -> None:
        self._selection: dict[str, Task] = {}
        super().__init__(queue, page_size, read_only)

    @property
    def tasks(self) -> list[Task]:
        """The selected tasks, in the order of selection, as they were listed."""
        return list(self._selection.values())

    @property
    def selection(self) -> pd.DataFrame:
        """The selected tasks as a DataFrame with the columns of `queue.tasks().to_dataframe()`."""
        from ..frames import TASKS, to_pandas

        return to_pandas(TASKS, [TASKS.rows_of(self.tasks)])

    @action(busy=False)
    def select(self, task_ids: list[str], on: bool = True) -> str:
        """Select tasks of those that are loaded, or with on=False take them out of the selection."""
        listed = {task.id: task for task in self._table.tasks} if on else {}
        unknown = [task_id for task_id in task_ids if on and task_id not in listed]
        if unknown:
            raise Refused("Only tasks that are shown can be selected.")
        for task_id in task_ids:
            if on:
                self._selection.setdefault(task_id, listed[task_id])
            else:
                self._selection.pop(task_id, None)
        self.selected = list(self._selection)
        return ""

    @action(busy=False)
    def select_matching(self, on: bool = True) -> str:
        """Select each task that matches the filter, or take them out of the selection."""
        for task in self.matching:
            if on:
                self._selection.setdefault(task.id, task)
            else:
                self._selection.pop(task.id, None)
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
        self._one(task_id, lambda task: task.run())
        self._reopen(task_id)
        return f"{task_id} was sent. How it ended shows after a refresh."

    @action('{queue}.task({task_id}, view="BASIC").delete()', changes=True)
    def delete_task(self, task_id: str) -> str:
        """Delete a task. Errors: NotFound; Refused when read-only."""
        self._one(task_id, lambda task: task.delete(), is_gone=True)
        return f"{task_id} was deleted."

    @action(changes=True)
    def run_tasks(self, which: Which = "selected", confirm: int | str | None = None) -> str:
        """Send tasks now. Errors: InvalidArgument (pull tasks); Refused without `confirm`, or when read-only."""
        tasks = self._chosen(which, confirm)
        self._line("run_tasks", which, tasks)
        said = self._each(tasks, lambda task: task.run(), "sent")
        return f"{said} How they ended shows after a refresh."

    @action(changes=True)
    def delete_tasks(self, which: Which = "selected", confirm: int | str | None = None) -> str:
        """Delete tasks for good. Errors: PermissionDenied; Refused without `confirm`, or when read-only."""
        tasks = self._chosen(which, confirm)
        self._line("delete_tasks", which, tasks)
        return self._each(tasks, lambda task: task.delete(), "deleted", is_gone=True)

    @action(changes=True)
    def copy_tasks(self, to: str, which: Which = "selected", confirm: int | str | None = None) -> str:
        """Create the same tasks in another queue, by its id or full name; they get ids of their own.

        Errors: NotFound, InvalidArgument (a queue of another kind); Refused without `confirm`, or when read-only.
        """
        from ..resources.queue import read_queue

        tasks = self._chosen(which, confirm)
        target = read_queue(self.queue._session, parse_queue(to, self.queue.project, self.queue.location))
        if target.name == self.queue.name:
            raise Refused("These tasks are in that queue already.", hint="edit a task to enqueue it again")
        self._line("copy_tasks", which, tasks, f'to=client.queue("{target.name}")')
        return self._each(tasks, lambda task: target.create_task(**creation(self._whole(task))), f"copied to {target.id}")

    @action("queues = list(client.location({panel.queue.location!r}).queues())", busy=False)
    def list_queues(self) -> str:
        """Find out which queues there are to copy to. Errors: PermissionDenied."""
        from ..resources.location import list_queues

        place = parse_queue(self.queue.name).parent
        found = list_queues(self.queue._session, [place], filter=None, page_size=1000, stats=False).first(1000)
        self.queues = [queue.id for queue in found if queue.id != self.queue.id]
        return ""

    @action()
    def export(self, path: str, which: Which = "selected", overwrite: bool = False) -> str:
        """Write tasks to a Parquet or CSV file where the kernel runs, in the columns of `to_dataframe`.

        Errors: Refused for another kind of file, or one that is there already; OSError.
        """
        from ..frames import TASKS, write_csv, write_parquet

        writers = {".parquet": write_parquet, ".csv": write_csv}
        target = Path(path).expanduser()
        write = writers.get(target.suffix.lower())
        if write is None:
            raise Refused(f"{target.name!r} is neither a .parquet nor a .csv file.", hint="choose one of the two")
        if target.exists() and not overwrite:
            raise Refused(f"{target} exists already.", hint="choose another name, or overwrite=True in Python")
        if not target.parent.is_dir():
            raise Refused(f"There is no folder {target.parent}.", hint="choose one that is there")
        tasks = self._some(which)
        try:
            write(target, TASKS.schema, [TASKS.batch(TASKS.rows_of(tasks))])
        except OSError as error:
            raise Refused(f"{target} could not be written: {error.strerror}.", hint="choose another place") from error
        what = f"{self.listing_code}.to_{target.suffix[1:].lower()}"
        self._add_line(f"{what}({str(path)!r})  # all of them" if False else f"browser.export({str(path)!r}, {which!r})")
        return f"{counted(len(tasks), 'task')} written to {target}."

    @action()
    def download(self, name: str, which: Which = "selected") -> str:
        """Hand tasks to the page as a file that the browser saves, .csv or .parquet."""
        from ..frames import TASKS, write_csv, write_parquet

        write = write_csv if name.endswith(".csv") else write_parquet
        tasks = self._some(which)
        with tempfile.TemporaryDirectory() as folder:
            written = write(Path(folder) / "tasks", TASKS.schema, [TASKS.batch(TASKS.rows_of(tasks))])
            data = written.read_bytes()
        self.send({"download": name}, buffers=[data])
        return f"{counted(len(tasks), 'task')} in {name}."

    @action('{queue}.task({task_id}, view="FULL")', changes=True)
    def edit(self, task_id: str) -> str:
        """Open the form that makes a new task of this one. Errors: NotFound, PermissionDenied."""
        self.form = {}
        self.form = edit_form(self.queue.task(check_task_id(task_id), view="FULL"))
        return ""

    @action(busy=False)
    def close_form(self) -> str:
        """Close the form; nothing was created."""
        self.form = {}
        return ""

    @action(changes=True)
    def enqueue_edited(
        self, task_id: str, changes: dict[str, Any] | None = None, delete_old: bool = False
    ) -> str:
        """Create a task like this one with `changes`, then, when asked, delete the old one; never the other way round.

        `changes`: payload, url, method, headers, tag, schedule (seconds from now). What is left out stays.

        Errors: NotFound, InvalidArgument; Refused for another key, or when read-only.
        """
        old = self.queue.task(check_task_id(task_id), view="FULL")
        try:
            given = creation(old, **(changes or {}))
        except TypeError as error:
            raise Refused("A task has no such field.", hint="payload, url, method, headers, tag, schedule") from error
        made = self.queue.create_task(**given)
        said = f"{made.id} was created from {task_id}"
        self.form = {}
        if delete_old:
            try:
                old.delete()
            except NotFound:
                said += ", which was gone by then"
            else:
                said += ", which was deleted"
            self._settle([task_id])
        else:
            self._settle([])
        return f"{said}."
