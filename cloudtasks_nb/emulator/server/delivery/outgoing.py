"""Builds the HTTP request of an attempt: URL, method and headers, with the queue's overrides. Pure.

Source: SPEC sections 5.1 and 5.6.
"""

from __future__ import annotations

import base64

from msgspec import Struct
from msgspec.structs import replace
from yarl import URL

from ....model import AppEngineHttpRequest, HttpRequest, HttpTarget, OAuthToken, OidcToken, Task
from ..clock import to_us
from ..rules.attempts import Attempt
from ..rules.targets import NOT_CONFIGURED, WITH_BODY, AppEngine, service_of
from ..rules.tasks import REPLACED, USER_AGENT

# Hop-by-hop headers concern our connection, not the target. Source: RFC 9110 section 7.6.1.
_OF_A_CONNECTION = frozenset(
    ("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
     "trailer", "transfer-encoding", "upgrade", "content-length")
)  # fmt: skip


class NoApplication(Exception):
    """An App Engine task without an application that stands for App Engine."""


class Request(Struct, frozen=True):
    """A request to send."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes
    token: OidcToken | OAuthToken | None = None

    def authorized(self, value: str) -> dict[str, str]:
        """The headers with this Authorization: a generated token overrides a header of the task."""
        held = {name: text for name, text in self.headers.items() if name.lower() != "authorization"}
        return {**held, "Authorization": value}


def request_for(attempt: Attempt, applications: AppEngine) -> Request:
    """The request of this attempt. Errors: NoApplication; ValueError for an invalid URL."""
    task = attempt.task
    if task.app_engine_http_request is not None:
        return _app_engine(attempt, task.app_engine_http_request, applications)
    return _http(attempt, task.http_request or HttpRequest())


def _http(attempt: Attempt, asked: HttpRequest) -> Request:
    target = attempt.queue.http_target or HttpTarget()
    headers = _forwarded(asked.headers)
    for override in target.header_overrides:
        if override.header is not None and _may_set(override.header.key):
            headers = {
                name: value for name, value in headers.items() if name.lower() != override.header.key.lower()
            }
            headers[override.header.key] = override.header.value
    headers["User-Agent"] = USER_AGENT
    headers |= _service_headers(attempt, "X-CloudTasks-", attempt.execution_count)
    if attempt.number > 1:
        headers["X-CloudTasks-TaskPreviousResponse"] = str(attempt.previous_code or 0)
        headers["X-CloudTasks-TaskRetryReason"] = ""
    url = target.uri_override.on(asked.url) if target.uri_override is not None else asked.url
    method = target.http_method or asked.http_method or "POST"
    token = target.oidc_token or target.oauth_token or asked.oidc_token or asked.oauth_token
    body = (asked.body or b"") if method in WITH_BODY else b""  # the queue may set a method without a body
    return Request(method, *_addressed(url, headers), body, token)


def _addressed(text: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The URL to send to, without its fragment. Its user and password become an Authorization header if none is set."""
    if "@" not in text and "#" not in text:
        return text, headers
    url = URL(text)
    if url.user is not None and not any(name.lower() == "authorization" for name in headers):
        basic = base64.b64encode(f"{url.user}:{url.password or ''}".encode()).decode()
        headers = {**headers, "Authorization": f"Basic {basic}"}
    return str(url.with_user(None).with_fragment(None)), headers


def _app_engine(attempt: Attempt, asked: AppEngineHttpRequest, applications: AppEngine) -> Request:
    target = attempt.queue.app_engine_http_target
    routing = (target.app_engine_routing_override if target is not None else None) or asked.app_engine_routing
    base_url, service = applications.base_url(routing), service_of(routing)
    if base_url is None:
        raise NoApplication(NOT_CONFIGURED.format(service, service))
    headers = _forwarded(asked.headers)
    headers |= _service_headers(attempt, "X-AppEngine-", attempt.task.response_count)
    if attempt.number > 1:
        was_answered = _was_answered(attempt)
        headers["X-AppEngine-TaskPreviousResponse"] = str(attempt.previous_code) if was_answered else "0"
        headers["X-AppEngine-TaskRetryReason"] = "App Error" if was_answered else "Instance Unavailable"
    url = f"{base_url}{asked.relative_url.partition('#')[0]}"
    return Request(asked.http_method or "POST", url, headers, asked.payload or b"")


def _forwarded(headers: dict[str, str]) -> dict[str, str]:
    """The headers that reach the target: without hop-by-hop headers and those that Connection lists."""
    named = {
        word.strip().lower()
        for name, value in headers.items()
        if name.lower() == "connection"
        for word in value.split(",")
    }
    left_out = _OF_A_CONNECTION | named
    return {name: value for name, value in headers.items() if name.lower() not in left_out}


def _may_set(header: str) -> bool:
    return not REPLACED.fullmatch(header) and header.lower() not in _OF_A_CONNECTION


def _was_answered(attempt: Attempt) -> bool:
    """Whether the previous attempt got a response. A timeout has the code 504, but no response."""
    status = attempt.task.status
    last = status.last_attempt_status if status is not None else None
    said = last.response_status.message if last is not None and last.response_status is not None else ""
    return attempt.previous_code is not None and said.endswith(f"HTTP status code {attempt.previous_code}")


def _service_headers(attempt: Attempt, prefix: str, executions: int) -> dict[str, str]:
    task = attempt.task
    return {
        f"{prefix}QueueName": attempt.queue.id,
        f"{prefix}TaskName": attempt.task_id,
        f"{prefix}TaskRetryCount": str(attempt.number - 1),
        f"{prefix}TaskExecutionCount": str(executions),
        f"{prefix}TaskETA": _eta(task),
    }


def _eta(task: Task) -> str:
    """Seconds since 1970, with a fraction."""
    seconds, fraction_us = (
        divmod(to_us(task.schedule_time), 1_000_000) if task.schedule_time is not None else (0, 0)
    )
    return f"{seconds}.{fraction_us:06}".rstrip("0").rstrip(".") if fraction_us else str(seconds)


def own_url(target: HttpTarget | None) -> str:
    """The URL that a queue sets for tasks without one; empty if its target has no host."""
    override = target.uri_override if target is not None else None
    if override is None or not override.host:
        return ""
    return replace(override, uri_override_enforce_mode="ALWAYS").on("")
