"""Tasks: the request or payload, the schedule, and the attempts so far.

Source: SPEC section 3; discovery document v2beta2.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from ..names import TaskName, parse_task
from ..shown import completed_as_text
from .json import Duration, Int32, Message, Time
from .marks import CREATE_ONLY, OUTPUT_ONLY, absent, renamed, shown_only
from .queue import Kind, RetryConfig
from .status import Status
from .target import AppEngineRouting, Headers, OAuthToken, OidcToken

View = Literal["BASIC", "FULL"]
TaskState = Literal["due", "scheduled", "leased"]


class HttpRequest(Message):
    """The request that an HTTP task makes.

    Example:
        >>> queue.create_task(url="https://example.com/send", schedule=60).http_request.url
        'https://example.com/send'
    """

    url: str = ""
    """The target URL, with http:// or https://, up to 2,083 characters."""
    http_method: str = ""
    """GET, POST, PUT, …; empty means POST."""
    headers: dict[str, str] = {}
    """Headers to send. The service replaces Host, Content-Length, User-Agent and its own headers."""
    body: bytes | None = None
    """The body, for POST, PUT and PATCH; None unless the task was read with view FULL."""
    oauth_token: OAuthToken | None = None
    """An access token in the request, for Google APIs."""
    oidc_token: OidcToken | None = None
    """An identity token in the request, for targets that verify one."""

    def __post_init__(self) -> None:
        if self.headers:  # an empty dict stays the default, which JSON omits
            self.headers = Headers(self.headers)


class AppEngineHttpRequest(Message):
    """The request that an App Engine task makes.

    Example:
        >>> app = client.create_queue("app", kind="app_engine")
        >>> app.create_task({"to": "ada"}, relative_url="/send", schedule=60).app_engine_http_request.relative_url
        '/send'
    """

    http_method: str = ""
    """GET, POST, PUT, …; empty means POST."""
    relative_url: Annotated[str, renamed("relative_uri", "v2beta3", "v2")] = ""
    """The path and query within the application, with a leading slash."""
    headers: dict[str, str] = {}
    """Headers to send. The service adds its own, and a Content-Type if there is a payload."""
    payload: Annotated[bytes | None, renamed("body", "v2beta3", "v2")] = None
    """The body, for POST and PUT; None unless the task was read with view FULL."""
    app_engine_routing: AppEngineRouting | None = None
    """The service, version and instance, unless the queue overrides them."""

    def __post_init__(self) -> None:
        if self.headers:  # an empty dict stays the default, which JSON omits
            self.headers = Headers(self.headers)


class PullMessage(Message):
    """The content of a pull task, for the worker that leases it.

    Example:
        >>> work.create_task(b"text", tag="blue").pull_message.tag
        'blue'
    """

    payload: bytes | None = None
    """The payload; None unless the task was read with view FULL."""
    tag: str = ""
    """A tag to select tasks for a lease, up to 500 characters; empty for none."""


class AttemptStatus(Message):
    """One attempt: its times and its result.

    Example:
        >>> task.run()
        >>> task.status.last_attempt_status
    """

    schedule_time: Time | None = None
    """When the attempt was due."""
    dispatch_time: Time | None = None
    """When it was sent."""
    response_time: Time | None = None
    """When the response arrived; None while the attempt runs."""
    response_status: Status | None = None
    """The result; None while the attempt runs."""


class TaskStatus(Message):
    """The number of attempts and responses, and the first and last attempt.

    Example:
        >>> task.run().status.attempt_dispatch_count
        1
    """

    attempt_dispatch_count: Int32 = 0
    """How often it was sent (or leased), including running attempts."""
    attempt_response_count: Int32 = 0
    """The number of responses."""
    first_attempt_status: AttemptStatus | None = None
    """The first attempt; the service keeps only its dispatch time."""
    last_attempt_status: AttemptStatus | None = None
    """The last attempt, with or without a response."""


