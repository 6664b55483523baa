"""Read from a task whether an attempt is in progress, where attempts go, and how the last one ended. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from ..model.queue import Queue
from ..model.status import Status
from ..model.target import OidcToken
from ..model.task import AttemptStatus, Task
from ..redact import scrub

DEADLINE = timedelta(minutes=10)
"""The dispatch deadline of a task that sets none. Source: SPEC section 3.2."""
_DEADLINE_EXCEEDED = 4
_HTTP = re.compile(r"HTTP status code (\d{3})")


class Cause(NamedTuple):
    """How an attempt ended, and at which host. Failures are grouped by this."""

    code: int
    http: int | None
    host: str

    @property
    def words(self) -> str:
        """Such as "503 from https://api.example.com", or "UNAVAILABLE without a response from …"."""
        if self.http is not None:
            return f"{self.http} from {self.host}"
        return f"{Status(code=self.code).code_name} without a response from {self.host}"


def last_attempt(task: Task) -> AttemptStatus | None:
    """The last attempt, or None."""
    return task.status.last_attempt_status if task.status is not None else None


def is_running(task: Task) -> bool:
    """Whether an attempt was sent and has no response yet."""
    last = last_attempt(task)
    return last is not None and last.dispatch_time is not None and last.response_time is None


def deadline_of(task: Task) -> timedelta:
    """Its dispatch deadline."""
    return task.dispatch_deadline or DEADLINE


def timed_out(task: Task, now: datetime) -> bool:
    """Whether its last attempt got no response within the deadline."""
    last = last_attempt(task)
    if last is None or last.dispatch_time is None:
        return False
    if last.response_status is None:
        return last.response_time is None and last.dispatch_time + deadline_of(task) < now
    ended = last.response_status
    return (
        ended.code == _DEADLINE_EXCEEDED
        and http_status(ended) is None
        and task.dispatch_count > task.response_count
    )


def http_status(status: Status) -> int | None:
    """The HTTP status of the response; None if the target did not respond."""
    found = _HTTP.search(status.message)
    return int(found[1]) if found else None


def took_s(task: Task) -> float | None:
    """How many seconds the last attempt took; None if that is unknown."""
    last = last_attempt(task)
    if last is None or last.dispatch_time is None or last.response_time is None:
        return None
    return (last.response_time - last.dispatch_time).total_seconds()


def cause_of(task: Task, queue: Queue) -> Cause | None:
    """How the last finished attempt ended, and at which host; None if no attempt has finished."""
    status = task.last_status
    return None if status is None else Cause(status.code, http_status(status), host_of(task, queue))


def host_of(task: Task, queue: Queue) -> str:
    """Scheme and host that a task is sent to, with secrets replaced."""
    if task.http_request is None:
        routing = task.app_engine_http_request.app_engine_routing if task.app_engine_http_request else None
        return (routing.host if routing is not None else "") or "App Engine"
    parts = urlsplit(effective_url(task, queue))
    return scrub(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def effective_url(task: Task, queue: Queue) -> str:
    """The URL of an HTTP task after the override of its queue."""
    url = task.http_request.url if task.http_request is not None else ""
    override = queue.http_target.uri_override if queue.http_target is not None else None
    return url if override is None else override.on(url)


def oidc_token_of(task: Task, queue: Queue) -> OidcToken | None:
    """The OIDC token that a task sends. The token of the queue overrides that of the task."""
    target = queue.http_target
    own = task.http_request.oidc_token if task.http_request is not None else None
    return (target.oidc_token if target is not None else None) or own


def audience_of(task: Task, queue: Queue) -> str | None:
    """The audience of the OIDC token that a task sends. It defaults to the whole URL. None without a token."""
    token = oidc_token_of(task, queue)
    return None if token is None else scrub(token.audience or effective_url(task, queue))
