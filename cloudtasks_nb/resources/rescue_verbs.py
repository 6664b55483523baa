"""The verbs of a queue for tasks that run late or are at risk."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING

from ..model.durations import DurationLike
from .bound import QueueVerbs

if TYPE_CHECKING:
    from ..bulk.result import BulkResult
    from ..diagnosis.forecast import Forecast
    from ..diagnosis.watch import Watch
    from ..model.task import View
    from .bulk_verbs import Selection
    from .task_pager import TaskPager


class RescueVerbs(QueueVerbs):
    """Forecast, tasks at risk, copies of them, and rescheduling."""

    __slots__ = ()

    def forecast(
        self,
        latency: DurationLike | None = None,
        failure: float | None = None,
        rate: float | None = None,
        concurrency: int | None = None,
    ) -> Forecast:
        """Forecast when 50 %, 90 % and all of the waiting tasks will be done, as intervals, and which limit binds.

        Values that you do not pass are read: the settings and statistics of the queue, at most three pages of tasks,
        and metrics if you may read them. The card shows the source of each number. Values that you pass replace them:
        `rate=50` shows the effect of a rate of 50. `forecast.as_it_is` is the forecast without it, and `forecast.code`
        the line that sets it.

        - `latency`: how long an attempt takes.
        - `failure`: the share of attempts that fail, from 0 to 1.
        - `rate`: the limit of tasks per second, up to 500.
        - `concurrency`: the limit of concurrent requests, up to 5,000.

        Errors: NotFound, PermissionDenied; ConfigError for a pull queue, and for numbers out of range.

        Units: `latency` is seconds, a timedelta, or text such as "2s".

        Source: REST queues.get and queues.tasks.list; monitoring.v3 projects.timeSeries.list.

        Example:
            >>> forecast = queue.forecast(latency=2, failure=0.05)
            >>> earliest, latest = forecast.all
            >>> earliest < latest
            True
            >>> queue.forecast(rate=50, latency=2).code
            'queue.update(rate_limits={"max_tasks_dispatched_per_second": 50})'
        """
        from ..diagnosis.forecast import forecast

        return forecast(self._queue, latency, failure, rate, concurrency)

    def at_risk(
        self,
        attempts_left: int = 3,
        within: DurationLike = "1h",
        *,
        view: View = "BASIC",
        page_size: int = 1000,
    ) -> TaskPager:
        """List the tasks that will soon be given up or expire, page by page: a listing like queue.tasks().

        A task is at risk if it failed and has at most `attempts_left` attempts left, if its retry duration ends within
        `within`, or if it expires within that time. If it has both limits, attempts and a duration, the service gives
        it up once both are used up. A task that was never sent counts only if its first attempt is its last. The
        settings of the queue are read once; each page is read when iteration reaches it.

        Shapes: the columns of queue.tasks().to_dataframe(), and before `name`: `risk` ("last attempts",
        "retry duration" or "expiry"), `attempts_left` (`<NA>` without a limit), `gives_up_time` (the earliest moment,
        if every attempt fails at once) and `expire_time`.

        Errors: NotFound, PermissionDenied (FULL needs cloudtasks.tasks.fullView), ConfigError.

        Units: `within` is a timedelta, seconds, or text such as "1h".

        Source: REST queues.get and queues.tasks.list, SPEC section 5.3.

        Example:
            >>> queue.at_risk(attempts_left=5).to_dataframe()
            >>> queue.reschedule_tasks(queue.at_risk(within="2h"), schedule="6h").done
            0
        """
        from ..diagnosis.at_risk import at_risk

        return at_risk(self._queue, attempts_left, within, view, page_size)

    def watch(
        self,
        dead_letter: str | os.PathLike[str],
        every: DurationLike = "1min",
        *,
        attempts_left: int = 3,
        within: DurationLike = "1h",
    ) -> Watch:
        """Save a copy of each task that comes near its last attempt, in the background, until stopped.

        The service deletes a task after its last failed attempt. This watch polls the queue at the interval `every`,
        and writes the tasks at risk to a file; queue.restore(file) creates them again. In a notebook the result is a
        card with a button that stops it. A program calls `.wait()`, or runs `python -m cloudtasks_nb watch`.

        The file is a backup that only its owner can read (mode 0600). It is complete after every write, even if the
        process is killed. An existing file is continued. A task that succeeds on one of its last attempts is also in
        the file, because the service does not report how a task ended.

        - `dead_letter`: the path of the file.
        - `every`: the polling interval, from one second to one day. Each poll reads the queue once, and its tasks
          page by page.
        - `attempts_left`, `within`: which tasks are at risk, as in queue.at_risk().

        Errors: NotFound, PermissionDenied (needs cloudtasks.tasks.fullView); ConfigError for a file that is not a
        backup of this queue, is in use by another watch, or cannot be written; BackupIncomplete if tasks cannot be read
        in full.

        Units: `every` and `within` are timedeltas, seconds, or text such as "1min".

        Source: REST queues.get and queues.tasks.list.

        Example:
            >>> watch = queue.watch(dead_letter="failed.parquet", every="1min")
            >>> watch.stop().kept
            0
            >>> queue.restore("failed.parquet").done
            0
        """
        from ..diagnosis.watch import watch

        return watch(self._queue, dead_letter, every, attempts_left, within)

    def given_up(self, *, view: View = "BASIC", page_size: int = 1000) -> TaskPager:
        """List the tasks that an emulator gave up after their last failed attempt: a listing like queue.tasks().

        ct.local(dead_letter=True), or `--dead-letter`, keeps them. The real service deletes them: there,
        queue.watch() saves copies in time. To try them again:
        `queue.copy_tasks(queue.given_up(view="FULL"), to=queue, new_ids=True)`.

        Errors: ConfigError on a real service, and on an emulator that does not keep them.

        Source: GET /emulator/v1/givenUp.

        Example:
            >>> with ct.local(dead_letter=True) as kept:
            ...     len(list(kept.create_queue("emails").given_up()))
            0
        """
        from .given_up import given_up

        return given_up(self._session, self._parsed, view, page_size)

    def reschedule_tasks(
        self,
        selection: Selection,
        *,
        schedule: datetime | DurationLike,
        progress: bool | None = None,
        concurrency: int = 8,
        rate_per_second: float | None = None,
        ramp: str | None = None,
    ) -> BulkResult:
        """Reschedule many tasks. The service cannot change tasks, so each is created again and the old one deleted.

        A task is deleted only after its successor exists. The successor has a new id, derived from the old one
        ("welcome" becomes "welcome-r1a783efa"), and has used no attempts. Rescheduling again completes an interrupted
        call and creates no task twice. If tasks are due soon, pause the queue first: otherwise it may send a task
        between both calls, and its successor later.

        - `selection`: Tasks, names, ids, a listing, or a DataFrame with a "name" column. Names, and Tasks without
          payloads, are read one by one; queue.tasks(view="FULL") is faster.
        - `schedule`: the new due time: an instant, or a time from now. 0 is now.
        - `progress`, `concurrency`, `rate_per_second`, `ramp`: as in queue.create_tasks().

        Errors: InvalidRows, InvalidArgument (a negative delay, not a time), PermissionDenied. Errors of single tasks
        are in the result: InvalidArgument for more than 30 days ahead, AlreadyExists for a task whose successor has
        already run.

        Units: `schedule` is a datetime, a timedelta, seconds, or text such as "2h".

        Source: REST queues.tasks.batchCreate and queues.tasks.batchDelete.

        Example:
            >>> queue.reschedule_tasks(queue.tasks(view="FULL"), schedule="2h").summary()
            '5 rescheduled, 0 failed, 0 not tried'
        """
        from ..bulk.rescheduling import reschedule_tasks
        from ..bulk.verbs import BulkOptions

        how = BulkOptions(progress, concurrency, rate_per_second, ramp)
        return reschedule_tasks(self._queue, selection, schedule, how)
