"""The verbs of a queue that take many tasks at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

from .bound import Bound

if TYPE_CHECKING:
    import pandas as pd

    from ..bulk.backup import Past
    from ..bulk.result import BulkResult
    from ..bulk.verbs import How
    from ..model.task import Task
    from .leased import Leased
    from .queue import Queue

    Selection = Iterable[Task | str] | pd.DataFrame | Task | str


class Many(Bound):
    """Bulk verbs. They take lists, listings, DataFrames or any iterable, which they read as they go.

    Options of all of them: `progress` (by default where somebody watches), `concurrency` (calls at a time, 8),
    `rate_per_second` (a cap on tasks), `ramp` ("500/50/5": begin at 500 a second, 50 % more every 5 minutes).
    A quota that is used up slows them down; what a lost answer left open is tried again where that is safe. A task that
    a list or a DataFrame names twice is refused before anything is sent.

    What ends one early (an interrupt, a missing permission, an input that fails) is raised, and carries the BulkResult
    of what is known as its `result`. A first interrupt lets calls under way end, a second one gives up on them.
    """

    __slots__ = ()

    def create_tasks(self, items: Iterable[Any] | pd.DataFrame, **options: Any) -> BulkResult:
        """Create many tasks, each of them once.

        `items`: a DataFrame with columns of create_task's names (payload, or payload.<key> for JSON; url, method,
        headers, schedule_time, tag, task_id), Tasks, dicts of what create_task takes, or payloads. Keywords of
        create_task ("url", "headers", …) hold for all items that do not say otherwise; the others are those of all bulk
        verbs. A list or a DataFrame is checked before anything is sent. Tasks without a task_id get a random one.

        Errors: InvalidRows, NotFound, PermissionDenied; what befalls single items is in the result.

        Units: `schedule` is seconds where it is a number, `rate_per_second` is tasks.

        Source: REST queues.tasks.batchCreate.

        Example:
            >>> queue.create_tasks(["text", b"bytes", ["json"]], url="https://example.com/send")
            >>> queue.create_tasks(frame, ramp="500/50/5").raise_for_errors()
        """
        from ..bulk.verbs import How, create_tasks

        how = {name: options.pop(name) for name in [*options] if name in How.__annotations__}
        return create_tasks(self._queue, items, options, cast(How, how))

    def delete_tasks(self, selection: Selection, **how: Unpack[How]) -> BulkResult:
        """Delete many tasks, chosen by Task, name, id, or a DataFrame with a "name" column. It cannot be undone.

        One that is not there (any more) counts as failed, with NOT_FOUND.

        Errors: InvalidRows, PermissionDenied; what befalls single tasks is in the result.

        Source: REST queues.tasks.batchDelete.

        Example:
            >>> frame = queue.tasks().to_dataframe()
            >>> queue.delete_tasks(frame[frame.dispatch_count == 0]).summary()
            '5 deleted, 0 failed, 0 not tried'
        """
        from ..bulk.verbs import delete_tasks

        return delete_tasks(self._queue, selection, how)

    def run_tasks(self, selection: Selection, **how: Unpack[How]) -> BulkResult:
        """Send many tasks now, even when the queue is paused. The service allows some 60 a minute.

        A lost answer is a failure here, never repeated: the task may have been sent.

        Errors: InvalidRows, PermissionDenied; what befalls single tasks is in the result.

        Source: REST queues.tasks.run.

        Example:
            >>> queue.run_tasks(queue.tasks().first(2)).done
            2
        """
        from ..bulk.verbs import run_tasks

        return run_tasks(self._queue, selection, how)

    def acknowledge_tasks(self, leased: Iterable[Leased], **how: Unpack[How]) -> BulkResult:
        """Finish many leased tasks: they are deleted. A lost answer is asked for again.

        Errors: InvalidRows (a task that is not leased); what befalls single tasks is in the result.

        Source: REST queues.tasks.acknowledge.

        Example:
            >>> leased = work.lease(max_tasks=1000)
            >>> work.acknowledge_tasks(task for task in leased if handle(task))
        """
        from ..bulk.verbs import acknowledge_tasks

        return acknowledge_tasks(self._queue, leased, how)

    def copy_tasks(
        self,
        selection: Selection | None = None,
        *,
        to: Queue | str,
        new_ids: bool = False,
        **how: Unpack[How],
    ) -> BulkResult:
        """Create tasks again in another queue, of this client or another: all of them, or a selection.

        Payload, target, headers, tokens, schedule and id stay the same, so copying again cannot double anything (what
        is there already fails, with ALREADY_EXISTS); with `new_ids` every copy gets an id of its own. Names and tasks
        listed without payloads are read one by one: queue.tasks(view="FULL") is faster.

        Errors: InvalidRows, PermissionDenied; what befalls single tasks is in the result.

        Source: REST queues.tasks.batchCreate.

        Example:
            >>> queue.copy_tasks(to=ct.local(dispatch=False).create_queue("emails"))
        """
        from ..bulk.verbs import copy_tasks

        return copy_tasks(self._queue, selection, to, how, new_ids=new_ids)

    def move_tasks(
        self,
        selection: Selection | None = None,
        *,
        to: Queue | str,
        new_ids: bool = False,
        **how: Unpack[How],
    ) -> BulkResult:
        """Copy tasks to another queue, and delete those that were copied. Pause this queue first.

        Otherwise a task may be sent from here between its copying and its deletion, and then from there again. A task
        that is there already, and the same, is deleted here: moving again finishes a move that was cut short.

        Errors: as copy_tasks.

        Source: REST queues.tasks.batchCreate and queues.tasks.batchDelete.

        Example:
            >>> other = client.create_queue("other")
            >>> queue.move_tasks(to=other).raise_for_errors()
            >>> len(list(other.tasks()))
            5
        """
        from ..bulk.verbs import copy_tasks

        return copy_tasks(self._queue, selection, to, how, new_ids=new_ids, move=True)

    def backup(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, progress: bool | None = None
    ) -> Path:
        """Write every task, whole, and the queue's settings to a Parquet file; it appears when complete.

        It has the columns of queue.tasks().to_dataframe(), and one, `task`, with all that a table leaves out,
        credentials in headers included: keep the file as safe as the queue.

        Errors: FileExistsError without `overwrite`; PermissionDenied (FULL needs cloudtasks.tasks.fullView).

        Source: REST queues.tasks.list.

        Example:
            >>> queue.backup("emails.parquet")
        """
        from ..bulk.backup import backup

        return backup(self._queue, path, overwrite=overwrite, progress=progress)

    def restore(
        self,
        path: str | os.PathLike[str],
        *,
        past: Past = "now",
        renew: bool = True,
        **how: Unpack[How],
    ) -> BulkResult:
        """Create the tasks of a backup in this queue, under their own ids.

        A task that is still there stays as it is, so restoring twice is harmless. An id that a finished or deleted task
        used up gets a new one, unless `renew` is False. Tasks whose time has passed become due now; with past="skip"
        they are left out, and with a delay (a timedelta or seconds) they become due after it. The queue's settings stay
        as they are: client.restore(path) creates a queue with those of the backup.

        Errors: ConfigError (no backup, another kind of queue), NotFound, PermissionDenied.

        Units: `past` is seconds where it is a number.

        Source: REST queues.tasks.batchCreate.

        Example:
            >>> queue.backup("emails.parquet")
            >>> queue.pause().restore("emails.parquet")
        """
        from ..bulk.backup import restore

        return restore(self._queue, path, past=past, renew=renew, how=how)

    @property
    def _queue(self) -> Queue:
        return cast("Queue", self)
