"""Queue: the fields of the API, plus its verbs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from ..errors import CloudTasksError, ConfigError
from ..model import queue as model
from ..model.choosing import EVERY_FIELD
from ..model.json import Message
from ..model.messages import Empty
from ..model.queue import KINDS, Kind, RateLimits, RetryConfig, StackdriverLoggingConfig
from ..model.target import AppEngineHttpTarget, HttpTarget, PullTarget
from ..model.task import View
from ..model.writing import mask_paths
from ..names import QueueName, task_in
from ..paging.listing import Expected
from ..rest.session import Session
from .access_verbs import AccessVerbs
from .batch_verbs import BatchVerbs
from .bound import Bound
from .bulk_verbs import BulkVerbs
from .create_verbs import CreateVerbs
from .expecting import expected_of
from .history_verbs import HistoryVerbs
from .lease_verbs import LeaseVerbs
from .rescue_verbs import RescueVerbs
from .settings import UNCHANGED, Unchanged, settings
from .task import Task, count_tasks, list_tasks, task_handle
from .task_pager import TaskPager
from .why_verbs import WhyVerbs

if TYPE_CHECKING:
    from ..bulk.result import BulkResult
    from ..history.lately import Failing
    from ..plots import QueuePlots
    from ..widgets.iam_panel import IamPanel
    from ..widgets.lease_workbench import LeaseWorkbench
    from ..widgets.queue_monitor import QueueMonitor
    from ..widgets.queue_panel import QueuePanel
    from ..widgets.task_browser import TaskBrowser

_QUEUES = "projects.locations.queues"


class Queue(
    model.Queue,
    CreateVerbs,
    LeaseVerbs,
    BatchVerbs,
    BulkVerbs,
    RescueVerbs,
    AccessVerbs,
    HistoryVerbs,
    WhyVerbs,
    dict=True,
    gc=True,
):
    """A queue. Its fields have the values of the last read; each verb updates them in place.

    Source: REST projects.locations.queues.

    Example:
        >>> queue = client.queue("emails")
        >>> queue.pause().state
        'PAUSED'
    """

    __reduce__ = Bound._pickled

    @property
    def failing(self) -> Failing | None:
        """Its failures at the time of the listing, if it was listed with `failing=True`."""
        return self.__dict__.get("failing")

    def refresh(self, stats: bool | None = None) -> Self:
        """Read the queue again; with statistics if requested, or if it already has them. Errors: NotFound.

        Source: REST queues.get.

        Example:
            >>> queue.refresh(stats=True).stats.tasks_count
            5
        """
        wanted = self.stats is not None if stats is None else stats
        return self._take(read_queue(self._session, self._parsed, stats=wanted))

    def update(
        self,
        *,
        rate_limits: RateLimits | Mapping[str, Any] | Unchanged | None = UNCHANGED,
        retry_config: RetryConfig | Mapping[str, Any] | Unchanged | None = UNCHANGED,
        http_target: HttpTarget | Mapping[str, Any] | Unchanged | None = UNCHANGED,
        app_engine_http_target: AppEngineHttpTarget | Mapping[str, Any] | Unchanged | None = UNCHANGED,
        stackdriver_logging_config: StackdriverLoggingConfig
        | Mapping[str, Any]
        | Unchanged
        | None = UNCHANGED,
    ) -> Self:
        """Change only the settings that are passed, at any depth.

        client.create_queue() explains each keyword. Settings can be dicts with snake_case field names. None resets a
        keyword, or a value in a dict, to the default. Output-only fields of a message are ignored. A rate of 0 raises
        ConfigError: use queue.pause() to stop dispatching.

        Errors: InvalidArgument, PermissionDenied, NotFound; ConfigError for a field that is unknown or cannot be set.

        Units: durations are seconds, timedeltas, or text such as "10m".

        Source: REST queues.patch.

        Example:
            >>> queue.update(rate_limits={"max_tasks_dispatched_per_second": 5})
            >>> queue.update(http_target={"uri_override": {"host": "example.com"},
            ...                           "header_overrides": {"X-Team": "mail"}})
            >>> queue.update(http_target=None, retry_config=None)
        """
        given = {
            field: value for field, value in locals().items() if field != "self" and value is not UNCHANGED
        }
        version = self._session.api_version
        changed, mask = settings(given, version, self.kind), mask_paths(given, version, self.kind)
        if not mask:  # the API reads an empty mask as "every field", and would reset all of them
            raise ConfigError(
                "update() was called without any change.",
                hint='pass the settings to change, such as retry_config={"max_attempts": 5}',
            )
        changed.name = self.name
        return self._verb("patch", body=changed, query={"updateMask": ",".join(mask)})

    def pause(self) -> Self:
        """Stop dispatching; tasks can still be added. Errors: NotFound, PermissionDenied.

        Source: REST queues.pause.

        Example:
            >>> queue.pause().state
            'PAUSED'
        """
        return self._verb("pause")

    def resume(self) -> Self:
        """Resume dispatching. Many busy queues at once can overload their target: resume them one by one.

        Errors: NotFound, PermissionDenied.

        Source: REST queues.resume.

        Example:
            >>> queue.pause().resume().state
            'RUNNING'
        """
        return self._verb("resume")

    def purge(self, backup: str | os.PathLike[str] | None = None, *, progress: bool | None = None) -> Self:
        """Delete every task that was created before now. This cannot be undone, and may take a minute.

        - `backup`: the path of a new file. The tasks are written to it, and then exactly these tasks are deleted by
          name. A task that is created meanwhile stays in the queue. `queue.purged` has the number of tasks that were
          deleted, and of those that arrived. With a backup, `purge_time` is not set.
        - `progress`: with a backup, whether to show progress. Defaults to yes in a notebook and in a terminal.

        Errors: NotFound, PermissionDenied. With a backup also those of queue.backup(); BackupIncomplete if the tasks
        cannot be read in full, and then nothing is deleted; BulkError if some tasks could not be deleted.

        Source: REST queues.purge, SPEC section 2.7; with a backup, queues.tasks.batchDelete.

        Example:
            >>> queue.purge(backup="emails.parquet")
            >>> queue.purge()
            >>> len(list(queue.tasks()))
            0
        """
        if backup is not None:
            from ..bulk.backup import purge

            self.__dict__["purged"] = result = purge(self, backup, progress)
            result.raise_for_errors()
            return self.refresh()
        return self._verb("purge")

    @property
    def purged(self) -> BulkResult | None:
        """The result of the last purge(backup=...) of this object; None before that.

        `purged.done` counts the deleted tasks, and `purged.arrived` those that were created meanwhile and stay.

        Example:
            >>> queue.purge(backup="emails.parquet").purged.summary()
            '5 purged, 0 failed, 0 not tried'
        """
        return self.__dict__.get("purged")

    def delete(self, backup: str | os.PathLike[str] | None = None, *, progress: bool | None = None) -> None:
        """Delete the queue and its tasks; the name stays blocked for days.

        - `backup`: the path of a new file. The tasks are written to it and deleted by name, as queue.purge(backup=...)
          does. The queue is deleted only if it is then empty. A task that is created between this check and the
          deletion, one call later, is lost: first stop the programs that create tasks.
        - `progress`: as in queue.purge().

        Errors: NotFound, PermissionDenied. With a backup also those of queue.purge(backup=...), and BackupIncomplete
        if tasks arrived meanwhile: then the tasks and the queue stay.

        Source: REST queues.delete.

        Example:
            >>> client.create_queue("short-lived").delete(backup="short-lived.parquet")
        """
        if backup is not None:
            from ..bulk.backup import empty

            empty(self, backup, progress)
        self._session.call(f"{_QUEUES}.delete", Empty, path={"name": self.name})

    def tasks(
        self, view: View = "BASIC", page_size: int = 1000, order_by: str | None = None, page_token: str = ""
    ) -> TaskPager:
        """List the waiting tasks, page by page; with payloads only if view="FULL". `where()` filters the listing.

        `page_token` is that of an error that cut a listing short, with the same view, size and order: the listing then
        begins with the first page that is missing. The service keeps such a token for two hours.

        Errors: NotFound, PermissionDenied (FULL needs cloudtasks.tasks.fullView), InvalidArgument.

        Source: REST queues.tasks.list.

        Example:
            >>> queue.tasks(view="FULL").first(2)
            >>> [task.json() for task in queue.tasks(view="FULL")]
            [{'n': 0}, {'n': 1}, {'n': 2}, {'n': 3}, {'n': 4}]
        """
        how: dict[str, Any] = {"page_size": page_size, "order_by": order_by, "start": page_token}
        how["expected"] = partial(self._expected, page_size)
        listing = list_tasks(self._session, self._parsed, view=view, **how)
        # If the kind was unknown: pull tasks are read in another API version, which shows all their fields.
        first = listing._first_kind() if self._kind_of_tasks is None else None
        if first == "pull" and self._session.speaking.learn_pull(self.name):
            listing = list_tasks(self._session, self._parsed, view=view, **how)
        return listing

    def _expected(self, page_size: int) -> Expected:
        """Estimate the number of tasks in a listing from statistics: those already read, or else current ones."""
        stats = self.stats
        if stats is None and self.offers_stats:
            try:
                stats = read_queue(self._session.once(), self._parsed, stats=True).stats
            except CloudTasksError:  # some identities may list tasks but not read the queue
                stats = None
        return expected_of([stats], page_size)

    @property
    def offers_stats(self) -> bool:
        """Whether an API version that the client uses has statistics of queues."""
        return self._session.speaking.offers_stats

    def count_tasks(self, progress: bool | None = None) -> int:
        """Count the waiting tasks exactly, page by page. Use it if an estimate is missing or not enough.

        Errors: NotFound, PermissionDenied.

        Source: REST queues.tasks.list.

        Example:
            >>> queue.count_tasks()
            5
        """
        return count_tasks(self._session, self._parsed, progress)

    def task(self, task_id: str | Task, view: View = "FULL", *, read: bool = True) -> Task:
        """Read a task by id, full name or Task. Errors: NotFound, InvalidArgument.

        With read=False there is no request: for an identity that may only run or delete tasks.

        Source: REST queues.tasks.get.

        Example:
            >>> queue.create_task({"to": "ada"}, url=url, task_id="welcome", schedule=60)
            >>> queue.task("welcome").json()
            {'to': 'ada'}
        """
        return task_handle(self._session, task_in(self._parsed, task_id), view, read=read)

    @property
    def plot(self) -> QueuePlots:
        """Plots: queue.plot.schedule(), .attempts(), .backoff()."""
        from ..plots import QueuePlots

        return QueuePlots(self)

    def panel(self, read_only: bool = False, every_s: float = 10.0) -> QueuePanel:
        """A panel with buttons for this queue: pause, resume, change settings, purge, delete, refresh.

        Units: `every_s` is the seconds between two reads while the panel is visible; 0 reads only on request.

        Example:
            >>> queue.panel(read_only=True)
        """
        from ..widgets.queue_panel import QueuePanel

        return QueuePanel(self, read_only=read_only, every_s=every_s)

    def monitor(self, every_s: float = 5.0, read_only: bool = False) -> QueueMonitor:
        """A live plot of tasks, attempts and oldest age. Errors: ConfigError (less than a second between samples).

        Units: `every_s` is the seconds between samples; 0 takes samples only on request.

        Example:
            >>> queue.monitor(every_s=10)
        """
        from ..widgets.queue_monitor import QueueMonitor

        return QueueMonitor(self, every_s=every_s, read_only=read_only)

    def iam_panel(self, read_only: bool = False, every_s: float = 10.0) -> IamPanel:
        """A panel for the IAM policy: bindings to edit, members with their roles, the caller's permissions.

        Units: `every_s` as in panel().

        Example:
            >>> queue.iam_panel()
        """
        from ..widgets.iam_panel import IamPanel

        return IamPanel(self, read_only=read_only, every_s=every_s)

    def workbench(self, read_only: bool = False, every_s: float = 10.0) -> LeaseWorkbench:
        """A panel to lease, inspect and finish tasks of a pull queue. Errors: ConfigError for a queue of another kind.

        Units: `every_s` as in panel().

        Example:
            >>> work.workbench()
        """
        from ..widgets.lease_workbench import LeaseWorkbench

        return LeaseWorkbench(self, read_only=read_only, every_s=every_s)

    def browse(
        self, read_only: bool = False, page_size: int = 25, every_s: float = 10.0, query: str = ""
    ) -> TaskBrowser:
        """A table of its tasks with pages, filters, details and actions; `query` is the initial filter.

        Units: `every_s` as in panel().
        Errors: QueryError for a query with an unknown field or value, or one that needs payloads.

        Example:
            >>> queue.browse(page_size=50, query="code:error")
        """
        from ..widgets.task_browser import TaskBrowser

        return TaskBrowser(self, page_size, read_only, every_s, query)

    def _verb(
        self, verb: str, *, body: Message | None = None, query: Mapping[str, Any] | None = None
    ) -> Self:
        path = {"name": self.name}
        answer = self._session.call(f"{_QUEUES}.{verb}", model.Queue, path=path, query=query, body=body)
        if answer.stats is None:
            answer.stats = self.stats  # these responses have none; keep the last ones until a refresh
        return self._take(answer)


def queue_unread(session: Session, name: QueueName, kind: Kind | None) -> Queue:
    """A Queue without a read: it has only its name and perhaps its kind. Errors: ConfigError."""
    if kind not in (None, *KINDS):
        raise ConfigError(f"kind={kind!r} is unknown.", hint='use kind="http", "app_engine" or "pull"')
    queue = Queue(
        name=str(name),
        app_engine_http_target=AppEngineHttpTarget() if kind == "app_engine" else None,
        pull_target=PullTarget() if kind == "pull" else None,
    )
    queue.__dict__["kind_is_unknown"] = kind is None
    return queue.bind(session)


def queue_handle(session: Session, name: QueueName, *, stats: bool, read: bool, kind: Kind | None) -> Queue:
    """A Queue by name, read or not. Errors: NotFound, PermissionDenied; ConfigError."""
    if not read and not stats:
        return queue_unread(session, name, kind)
    if kind is not None or not read:
        raise ConfigError(
            "kind needs read=False." if read else "stats=True and read=False contradict each other.",
            hint="pass read=False with or without kind, or stats=True alone",
        )
    return read_queue(session, name, stats=stats)


def read_queue(session: Session, name: QueueName, *, stats: bool = False) -> Queue:
    """Read one queue by name. Errors: NotFound, PermissionDenied."""
    query = {"readMask": EVERY_FIELD if stats else None}
    return session.call(f"{_QUEUES}.get", Queue, path={"name": str(name)}, query=query).bind(session)
