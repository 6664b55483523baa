"""The verbs of a queue for many tasks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arguments import gathered
from ..discreet import as_hidden
from ..model.durations import DurationLike
from ..model.queue import RetryConfig
from ..model.target import AppEngineRouting, OAuthToken, OidcToken
from .bound import QueueVerbs
from .new_task import TaskOptions

if TYPE_CHECKING:
    import pandas as pd

    from ..bulk.backup import Past
    from ..bulk.result import BulkResult
    from ..model.task import Task
    from .leased import Leased
    from .queue import Queue

    Selection = Iterable[Task | str] | pd.DataFrame | Task | str


class BulkVerbs(QueueVerbs):
    """Bulk verbs. They take lists, listings, DataFrames or any iterable, which they read lazily.

    The options `progress`, `concurrency`, `rate_per_second` and `ramp` are those of create_tasks.
    An exhausted quota slows them down. A call whose response is lost is retried if that is safe. A list or a DataFrame
    that names a task twice raises InvalidRows before anything is sent.

    If a bulk call ends early (an interrupt, a missing permission, an input that raises), it raises that error, whose
    `result` is the BulkResult so far. A first interrupt waits for running calls, a second one abandons them.
    """

    __slots__ = ()

    def create_tasks(
        self,
        items: Iterable[Any] | pd.DataFrame,
        *,
        url: str | None = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        schedule: datetime | DurationLike | None = None,
        tag: str | None = None,
        relative_url: str | None = None,
        routing: AppEngineRouting | Mapping[str, Any] | None = None,
        oidc_token: OidcToken | Mapping[str, Any] | None = None,
        oauth_token: OAuthToken | Mapping[str, Any] | None = None,
        retry_config: RetryConfig | Mapping[str, Any] | None = None,
        dispatch_deadline: DurationLike | None = None,
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Create many tasks, each exactly once. Returns a BulkResult with the outcome of each item.

        - `items`: a DataFrame, or any iterable of payloads, Tasks, or dicts with "payload" and keywords of create_task.
          Columns of a DataFrame have the same names (payload, url, method, headers, schedule_time, tag, task_id, …), or
          are named payload.<key>: those make a JSON payload. An item without a task_id gets a random one.
        - `url`, `method`, `headers`, `schedule`, `tag`, `relative_url`, `routing`, `oidc_token`, `oauth_token`,
          `retry_config`, `dispatch_deadline`: as in queue.create_task(), for every item that does not set its own.

        Options of all bulk verbs:

        - `progress`: whether to show a progress bar. Defaults to yes in a notebook and in a terminal.
        - `concurrency`: the number of concurrent calls, 1 to 32.
        - `rate_per_second`: the highest number of tasks per second. Defaults to no limit.
        - `ramp`: how the rate grows: "500/50/5" starts at 500 tasks per second and adds 50 % every 5 minutes. Calls of
          one process that ramp up on the same queue at the same time share it. Several processes divide it themselves:
          "125/50/5" in each of four.

        A list or a DataFrame is checked before anything is sent.

        Errors: InvalidRows, NotFound, PermissionDenied; ConfigError for options that are not valid. Errors of single
        items are in the result.
        Units: `schedule` and `dispatch_deadline` are seconds, timedeltas, or text such as "10m".
        Source: REST queues.tasks.batchCreate.

        Example:
            >>> queue.create_tasks(["text", b"bytes", ["json"]], url="https://example.com/send")
            >>> queue.create_tasks(frame, ramp="500/50/5").raise_for_errors()
        """
        from ..bulk.verbs import BulkOptions, create_tasks

        items, headers = map(as_hidden, (items, headers))
        defaults, how = gathered(TaskOptions, locals()), gathered(BulkOptions, locals())
        return create_tasks(self._queue, items, defaults, how)

    def delete_tasks(
        self,
        selection: Selection,
        *,
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Delete many tasks. It cannot be undone. A task that does not exist counts as failed, with NOT_FOUND.

        - `selection`: Tasks, names, ids, or a DataFrame with a "name" column.
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: InvalidRows, PermissionDenied. Errors of single tasks are in the result.
        Source: REST queues.tasks.batchDelete.

        Example:
            >>> frame = queue.tasks().to_dataframe()
            >>> queue.delete_tasks(frame[frame.dispatch_count == 0]).summary()
            '5 deleted, 0 failed, 0 not tried'
        """
        from ..bulk.verbs import BulkOptions, delete_tasks

        return delete_tasks(self._queue, selection, gathered(BulkOptions, locals()))

    def run_tasks(
        self,
        selection: Selection,
        *,
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Send many tasks now, even if the queue is paused. The service allows about 60 a minute.

        A call without a response counts as failed and is not retried, because the task may have been sent.

        - `selection`: Tasks, names, ids, or a DataFrame with a "name" column.
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: InvalidRows, PermissionDenied. Errors of single tasks are in the result.
        Source: REST queues.tasks.run.

        Example:
            >>> queue.run_tasks(queue.tasks().first(2)).done
            2
        """
        from ..bulk.verbs import BulkOptions, run_tasks

        return run_tasks(self._queue, selection, gathered(BulkOptions, locals()))

    def acknowledge_tasks(
        self,
        leased: Iterable[Leased],
        *,
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Finish many leased tasks: the service deletes them. A call without a response is retried.

        - `leased`: the tasks from queue.lease(), or some of them.
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: InvalidRows (a task that is not leased). Errors of single tasks are in the result.
        Source: REST queues.tasks.acknowledge.

        Example:
            >>> leased = work.lease(max_tasks=1000)
            >>> work.acknowledge_tasks(task for task in leased if handle(task))
        """
        from ..bulk.verbs import BulkOptions, acknowledge_tasks

        return acknowledge_tasks(self._queue, leased, gathered(BulkOptions, locals()))

    def copy_tasks(
        self,
        selection: Selection | None = None,
        *,
        to: Queue | str,
        new_ids: bool = False,
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Create tasks again in another queue. Copies have the same payload, target, headers, tokens and schedule.

        - `selection`: Tasks, names, ids, or a DataFrame with a "name" column. Defaults to all tasks. Names, and Tasks
          without payloads, are read one by one; queue.tasks(view="FULL") is faster.
        - `to`: another queue, of this client or another one: a Queue, or an id or name of this client.
        - `new_ids`: give each copy a new id. By default copies keep their ids, so that a second copy_tasks() creates no
          task twice: a task that exists already counts as failed, with ALREADY_EXISTS.
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: InvalidRows, PermissionDenied. Errors of single tasks are in the result.
        Source: REST queues.tasks.batchCreate.

        Example:
            >>> queue.copy_tasks(to=ct.local(dispatch=False).create_queue("emails"))
        """
        from ..bulk.verbs import BulkOptions, copy_tasks

        return copy_tasks(self._queue, selection, to, gathered(BulkOptions, locals()), new_ids=new_ids)

    def move_tasks(
        self,
        selection: Selection | None = None,
        *,
        to: Queue | str,
        new_ids: bool = False,
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Copy tasks to another queue, and delete those that were copied. Pause this queue first.

        Otherwise this queue may send a task after it was copied, and the other queue sends it again. If the same task
        already exists in the other queue, it is deleted here: moving again completes an interrupted move.

        - `selection`, `to`, `new_ids`: as in queue.copy_tasks().
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: as queue.copy_tasks().
        Source: REST queues.tasks.batchCreate and queues.tasks.batchDelete.

        Example:
            >>> other = client.create_queue("other")
            >>> queue.move_tasks(to=other).raise_for_errors()
            >>> len(list(other.tasks()))
            5
        """
        from ..bulk.verbs import BulkOptions, copy_tasks

        return copy_tasks(
            self._queue, selection, to, gathered(BulkOptions, locals()), new_ids=new_ids, move=True
        )

    def backup(
        self, path: str | os.PathLike[str], *, overwrite: bool = False, progress: bool | None = None
    ) -> Path:
        """Write all tasks, in full, and the queue's settings to a Parquet file. The file appears once it is complete.

        It has the columns of queue.tasks().to_dataframe(), and the column `task` with all fields that a table omits,
        including credentials in headers: protect the file like the queue.

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
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Create the tasks of a backup in this queue, under their own ids.

        A task that still exists stays as it is, so restoring twice is harmless. The queue's settings stay as they are:
        client.restore(path) creates a queue with the settings of the backup.

        - `path`: a file that queue.backup() wrote.
        - `past`: when overdue tasks become due: "now", or after a delay. "skip" leaves them out.
        - `renew`: give a task a new id when its own is blocked, because a finished or deleted task had it.
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: ConfigError (no backup, another kind of queue), NotFound, PermissionDenied.
        Units: a delay in `past` is a timedelta, or a number of seconds.
        Source: REST queues.tasks.batchCreate.

        Example:
            >>> queue.backup("emails.parquet")
            >>> queue.pause().restore("emails.parquet")
        """
        from ..bulk.backup import restore
        from ..bulk.verbs import BulkOptions

        how = gathered(BulkOptions, locals())
        return restore(self._queue, path, past=past, renew=renew, how=how)