class Task(Message):
    """A task as the API describes it. Which fields are filled depends on `view`: payloads only with FULL."""

    name: Annotated[str, CREATE_ONLY] = ""
    """The full name: projects/PROJECT/locations/LOCATION/queues/QUEUE/tasks/TASK."""
    app_engine_http_request: AppEngineHttpRequest | None = None
    """The request of an App Engine task."""
    http_request: HttpRequest | None = None
    """The request of an HTTP task."""
    pull_message: Annotated[PullMessage | None, shown_only("v2beta3"), absent("v2")] = None
    """The content of a pull task."""
    schedule_time: Time | None = None
    """When the next attempt is due, or the lease ends."""
    create_time: Annotated[Time | None, OUTPUT_ONLY] = None
    """When it was created, to the second."""
    status: Annotated[TaskStatus | None, OUTPUT_ONLY] = None
    """The attempts so far."""
    retry_config: RetryConfig | None = None
    """Its own retry settings; None to use those of the queue."""
    dispatch_deadline: Annotated[Duration | None, absent("v2beta2")] = None
    """How long an attempt may take before it counts as failed."""
    view: Annotated[str, OUTPUT_ONLY] = ""
    """BASIC or FULL: the parts that were read. Only FULL has payloads."""

    @property
    @completed_as_text
    def kind(self) -> Kind:
        """The kind of task: "http", "app_engine" or "pull".

        v2, and v2beta3 with view BASIC, do not return pull messages. There, a task without a request is a pull task.
        """
        if self.http_request is None and self.app_engine_http_request is None:
            return "pull" if self.pull_message is not None or self.create_time is not None else "http"
        return "app_engine" if self.http_request is None else "http"

    @property
    def _parsed(self) -> TaskName:
        return parse_task(self.name)

    @property
    def id(self) -> str:
        """The last part of the name."""
        return self._parsed.task

    @property
    def queue_id(self) -> str:
        """The id of the queue that holds it."""
        return self._parsed.queue

    @property
    def _request(self) -> HttpRequest | AppEngineHttpRequest | None:
        return self.http_request or self.app_engine_http_request

    @property
    def url(self) -> str | None:
        """The URL of an HTTP task, the relative URL of an App Engine task, None for a pull task."""
        if self.http_request is not None:
            return self.http_request.url
        return self.app_engine_http_request.relative_url if self.app_engine_http_request is not None else None

    @property
    def method(self) -> str | None:
        """The HTTP method, None for a pull task. The API's default is POST."""
        return (self._request.http_method or "POST") if self._request is not None else None

    @property
    def headers(self) -> dict[str, str]:
        """The request headers; empty for a pull task."""
        return self._request.headers if self._request is not None else {}

    @property
    def tag(self) -> str | None:
        """The tag of a pull task, if it has one."""
        return (self.pull_message.tag or None) if self.pull_message is not None else None

    @property
    def payload(self) -> bytes | None:
        """The body or payload; None unless it was read with view FULL. v2 never returns that of a pull task."""
        if self.pull_message is not None:
            held = self.pull_message.payload
        elif self.app_engine_http_request is not None:
            held = self.app_engine_http_request.payload
        elif self.http_request is not None:
            held = self.http_request.body
        else:
            return None
        return b"" if held is None and self.view == "FULL" else held

    @property
    def dispatch_count(self) -> int:
        """How often it was sent (or leased)."""
        return self.status.attempt_dispatch_count if self.status is not None else 0

    @property
    def response_count(self) -> int:
        """The number of responses."""
        return self.status.attempt_response_count if self.status is not None else 0

    @property
    def last_status(self) -> Status | None:
        """The result of the last attempt with a response; None if there is no response yet."""
        last = self.status.last_attempt_status if self.status is not None else None
        return last.response_status if last is not None else None

    def __repr__(self) -> str:
        return f"<Task {self.name} {self.kind} {self.view or 'BASIC'}>"


def attempted_at(task: Task) -> datetime | None:
    """The time of the response to the last attempt; without one, the time when the attempt was sent."""
    last = task.status.last_attempt_status if task.status is not None else None
    return (last.response_time or last.dispatch_time) if last is not None else None


def is_leased(task: Task, now: datetime) -> bool:
    """Whether a worker holds this pull task: it was leased, and its schedule time is in the future."""
    return (
        task.kind == "pull"
        and task.dispatch_count > 0
        and task.schedule_time is not None
        and task.schedule_time > now
    )


def state_of(task: Task, now: datetime) -> TaskState:
    """Whether a task is leased (a worker holds it), scheduled (for later) or due."""
    if is_leased(task, now):
        return "leased"
    return "scheduled" if task.schedule_time is not None and task.schedule_time > now else "due"
