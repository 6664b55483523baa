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
"""The dispatch deadline of an HTTP task that sets none. Source: SPEC section 3.2."""
SCALED_DEADLINE = timedelta(hours=24, seconds=15)
"""The longest deadline of an App Engine task that sets none: its service's scaling decides, from 10 minutes on."""
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
    """Its dispatch deadline. If the scaling of App Engine decides: the one that an attempt met, or else the longest."""
    if task.dispatch_deadline or task.kind != "app_engine":
        return task.dispatch_deadline or DEADLINE
    took = took_s(task)
    is_met = took is not None and task.last_status is not None and task.last_status.code == _DEADLINE_EXCEEDED
    return timedelta(seconds=took) if is_met and took is not None else SCALED_DEADLINE


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
    url = effective_url(task, queue)
    try:
        parts = urlsplit(url)
    except ValueError:  # such as an IPv6 address without its bracket
        return scrub(url.partition("?")[0])
    return scrub(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")


def effective_url(task: Task, queue: Queue) -> str:
    """The URL of an HTTP task after the override of its queue."""
    url = task.http_request.url if task.http_request is not None else ""
    override = queue.http_target.uri_override if queue.http_target is not None else None
    try:
        return url if override is None else override.on(url)
    except ValueError:  # no URL that an override applies to
        return url


def oidc_token_of(task: Task, queue: Queue) -> OidcToken | None:
    """The OIDC token that a task sends. The token of the queue overrides that of the task."""
    target = queue.http_target
    own = task.http_request.oidc_token if task.http_request is not None else None
    return (target.oidc_token if target is not None else None) or own


def audience_of(task: Task, queue: Queue) -> str | None:
    """The audience of the OIDC token that a task sends. It defaults to the whole URL. None without a token."""
    token = oidc_token_of(task, queue)
    return None if token is None else scrub(token.audience or effective_url(task, queue))
