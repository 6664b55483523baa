"""Task: the fields of the API, plus its verbs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar, Self

from msgspec.structs import replace

from ..errors import ConfigError, InvalidArgument, NotFound
from ..model import task as model
from ..model.durations import DurationLike
from ..model.json import Message, decode
from ..model.messages import Empty, RunTaskRequest
from ..names import QueueName, TaskName
from ..paging.listing import Expected, Listing
from ..progress import bar
from ..redact import scrub
from ..rest.answers import check_named
from ..rest.pages import PagedCall
from ..rest.session import Session
from .bound import Bound, bind_all
from .history_verbs import TaskHistoryVerb
from .leased import Leased
from .task_pager import TaskPager

if TYPE_CHECKING:
    from ..diagnosis.explanation import Explanation
    from ..frames import Columns
    from ..frames import TaskPage as TaskColumns
    from ..render import Table

_TASKS = "projects.locations.queues.tasks"
_LIST = f"{_TASKS}.list"
VIEWS = ("BASIC", "FULL")


class Task(model.Task, Leased, TaskHistoryVerb, dict=True, gc=True):
    """A task. Its fields have the values of the last read; each verb updates them in place.

    Source: REST projects.locations.queues.tasks.

    Example:
        >>> task = queue.create_task({"to": "ada"}, url=url, schedule=60, task_id="welcome")
        >>> task.id, task.method, task.dispatch_count
        ('welcome', 'POST', 0)
    """

    __reduce__ = Bound._pickled

    keeps_texts: ClassVar[bool] = True

    @property
    def queue_state(self) -> str:
        """The last state of its queue that this client read: RUNNING, PAUSED or DISABLED; empty if it read none."""
        session: Session | None = self.__dict__.get("session")
        return session.queue_states.get(self.name.rpartition("/tasks/")[0], "") if session is not None else ""

    def refresh(self, view: model.View = "FULL") -> Self:
        """Read the task again. Errors: NotFound if it finished or was deleted, PermissionDenied.

        Source: REST queues.tasks.get.

        Example:
            >>> task.refresh(view="FULL").json()
            {'n': 0}
        """
        return self._take(read_task(self._session, self._parsed, view))

    def run(self) -> Self:
        """Send the task now, even if its queue is paused.

        The response shows the attempt as dispatched. Call refresh() to see how it ended.

        Errors: NotFound, InvalidArgument (a pull task).

        Source: REST queues.tasks.run, SPEC section 3.5.

        Example:
            >>> task.run().dispatch_count
            1
        """
        view = self.view if self.view in VIEWS else "BASIC"
        return self._take(
            self._session.call(
                f"{_TASKS}.run", Task, path={"name": self.name}, body=RunTaskRequest(response_view=view)
            )
        )

    def delete(self) -> None:
        """Delete the task. Errors: NotFound if it finished or was deleted before.

        Source: REST queues.tasks.delete.

        Example:
            >>> task.delete()
        """
        self._session.call(f"{_TASKS}.delete", Empty, path={"name": self.name})

    def reschedule(self, schedule: datetime | DurationLike) -> Self:
        """Reschedule the task. The service cannot change a task, so it is created again, and the old one is deleted.

        Afterwards this object is the new task: it has a new id, and has used no attempts.
        queue.reschedule_tasks() explains the rest.

        Errors: NotFound if it finished or was deleted; InvalidArgument if it is not a time, or more than 30 days ahead;
        AlreadyExists if it was rescheduled before and its successor has run.

        Units: `schedule` is a datetime, a timedelta, seconds, or text such as "2h"; 0 is now.

        Source: REST queues.tasks.batchCreate and queues.tasks.batchDelete.

        Example:
            >>> task.reschedule("2h").dispatch_count
            0
        """
        from ..bulk.rescheduling import reschedule

        self.name = reschedule(self, schedule)
        try:
            return self.refresh("FULL" if self.view == "FULL" else "BASIC")
        except NotFound:  # it has already run
            self.status = None
            return self

    def explain(self) -> Explanation:
        """Explain why the task has not run, or how it ended: `sentence` and `cause`.

        The cause is "scheduled", "retrying", "due", "finished", "gone" or "unknown", or the rule of the finding that
        explains the delay, such as "paused_with_backlog". This reads the task and its queue, and changes nothing.

        Errors: PermissionDenied, AuthError, TransportError. A missing task is not an error.

        Source: REST queues.tasks.get and queues.get.

        Example:
            >>> task.explain().cause
            'scheduled'
            >>> queue.task("welcome-2025", read=False).explain().cause
            'unknown'
        """
        from ..diagnosis.explaining import explain

        return explain(self)

    def text(self) -> str:
        """The payload as text (UTF-8). Errors: ConfigError without payload, InvalidArgument if it is not text.

        Example:
            >>> task.text()
            '{"n":0}'
        """
        try:
            return self._held().decode()
        except UnicodeDecodeError as error:
            raise InvalidArgument(
                f"The payload is not UTF-8 text: {error.reason} at byte {error.start}.",
                resource=self.name,
                hint="task.payload holds the bytes",
            ) from None

    def json(self) -> Any:
        """The payload as JSON values. Errors: ConfigError without payload, InvalidArgument if it is not JSON.

        Example:
            >>> task.json()
            {'n': 0}
        """
        import msgspec

        try:
            return msgspec.json.decode(self._held())
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidArgument(
                f"The payload is not JSON: {error}", resource=self.name, hint="task.payload holds the bytes"
            ) from None

    def _held(self) -> bytes:
        if self.payload is None:
            raise ConfigError(
                "This task was read without its payload (view BASIC).",
                hint='task.refresh() reads it, or list with queue.tasks(view="FULL")',
            )
        return self.payload


class TaskPage(Message):
    """The tasks in a response."""

    tasks: list[Task] = []


def read_task(session: Session, name: TaskName, view: model.View) -> Task:
    """Read one task by name. Errors: NotFound, PermissionDenied, ConfigError for an unknown view."""
    path, query = {"name": str(name)}, {"responseView": check_view(view)}
    task = session.call(f"{_TASKS}.get", Task, path=path, query=query)
    if task.kind == "pull" and session.speaking.learn_pull(task.name):
        task = session.call(f"{_TASKS}.get", Task, path=path, query=query)
    return task.bind(session)


def task_handle(session: Session, name: TaskName, view: model.View, *, read: bool) -> Task:
    """One task by name, read or not. Errors: NotFound, PermissionDenied, ConfigError for an unknown view."""
    return read_task(session, name, view) if read else Task(name=str(name)).bind(session)


def list_tasks(
    session: Session,
    queue: QueueName,
    *,
    view: model.View,
    page_size: int,
    order_by: str | None,
    **where: Any,
) -> TaskPager:
    """The tasks of a queue, page by page. `where` goes to paged()."""
    query = {"responseView": check_view(view), "pageSize": page_size, "orderBy": order_by}
    ordered = f" by {order_by}" if order_by else ""
    caption = f"tasks of {queue.location}/{queue.queue}{ordered}"
    expected = where.pop("expected", Expected)
    listing = TaskListing(session, caption, has_payloads=view == "FULL", expected=expected)
    return paged(listing, queue, query, **where)


def paged(listing: TaskListing, queue: QueueName, query: dict[str, Any], start: str = "") -> TaskPager:
    """List the tasks of a queue, page by page, from a page token on. Errors: those of the first page."""
    fetch = PagedCall(listing.session, _LIST, {"parent": str(queue)}, query)
    return TaskPager(fetch, listing, fetch.tokens(listing.caption), start=start)


class TaskListing(Listing[Task]):
    """Reads tasks from pages and responses."""

    noun = "task"
    rest = "queue.tasks(page_token=error.page_token)"

    def narrowed(self, query: str) -> Self:
        """A copy that is filtered by a query. The number of matches is unknown."""
        fewer, expected = copy(self), self.expected
        fewer.caption = f"{self.caption} where {scrub(query)}"
        fewer.filter = sha256(f"{self.filter} {query}".encode()).hexdigest()  # the query may contain secrets
        fewer.expected = lambda: replace(expected(), items=None)
        fewer.rest = f"{self.rest}.where(…)" if self.rest and not self.filter else self.rest
        return fewer

    def every(self, raw: bytes) -> list[Task]:
        """All tasks of a page, including those that the filter removes. Errors: DecodeError."""
        return bind_all(decode(raw, TaskPage).tasks, self.session)

    def items(self, raw: bytes) -> list[Task]:
        return self.every(raw)

    def columns(self) -> Columns[TaskColumns]:
        from ..frames import TASKS

        return TASKS

    def table(self, items: list[Task], footer: str | None = None) -> Table:
        from ..render import task_table

        return task_table(items, caption=self.caption, footer=footer, now=self.session.now())


class _Named(Message):
    name: str = ""


class _Names(Message):
    tasks: list[_Named] = []
    next_page_token: str = ""


def count_tasks(
    session: Session,
    queue: QueueName,
    progress: bool | None,
    so_far: Callable[[int], object] = lambda count: None,
) -> int:
    """Count the tasks of a queue by listing all names. Calls `so_far` with the count after each page."""
    count = 0
    for page in _pages_of_names(session, queue, progress):
        count += len(page.tasks)
        so_far(count)
    return count


def task_ids(session: Session, queue: QueueName, progress: bool | None) -> Iterator[str]:
    """List only the ids of all tasks of a queue."""
    for page in _pages_of_names(session, queue, progress):
        for task in page.tasks:
            yield task.name.rpartition("/")[2]


def _pages_of_names(session: Session, queue: QueueName, progress: bool | None) -> Iterator[_Names]:
    what = f"tasks of {queue.location}/{queue.queue}"
    fetch = PagedCall(session, _LIST, {"parent": str(queue)}, {"fields": "tasks/name,nextPageToken"})
    with bar(what, "tasks", progress, several=True) as shown:
        for page in fetch.pages(_Names, what):
            if not all(task.name for task in page.tasks):
                check_named("Task", "")
            yield page
            shown.update(len(page.tasks))


def check_view(view: str) -> str:
    """Validate a view, and return it. Errors: ConfigError."""
    if view not in VIEWS:
        raise ConfigError(f"view={view!r} is unknown.", hint='use view="BASIC" or view="FULL"')
    return view
