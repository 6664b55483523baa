"""The verbs that lease tasks of a pull queue."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, ClassVar

from ..arguments import gathered
from ..errors import AnswerTooLarge, ConfigError, Timeout, TransportError, kind_of
from ..model.durations import DurationLike
from ..model.json import Message
from ..model.messages import LeaseTasksRequest
from ..model.methods import METHODS
from ..model.task import View
from ..paging.listing import Items
from .bound import QueueVerbs, bind_all
from .settings import read_message
from .task import Task, TaskListing, check_view

if TYPE_CHECKING:
    from ..render import Table
    from ..rest.session import Session
    from ..worker import Worker
    from ..worker.options import OnError


LEASE = "projects.locations.queues.tasks.lease"


class _Leased(Message):
    keeps_texts: ClassVar[bool] = True
    tasks: list[Task] = []


class _LeaseListing(TaskListing):
    def table(self, items: list[Task], footer: str | None = None) -> Table:
        from ..render import lease_table

        return lease_table(items, caption=self.caption, now=self.session.now())


class LeaseVerbs(QueueVerbs):
    """The verbs of a pull queue."""

    __slots__ = ()

    @property
    def offers_leases(self) -> bool:
        """Whether an API version that the client uses can lease tasks; without a client, whether any version can."""
        session: Session | None = self.__dict__.get("session")
        return session is None or any(
            version in session.speaking.offered for version in METHODS[LEASE].versions
        )

    def lease(
        self,
        max_tasks: int = 10,
        lease_duration: DurationLike = 60,
        tag: str | None = None,
        oldest_tag: bool = False,
        view: View = "FULL",
    ) -> Items[Task]:
        """Lease tasks that are due. Returns a list of leased tasks, shown as a table.

        No other worker gets these tasks until the lease ends. task.acknowledge() deletes a task, task.renew_lease()
        extends its lease, task.cancel_lease() gives it back. The list may be shorter than `max_tasks`, or empty.

        - `max_tasks`: how many tasks at most, from 1 to 1,000.
        - `lease_duration`: how long the lease lasts, at most a week.
        - `tag`: lease only tasks with this tag.
        - `oldest_tag`: lease only tasks with the same tag as the task that has waited longest.
        - `view`: "BASIC" leaves out the payloads.

        Units: `lease_duration` is seconds, a timedelta, or text such as "5m".
        Errors: InvalidArgument (not a pull queue), FailedPrecondition (paused), ResourceExhausted (more than 10
        calls per second), NotFound, PermissionDenied; ConfigError for 0 tasks.
        Source: REST queues.tasks.lease, SPEC section 4.

        Example:
            >>> for task in work.lease(max_tasks=100, lease_duration=30):
            ...     handle(task.json())
            ...     task.acknowledge()
        """
        return self._lease_through(self._session, max_tasks, lease_duration, tag, oldest_tag, view)

    def _lease_through(
        self,
        session: Session,
        max_tasks: int,
        lease_duration: DurationLike,
        tag: str | None,
        oldest_tag: bool,
        view: View = "FULL",
    ) -> Items[Task]:
        """lease() with the retries of a session."""
        if max_tasks is None or max_tasks == 0:  # the API takes 0 for its largest number
            raise ConfigError(
                f"max_tasks must be between 1 and 1,000, not {max_tasks!r}.", hint="omit it to lease 10 tasks"
            )
        asked = {
            "max_tasks": max_tasks,
            "lease_duration": lease_duration,
            "filter": lease_filter(tag, oldest_tag),
            "response_view": check_view(view),
        }
        body = read_message(LeaseTasksRequest, asked, "")
        try:
            leased = session.call(LEASE, _Leased, path={"parent": self.name}, body=body).tasks
        except (AnswerTooLarge, TransportError) as error:
            if getattr(error, "reached", True):  # the call may have leased tasks, whose names are unknown
                error.hint = f"tasks leased by this call, if any, are free again after {body.lease_duration}"
                if isinstance(error, AnswerTooLarge | Timeout) and max_tasks > 1:
                    error.hint += "; a smaller max_tasks makes the response smaller"
                if isinstance(error, AnswerTooLarge):
                    error.hint += "; ct.connect(max_answer_bytes=...) allows a larger one"
            raise
        queue = self._parsed
        caption = f"leased from {queue.location}/{queue.queue} for {body.lease_duration}"
        tasks = [task._hold() for task in bind_all(leased, self._session)]
        return Items(tasks, _LeaseListing(self._session, caption))

    def worker(
        self,
        handler: Callable[[Any], Any],
        concurrency: int = 8,
        executor: Executor | None = None,
        lease_duration: DurationLike = 60,
        tag: str | None = None,
        *,
        oldest_tag: bool = False,
        batch_size: int | None = None,
        on_error: OnError = "cancel",
        attempts: int = 10,
        handler_timeout: DurationLike | None = None,
    ) -> Worker:
        """A worker that calls `handler(task)` for each task. .run(until_empty=True) blocks; .start() does not.

        - `handler`: a function that gets a Task with its payload. When it returns, the task is acknowledged. When it
          raises, the task is given back after a delay, which grows with its attempts. Leases are renewed while it runs.
        - `concurrency`: how many handlers run concurrently.
        - `executor`: where handlers run. Defaults to threads; pass a ProcessPoolExecutor, or dask.distributed's
          client.get_executor() for a cluster. The leases stay in this process. Short handlers travel together.
        - `lease_duration`: how long a task is leased at a time, from a second to a week.
        - `tag`: lease only tasks with this tag. Defaults to all tasks.
        - `oldest_tag`: each call leases tasks of one tag: the tag of the task that waits longest. It needs
          `batch_size`.
        - `batch_size`: the handler takes a list of up to so many tasks, at most 1,000. Defaults to one task, no list.
        - `on_error`: after a handler raised, "cancel" gives the task back; "leave" lets its lease run out.
        - `attempts`: how often a task may fail before run(until_empty=True) no longer waits for it.
        - `handler_timeout`: a handler that runs longer counts as failed, and its task is given back.

        Units: `lease_duration` and `handler_timeout` are seconds, a timedelta, or text such as "5m".

        Errors: ConfigError for options that are not valid, or a queue that is not a pull queue.

        Example:
            >>> work.worker(lambda task: print(task.json())).run(until_empty=True)
            >>> work.worker(handle, executor=dask_client.get_executor())                  # doctest: +SKIP
        """
        from ..worker import Worker, WorkerOptions

        return Worker(self._queue, handler, gathered(WorkerOptions, locals()))


def lease_filter(tag: str | None = None, oldest_tag: bool = False) -> str:
    r"""The API's filter for a tag. Source: SPEC section 4. Errors: ConfigError.

    >>> print(lease_filter('say "hi"'))
    tag="say \"hi\""
    """
    if tag is not None and oldest_tag:
        raise ConfigError("Pass tag or oldest_tag, not both.")
    if oldest_tag:
        return "tag_function=oldest_tag()"
    if tag is None:
        return ""
    if not isinstance(tag, str):
        raise ConfigError(f"tag must be a string, not {kind_of(tag)}.", hint="pass a str")
    escaped = tag.replace("\\", "\\\\").replace('"', '\\"')
    return f'tag="{escaped}"'
