"""Tasks. Source: SPEC sections 3 and 5.3."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from random import Random

from msgspec.structs import replace

from ....errors import AlreadyExists, InvalidArgument
from ....model import HttpRequest, HttpTarget, Queue, Task
from ....model.messages import BufferTaskRequest, CreateTaskRequest, Empty, HttpBody
from ....model.versions import OWN, Version
from ....names import TASK_FORMAT, QueueName, check_task_id, parse_queue, parse_task
from ..calls.refusals import TASK_ID, malformed
from ..clock import to_us
from ..delivery.outgoing import own_url
from ..rules import tasks as task_rules
from ..rules.pages import Listing
from ..rules.queues import task_ttl
from ..store.store import QueueRow
from ..store.task_json import StoredTask, names_json, page_json, request_json, task_prefix
from ..store.tasks import BY_FIRST, BY_SCHEDULE, BY_TAG, MAX_PAGE_BYTES, Order
from .context import Context, Serving, shown
from .telling import is_logged

MAX_TASKS = 1000
NAMES_ONLY = 0
_IDS_TOGETHER = 1000

_TOO_RECENT = (
    "The task cannot be created because a task with this name existed too recently. For more information about task "
    "de-duplication see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create"
    "#body.request_body.FIELDS.task."
)


class TaskService(Serving):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._random = Random(context.random.getrandbits(64))  # noqa: S311 - ids are unique, not secret
        self._ids_begin, self._ids_left = 0, 0

    def list(
        self,
        parent: str,
        *,
        response_view: str = "",
        page_size: int = 0,
        page_token: str = "",
        order_by: str = "",
        most_bytes: int = MAX_PAGE_BYTES,
    ) -> Callable[[Version], bytes]:
        """Returns a function that writes the page in a version.

        `most_bytes`: the size at which a page ends; NAMES_ONLY if only names are requested.
        """
        row = self._queue(parse_queue(parent))
        view, order, now = response_view or "BASIC", _order(order_by, row.queue), self._context.clock.now()
        page = Listing([parent, view, order_by], page_size, page_token, largest=MAX_TASKS, now=now)
        where = row.generation, order, page.after, page.limit
        prefix = task_prefix(row.queue)
        if most_bytes == NAMES_ONLY:
            ids, more = self._tasks.ids(*where)
            token = self._token(page, order, row, ids[-1][0]) if more else ""
            return lambda version: names_json(ids, prefix, token)
        found, more = self._tasks.page(*where, payloads=view == "FULL", most_bytes=most_bytes)
        token = self._token(page, order, row, found[-1][0]) if more else ""
        return partial(page_json, found, prefix, view, token)

    def _token(self, page: Listing, order: Order, row: QueueRow, last: str) -> str:
        """The end of a page: after the task with this id."""
        task = self._tasks.get(row.generation, last)
        return page.token(*(getattr(task, column) for column in order.columns))

    def get(self, name: str, *, response_view: str = "") -> bytes:
        queue, task = self._task(parse_task(name))
        return shown(queue, task, response_view)

    def create(self, parent: str, body: CreateTaskRequest, *, version: Version = OWN) -> bytes:
        name = parse_queue(parent)
        if body.task is None:
            raise InvalidArgument("Task is required.")
        task_id = id_in(name, body.task.name)
        queue = self._queue(name)
        with self._store.writing():
            stored = self.add(queue, body.task, task_id, version)
        return shown(queue, stored, body.response_view)

    def buffer(self, queue: str, body: BufferTaskRequest, task_id: str = "") -> bytes:
        """Creates a task from a payload; the queue's target gives the URL. Source: SPEC section 1.2."""
        name = parse_queue(queue)
        if task_id:
            check_task_id(task_id)
        with self._store.transaction():
            row = self._queue(name)
            request = _buffered(row.queue.http_target, body.body or HttpBody())
            stored = self.add(row, Task(http_request=request), task_id)
            now_us = to_us(self._context.clock.now())
            self._store.journal.called(
                row.queue.name, "CreateTask", "ok", now_us
            )  # it counts as tasks.create, too
        return b'{"task":' + shown(row, stored, "") + b"}"

    def add(self, queue: QueueRow, asked: Task, task_id: str, version: Version = OWN) -> StoredTask:
        """Stores a new task, inside the caller's transaction; an empty id becomes a random one.

        All errors come before the first change, as `writing` requires.
        """
        now = self._context.clock.now()
        task = task_rules.new_task(asked, queue.queue, now, version)
        if task_id and self._store.tombstones.is_blocked(queue.row, task_id, now):
            raise AlreadyExists(_TOO_RECENT)
        expires = now + task_ttl(queue.queue)
        new = _new_row(task, task_id or self._random_id(), now, expires)
        if queue.queue.stackdriver_logging_config is not None:
            new = replace(new, logged=is_logged(queue.queue, new.id))
        while (stored := self._tasks.add(queue.generation, new)) is None:
            if task_id:
                raise AlreadyExists("Requested entity already exists")
            new = replace(new, id=self._random_id())
        self._store.journal.created(queue.queue.name, stored)
        self._context.expiry.note(expires)
        self._context.changed(queue.row)
        return stored

    def delete(self, name: str) -> Empty:
        parsed = parse_task(name)
        queue = self._queue(parsed.parent)
        with self._store.writing():
            self._remove(queue, parsed.task)
        return Empty()

    def _random_id(self) -> str:
        """19 digits, like the service's ids. The first digits stay the same for a while.

        Ids have no order, but neighbours in time are neighbours in the indexes: fully random ids would touch one page
        of the file per task in a large queue.
        """
        if self._ids_left == 0:
            self._ids_begin, self._ids_left = self._random.randrange(10**8, 10**9), _IDS_TOGETHER
        self._ids_left -= 1
        return f"{self._ids_begin}{self._random.getrandbits(33):010}"


