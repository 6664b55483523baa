"""A task to be created, from Python values: payloads, schedules, targets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ..errors import InvalidArgument
from ..model.json import encode, utc
from ..model.queue import Kind, RetryConfig
from ..model.target import AppEngineRouting, OAuthToken, OidcToken
from ..model.task import AppEngineHttpRequest, HttpRequest, PullMessage, Task
from ..names import QueueName, check_task_id

JSON = "application/json"


class TaskOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Everything that may be said of a new task beside its payload, under the names that create_task takes."""

    url: str | None = None
    method: str | None = None
    headers: dict[str, str] | None = None
    schedule: datetime | timedelta | float | None = None
    task_id: str | None = None
    tag: str | None = None
    relative_url: str | None = None
    routing: AppEngineRouting | None = None
    oidc_token: OidcToken | None = None
    oauth_token: OAuthToken | None = None
    retry_config: RetryConfig | None = None


def new_task(queue: QueueName, kind: Kind, payload: Any, options: TaskOptions) -> Task:
    """The task to send for creation in a queue of this kind. Errors: InvalidArgument."""
    task = Task(
        name=f"{queue}/tasks/{check_task_id(options.task_id)}" if options.task_id else "",
        schedule_time=schedule_time(options.schedule),
        retry_config=options.retry_config,
    )
    data, is_json = payload_bytes(payload)
    if kind == "pull":
        _refuse(
            options,
            queue,
            kind,
            "url",
            "method",
            "headers",
            "relative_url",
            "routing",
            "oidc_token",
            "oauth_token",
        )
        task.pull_message = PullMessage(payload=data, tag=options.tag or "")
        return task
    headers = dict(options.headers or {})
    if is_json and not any(key.lower() == "content-type" for key in headers):
        headers["Content-Type"] = JSON
    method = (options.method or "").upper()
    _refuse(options, queue, kind, "tag")
    if options.url is not None:
        _refuse(options, queue, kind, "relative_url", "routing")
        task.http_request = HttpRequest(
            url=options.url,
            http_method=method,
            headers=headers,
            body=data,
            oidc_token=options.oidc_token,
            oauth_token=options.oauth_token,
        )
    elif kind == "app_engine" or options.relative_url is not None:
        _refuse(options, queue, kind, "oidc_token", "oauth_token")
        task.app_engine_http_request = AppEngineHttpRequest(
            relative_url=options.relative_url or "/",
            http_method=method,
            headers=headers,
            payload=data,
            app_engine_routing=options.routing,
        )
    else:
        raise InvalidArgument(
            f'A task in the HTTP queue "{queue.queue}" needs a url.',
            resource=str(queue),
            hint='queue.create_task(payload, url="https://example.com/handler")',
        )
    return task


def payload_bytes(payload: Any) -> tuple[bytes | None, bool]:
    """A payload as bytes, and whether it was encoded as JSON here. Errors: InvalidArgument.

    Bytes and None stay as they are, text becomes UTF-8, everything else JSON.

    >>> payload_bytes({"to": "ada"})
    (b'{"to":"ada"}', True)
    """
    if payload is None or isinstance(payload, bytes):
        return payload, False
    if isinstance(payload, bytearray | memoryview):
        return bytes(payload), False
    if isinstance(payload, str):
        return payload.encode(), False
    try:
        return encode(payload), True
    except (TypeError, NotImplementedError, msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise InvalidArgument(
            f"The payload, a {type(payload).__name__}, cannot be written as JSON: {error}",
            hint="pass bytes, text, or values that JSON knows",
        ) from error


def schedule_time(
    schedule: datetime | timedelta | float | None, now: datetime | None = None
) -> datetime | None:
    """When a task is due: an instant as it is, a timedelta or a number of seconds from now."""
    if schedule is None or isinstance(schedule, datetime):
        return utc(schedule) if schedule is not None else None
    try:
        delay = schedule if isinstance(schedule, timedelta) else timedelta(seconds=schedule)
        return (now or datetime.now(UTC)) + delay
    except (OverflowError, TypeError, ValueError) as error:
        raise InvalidArgument(
            f"schedule={schedule!r} is not a time: {error}",
            hint="pass a datetime, a timedelta, or a number of seconds from now",
        ) from None


def _refuse(options: TaskOptions, queue: QueueName, kind: Kind, *fields: str) -> None:
    given = [field for field in fields if getattr(options, field) is not None]
    if given:
        words = {"http": "an HTTP", "app_engine": "an App Engine", "pull": "a pull"}[kind]
        raise InvalidArgument(
            f'{", ".join(given)} cannot be set on this task: "{queue.queue}" is {words} queue.',
            resource=str(queue),
            hint="leave it out, or create the task in a queue of the other kind",
        )
