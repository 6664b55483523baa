"""Buffered requests: a payload becomes a task that goes where its queue says. Source: SPEC section 1.2."""

from __future__ import annotations

from ....errors import InvalidArgument
from ....model import HttpRequest, HttpTarget, Task
from ....model.messages import BufferTaskRequest, HttpBody
from ....names import check_task_id, parse_queue
from ..delivery.outgoing import own_url
from ..store.task_json import task_json, task_prefix
from .context import Context, existing_queue
from .tasks import TaskService


class BufferService:
    def __init__(self, context: Context, tasks: TaskService) -> None:
        self._store = context.store
        self._tasks = tasks

    def buffer(self, queue: str, body: BufferTaskRequest, task_id: str = "") -> bytes:
        name = parse_queue(queue)
        if task_id:
            check_task_id(task_id)
        with self._store.transaction():
            row = existing_queue(self._store, name)
            request = _request(row.queue.http_target, body.body or HttpBody())
            stored = self._tasks.add(row, Task(http_request=request), task_id)
        return b'{"task":' + task_json(stored, task_prefix(row.queue), "BASIC").encode() + b"}"


def _request(target: HttpTarget | None, body: HttpBody) -> HttpRequest:
    """The request of the new task: the queue's target, and the payload. Errors: InvalidArgument."""
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