def _new_row(task: Task, task_id: str, now: datetime, expires: datetime) -> StoredTask:
    head, payload = request_json(task)
    schedule_us = to_us(task.schedule_time or now)
    return StoredTask(
        row=0,  # set when it is stored
        id=task_id,
        first_us=schedule_us,
        schedule_us=schedule_us,
        create_us=to_us(task.create_time or now),
        expire_us=to_us(expires),
        tag=task.pull_message.tag if task.pull_message is not None else None,
        head=head,
        payload=payload,
    )


def _order(order_by: str, queue: Queue) -> Order:
    """Defaults to the schedule time at creation. Unlike the current one it never changes, so a task that is retried
    between two pages is neither repeated nor missed."""
    match order_by.strip().removesuffix(" asc"):
        case "":
            return BY_FIRST
        case "schedule_time" | "scheduleTime":
            return BY_SCHEDULE
        case "pull_message.tag" | "pullMessage.tag":
            return BY_TAG if queue.pull_target is not None else BY_FIRST
    raise InvalidArgument("order_by must be schedule_time or pull_message.tag.")


def id_in(queue: QueueName, name: str) -> str:
    """The id in a new task's name; empty if the service chooses it. Errors: InvalidArgument."""
    if not name:
        return ""
    head, separator, task_id = name.rpartition("/tasks/")
    if not separator or len(head.split("/")) != 6:
        raise InvalidArgument(f'Task name must be formatted: "{TASK_FORMAT}"')
    if head != str(queue):
        raise InvalidArgument(
            f"The queue name from request ('{queue}') must be the same as the queue name in the named task ('{head}')."
        )
    try:
        return check_task_id(task_id)
    except InvalidArgument as error:
        raise malformed(error.message, TASK_ID) from None


def _buffered(target: HttpTarget | None, body: HttpBody) -> HttpRequest:
    """The request of a buffered task: the queue's target with the payload. Errors: InvalidArgument."""
    url = own_url(target)
    if target is None or not url:
        raise InvalidArgument(
            "The queue must have an HTTP target with a host: set Queue.http_target.uri_override.host to buffer tasks."
        )
    return HttpRequest(
        url=url,
        http_method=target.http_method or "POST",
        headers={"Content-Type": body.content_type} if body.content_type else {},
        body=body.data,
    )
