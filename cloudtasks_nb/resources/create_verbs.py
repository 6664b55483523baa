"""The verbs that create one task in a queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..arguments import gathered
from ..discreet import as_hidden
from ..errors import NotFound, PermissionDenied
from ..model import task as model
from ..model.durations import DurationLike
from ..model.json import Message, from_dict, to_dict
from ..model.messages import BufferTaskRequest, CreateTaskRequest, HttpBody
from ..model.payload import payload_bytes
from ..model.queue import RetryConfig
from ..model.target import AppEngineRouting, OAuthToken, OidcToken
from ..names import check_task_id, parse_task
from ..rest.answers import asked, check_named
from .bound import QueueVerbs
from .new_task import JSON, TaskOptions, new_task
from .task import Task, read_task

_TASKS = "projects.locations.queues.tasks"


class CreateVerbs(QueueVerbs):
    """The verbs that create one task."""

    __slots__ = ()

    def create_task(
        self,
        payload: Any = None,
        *,
        url: str | None = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        schedule: datetime | DurationLike | None = None,
        task_id: str | None = None,
        tag: str | None = None,
        relative_url: str | None = None,
        routing: AppEngineRouting | Mapping[str, Any] | None = None,
        oidc_token: OidcToken | Mapping[str, Any] | None = None,
        oauth_token: OAuthToken | Mapping[str, Any] | None = None,
        retry_config: RetryConfig | Mapping[str, Any] | None = None,
        dispatch_deadline: DurationLike | None = None,
    ) -> Task:
        """Create a task: an HTTP, App Engine or pull task, according to the queue's kind.

        - `payload`: bytes, a string, or a value that becomes JSON, with the header Content-Type: application/json.
          Dicts, a Series, named tuples, dataclasses and structs become objects; lists, tuples, sets and arrays of numpy
          become arrays; dates, times and durations become ISO 8601 strings, and Decimals strings. Values that JSON
          cannot represent raise InvalidArgument: NaN, bytes in a dict, keys that are not strings, a DataFrame.
        - `schedule`: when the task becomes due: a datetime or ISO string, or a time from now. Defaults to now. A
          datetime without a time zone is local time of this machine, as in Python.
        - `task_id`: its id. The service rejects a second task with this id, so the call is idempotent. Defaults to
          an id that the service chooses.
        - `retry_config`: how this task is retried. Defaults to the settings of the queue.
        - `tag`: the label of a pull task. queue.lease(tag=...) leases only tasks with this tag.

        HTTP and App Engine tasks:

        - `url`: where an HTTP task goes. An HTTP queue needs it.
        - `relative_url`: path and query of an App Engine task. Defaults to "/".
        - `routing`: which App Engine service, version and instance the task goes to.
        - `method`: the HTTP method. Defaults to POST. `headers`: headers of the request.
        - `oidc_token`: the service account whose ID token the request carries (HTTP).
        - `oauth_token`: the service account whose access token the request carries (HTTP, Google APIs only).
        - `dispatch_deadline`: how long an attempt may take.

        Settings are messages or dicts: retry_config={"max_attempts": 5}.

        Errors: InvalidArgument, AlreadyExists, NotFound, PermissionDenied.
        Units: durations are seconds, timedeltas, or text such as "10m".
        Source: REST queues.tasks.create, SPEC section 3.1.

        Example:
            >>> queue.create_task({"to": "ada"}, url="https://example.com/send", schedule=60)
        """
        options = gathered(TaskOptions, locals())
        task = new_task(self._parsed, self._kind_of_tasks, payload, options, self._session.now())
        # Only a create with a name is retried: without a name, a retry could create the task twice.
        made = self._session.call(
            f"{_TASKS}.create",
            Task,
            path={"parent": self.name},
            body=CreateTaskRequest(task=task),
            repeats=bool(task.name),
        )
        return self._created(made, task)

    def buffer(self, body: Any = None, task_id: str | None = None, content_type: str | None = None) -> Task:
        """Add a task with only a body; the queue's http_target supplies the URL.

        `body`: bytes, a string, or JSON values; for these, `content_type` defaults to application/json.

        Errors: FailedPrecondition or InvalidArgument (a queue without http_target), AlreadyExists, NotFound.
        Source: REST queues.tasks.buffer.

        Example:
            >>> queue = client.create_queue(
            ...     "mail", http_target={"uri_override": {"host": "example.com"}})
            >>> queue.buffer({"to": "ada"})
        """
        body = as_hidden(body)
        sent = _http_body(body, content_type)
        name = f"{self.name}/tasks/{check_task_id(task_id)}" if task_id is not None else ""
        answer = self._session.call(
            f"{_TASKS}.buffer",
            _Buffered,
            path={"queue": self.name, "taskId": task_id or ""},
            body=BufferTaskRequest(body=sent),
        )
        made = answer.task or Task()
        if made.name or not name:
            with asked(f"{_TASKS}.buffer", self.name):
                check_named("Task", made.name)
        return self._created(made, model.Task(name=name))

    def _created(self, made: Task, wanted: model.Task) -> Task:
        if made.name:
            return made.bind(self._session)
        try:  # the task was created, but the response was lost
            return read_task(self._session, parse_task(wanted.name), "BASIC")
        except (NotFound, PermissionDenied):  # the task has already run, or this identity may not read it
            return from_dict(to_dict(wanted), Task).bind(self._session)


class _Buffered(Message):
    task: Task | None = None


def _http_body(body: Any, content_type: str | None) -> HttpBody:
    data, is_json = payload_bytes(body)
    return HttpBody(content_type=content_type or (JSON if is_json else ""), data=data)
