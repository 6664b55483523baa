"""Queue: what the API says of it, plus its verbs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from ..errors import ConfigError, NotFound, PermissionDenied
from ..model import queue as model
from ..model import task as model_task
from ..model.json import Message, from_dict, to_dict
from ..model.messages import BufferTaskRequest, CreateTaskRequest, Empty, HttpBody
from ..model.queue import RateLimits, RetryConfig, StackdriverLoggingConfig
from ..model.target import AppEngineHttpTarget, HttpTarget
from ..model.task import View
from ..model.versions import path_in, wire
from ..names import QueueName, TaskName, check_task_id, parse_task
from ..paging.pager import Pager
from ..rest.session import Session
from .access import Access
from .batch_verbs import Batches
from .bulk_verbs import Many
from .leasing import Leasing
from .new_task import JSON, new_task, options_of, payload_bytes, schedule_time
from .settings import mask_paths, settings
from .task import Task, count_tasks, list_tasks, read_task

if TYPE_CHECKING:
    from ..plots import QueuePlots
    from ..widgets.iam_panel import IamPanel
    from ..widgets.lease_workbench import LeaseWorkbench
    from ..widgets.queue_monitor import QueueMonitor
    from ..widgets.queue_panel import QueuePanel
    from ..widgets.task_browser import TaskBrowser

_QUEUES = "projects.locations.queues"


class Queue(model.Queue, Leasing, Batches, Many, Access, dict=True, gc=True):
    """A queue. Its fields are what was last read; verbs call the service and bring them up to date.

    Source: REST projects.locations.queues.

    Example:
        >>> queue = client.queue("emails")
        >>> queue.pause().state
        'PAUSED'
    """

    def refresh(self, stats: bool | None = None) -> Self:
        """Read it again; with its statistics when asked, or when it has them already. Errors: NotFound.

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
        rate_limits: RateLimits | Mapping[str, Any] | None = None,
        retry_config: RetryConfig | Mapping[str, Any] | None = None,
        http_target: HttpTarget | Mapping[str, Any] | None = None,
        app_engine_http_target: AppEngineHttpTarget | Mapping[str, Any] | None = None,
        stackdriver_logging_config: StackdriverLoggingConfig | Mapping[str, Any] | None = None,
    ) -> Self:
        """Change the settings that are passed, at any depth, and nothing else.

        Settings may be dicts with the field names in snake_case; a dict value of None sets the default again.

        Errors: InvalidArgument, PermissionDenied, NotFound; ConfigError for an unknown field.

        Units: durations are timedeltas or seconds.

        Source: REST queues.patch.

        Example:
            >>> queue.update(rate_limits={"max_tasks_dispatched_per_second": 5})
            >>> queue.update(http_target={"uri_override": {"host": "example.com"},
            ...                           "header_overrides": {"X-Team": "mail"}})
        """
        given = {
            "rate_limits": rate_limits,
            "retry_config": retry_config,
            "http_target": http_target,
            "app_engine_http_target": app_engine_http_target,
            "stackdriver_logging_config": stackdriver_logging_config,
        }
        changes = {field: settings(field, value) for field, value in given.items() if value is not None}
        mask = [
            path for field, value in given.items() if value is not None for path in mask_paths(field, value)
        ]
        if not mask:  # which the API reads as "every field", and would set all of them to their defaults
            raise ConfigError(
                "update() was called without any change.",
                hint='pass what is to change, such as retry_config={"max_attempts": 5}',
            )
        return self._verb(
            "patch", body=model.Queue(name=self.name, **changes), query={"updateMask": ",".join(mask)}
        )

    def pause(self) -> Self:
        """Stop dispatching; tasks can still be added. Errors: NotFound, PermissionDenied.

        Source: REST queues.pause.

        Example:
            >>> queue.pause().state
            'PAUSED'
        """
        return self._verb("pause")

    def resume(self) -> Self:
        """Dispatch again. Many busy queues at once can overload their target: resume them one by one.

        Errors: NotFound, PermissionDenied.

        Source: REST queues.resume.

        Example:
            >>> queue.pause().resume().state
            'RUNNING'
        """
        return self._verb("resume")

    def purge(self, backup: str | os.PathLike[str] | None = None, *, progress: bool | None = None) -> Self:
        """Delete every task created before now. It cannot be undone, and may take a minute to be complete.

        With `backup`, a path, the tasks are written there first, and nothing is purged unless that file holds them all;
        `progress` shows how far both are, by default where somebody watches.

        Errors: NotFound, PermissionDenied; with a backup also those of queue.backup(), and BackupIncomplete.

        Source: REST queues.purge, SPEC section 2.7.

        Example:
            >>> queue.purge(backup="emails.parquet")
            >>> len(list(queue.tasks()))
            0
        """
        if backup is not None:
            from ..bulk.backup import check_complete

            check_complete(self, self.backup(backup, progress=progress), progress)
        return self._verb("purge")

    def delete(self) -> None:
        """Delete the queue and its tasks; the name stays blocked for days. Errors: NotFound, PermissionDenied.

        Source: REST queues.delete.

        Example:
            >>> client.create_queue("short-lived").delete()
        """
        self._session.call(f"{_QUEUES}.delete", Empty, path={"name": self.name})

    def tasks(self, view: View = "BASIC", page_size: int = 1000, order_by: str | None = None) -> Pager[Task]:
        """The tasks that are waiting, page by page; payloads only with view="FULL".

        Errors: NotFound, PermissionDenied (FULL needs cloudtasks.tasks.fullView), InvalidArgument.

        Source: REST queues.tasks.list.

        Example:
            >>> queue.tasks(view="FULL").first(2)
            >>> [task.json() for task in queue.tasks(view="FULL")]
            [{'n': 0}, {'n': 1}, {'n': 2}, {'n': 3}, {'n': 4}]
        """
        expected = int(self.stats.tasks_count) if self.stats is not None else None
        return list_tasks(
            self._session,
            self._parsed,
            view=view,
            page_size=page_size,
            order_by=order_by,
            expected=expected,
        )

    @property
    def offers_stats(self) -> bool:
        """Whether the version of the API that is spoken keeps statistics of queues."""
        return self._session.offers_stats

    def count_tasks(self, progress: bool | None = None) -> int:
        """How many tasks are waiting, counted page by page: where there are no statistics, or an estimate will not do.

        Errors: NotFound, PermissionDenied.

        Source: REST queues.tasks.list.

        Example:
            >>> queue.count_tasks()
            5
        """
        return count_tasks(self._session, self._parsed, progress)

    def task(self, task_id: str, view: View = "FULL") -> Task:
        """One task, by id or full name. Errors: NotFound, InvalidArgument.

        Source: REST queues.tasks.get.

        Example:
            >>> queue.create_task({"to": "ada"}, url=url, task_id="welcome", schedule=60)
            >>> queue.task("welcome").json()
            {'to': 'ada'}
        """
        if "/" in str(task_id):
            return read_task(self._session, parse_task(task_id), view)
        queue = self._parsed
        name = TaskName(queue.project, queue.location, queue.queue, check_task_id(task_id))
        return read_task(self._session, name, view)

    def create_task(
        self,
        payload: Any = None,
        *,
        url: str | None = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        schedule: datetime | timedelta | float | None = None,
        task_id: str | None = None,
        **options: Any,
    ) -> Task:
        """Add a task. What it becomes follows the queue's kind.

        `payload`: bytes, text, or anything JSON (sent with Content-Type application/json). `schedule`: a datetime,
        a timedelta, or seconds from now. `task_id` makes the creation safe to repeat: a second task of that name
        is refused. `method` is POST unless said otherwise. Further options: `tag` (pull queues), `relative_url` and
        `routing` (App Engine), `oidc_token`, `oauth_token` (HTTP), `retry_config`.

        Errors: InvalidArgument, AlreadyExists, NotFound, PermissionDenied; TypeError for an unknown option.

        Units: `schedule` is seconds where it is a number.

        Source: REST queues.tasks.create, SPEC section 3.1.

        Example:
            >>> queue.create_task({"to": "ada"}, url="https://example.com/send", schedule=60)
        """
        named = {"url": url, "method": method, "headers": headers, "schedule": schedule, "task_id": task_id}
        said = options_of(named | options)
        said.schedule = schedule_time(said.schedule, self._session.now())
        task = new_task(self._parsed, self.kind, payload, said)
        # Without a name nobody can tell whether a lost call created the task, so only a named one is repeated.
        made = self._session.call(
            f"{_QUEUES}.tasks.create",
            Task,
            path={"parent": self.name},
            body=CreateTaskRequest(task=task),
        )
        return self._created(made, task)

    def buffer(self, body: Any = None, task_id: str | None = None, content_type: str | None = None) -> Task:
        """Add a task that says nothing but its body; where it goes, the queue's http_target knows.

        `body`: bytes, text, or anything JSON (then of type application/json, unless `content_type` says otherwise).

        Errors: FailedPrecondition or InvalidArgument (a queue without http_target), AlreadyExists, NotFound.

        Source: REST queues.tasks.buffer.

        Example:
            >>> queue = client.create_queue(
            ...     "mail", http_target={"uri_override": {"host": "example.com"}})
            >>> queue.buffer({"to": "ada"})
        """
        data, is_json = payload_bytes(body)
        sent = HttpBody(content_type=content_type or (JSON if is_json else ""), data=data)
        name = f"{self.name}/tasks/{check_task_id(task_id)}" if task_id is not None else ""
        made = self._session.call(
            f"{_QUEUES}.tasks.buffer",
            _Buffered,
            path={"queue": self.name, "taskId": task_id or ""},
            body=BufferTaskRequest(body=sent),
        )
        return self._created(made.task or Task(), model_task.Task(name=name))

    def _created(self, made: Task, wanted: model_task.Task) -> Task:
        if made.name:
            return made.bind(self._session)
        try:  # it was created, but the answer that shows it got lost
            return read_task(self._session, parse_task(wanted.name), "BASIC")
        except (NotFound, PermissionDenied):  # it has run already, or this identity may only create
            return from_dict(to_dict(wanted), Task).bind(self._session)

    @property
    def plot(self) -> QueuePlots:
        """Pictures: queue.plot.schedule(), .attempts(), .backoff()."""
        from ..plots import QueuePlots

        return QueuePlots(self)

    def panel(self, read_only: bool = False) -> QueuePanel:
        """Buttons for this queue: pause, resume, change settings, purge, delete, refresh.

        Example:
            >>> queue.panel()
            >>> queue.panel(read_only=True)
        """
        from ..widgets.queue_panel import QueuePanel

        return QueuePanel(self, read_only=read_only)

    def monitor(self, every_s: float = 5.0, read_only: bool = False) -> QueueMonitor:
        """Depth, executions and oldest age as live lines. Errors: ConfigError (less than a second between samples).

        Units: `every_s` is seconds between samples.

        Example:
            >>> queue.monitor(every_s=10)
        """
        from ..widgets.queue_monitor import QueueMonitor

        return QueueMonitor(self, every_s=every_s, read_only=read_only)

    def iam_panel(self, read_only: bool = False) -> IamPanel:
        """Who may do what with it: bindings to edit, members with what they can, the caller's permissions.

        Example:
            >>> queue.iam_panel()
        """
        from ..widgets.iam_panel import IamPanel

        return IamPanel(self, read_only=read_only)

    def workbench(self, read_only: bool = False) -> LeaseWorkbench:
        """Tasks of a pull queue to lease, look at and finish. Errors: ConfigError for a queue of another kind.

        Example:
            >>> work.workbench()
        """
        from ..widgets.lease_workbench import LeaseWorkbench

        return LeaseWorkbench(self, read_only=read_only)

    def browse(self, read_only: bool = False, page_size: int = 25) -> TaskBrowser:
        """A table of its tasks to page through, filter, open and act on.

        Example:
            >>> queue.browse(page_size=50)
        """
        from ..widgets.task_browser import TaskBrowser

        return TaskBrowser(self, page_size=page_size, read_only=read_only)

    def _verb(
        self, verb: str, *, body: Message | None = None, query: Mapping[str, Any] | None = None
    ) -> Self:
        path = {"name": self.name}
        answer = self._session.call(f"{_QUEUES}.{verb}", model.Queue, path=path, query=query, body=body)
        if answer.stats is None:
            answer.stats = self.stats  # not part of these answers; what was read stays until the next refresh
        return self._take(answer)


class _Buffered(Message):
    task: Task | None = None


def mask_with_stats(session: Session) -> str:
    """The mask that reads every field, statistics too: they are answered only when a mask names them.

    Errors: ConfigError in a version without statistics.
    """
    path_in(("stats",), session.api_version)
    return ",".join(wire(model.Queue, session.api_version).__struct_encode_fields__)


def read_queue(session: Session, name: QueueName, *, stats: bool = False) -> Queue:
    """One queue by name. Errors: NotFound, PermissionDenied."""
    query = {"readMask": mask_with_stats(session) if stats else None}
    return session.call(f"{_QUEUES}.get", Queue, path={"name": str(name)}, query=query).bind(session)
