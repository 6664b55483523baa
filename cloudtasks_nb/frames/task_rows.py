"""Parse only the parts of tasks that a table needs: instants stay text, headers stay JSON until used.

This is for listings of a million tasks; code that handles single tasks uses `model.task`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ..errors import DecodeError
from ..model.json import Duration, Int32, decode, encode
from ..model.schema import snake

_SPANS = ("minBackoff", "maxBackoff", "maxRetryDuration")
SETTINGS = ("dispatch_deadline", "retry_config", "oidc_token", "oauth_token", "routing")


class Row(msgspec.Struct, rename="camel", gc=False):
    """The fields that a table shows; other JSON members are skipped."""


class StatusRow(Row):
    code: Int32 = 0
    message: str = ""


class AttemptRow(Row):
    schedule_time: str | None = None
    dispatch_time: str | None = None
    response_time: str | None = None
    response_status: StatusRow | None = None


class AttemptsRow(Row):
    attempt_dispatch_count: Int32 = 0
    attempt_response_count: Int32 = 0
    first_attempt_status: AttemptRow | None = None
    last_attempt_status: AttemptRow | None = None


class RequestRow(Row):
    """An HTTP or an App Engine request, or a pull message. Their fields differ only in name."""

    url: str = ""
    relative_url: str = ""
    relative_uri: str = ""
    http_method: str = ""
    headers: msgspec.Raw = msgspec.Raw()
    body: bytes | None = None
    payload: bytes | None = None
    oidc_token: msgspec.Raw = msgspec.Raw()
    oauth_token: msgspec.Raw = msgspec.Raw()
    app_engine_routing: msgspec.Raw = msgspec.Raw()
    tag: str = ""


class TaskRow(Row):
    """A task in the JSON of any version. v2beta2 nests the attempts in `status`; the others do not."""

    name: str = ""
    http_request: RequestRow | None = None
    app_engine_http_request: RequestRow | None = None
    pull_message: RequestRow | None = None
    schedule_time: str | None = None
    create_time: str | None = None
    status: AttemptsRow | None = None
    attempt_dispatch_count: int = msgspec.field(default=0, name="dispatchCount")
    attempt_response_count: int = msgspec.field(default=0, name="responseCount")
    first_attempt_status: AttemptRow | None = msgspec.field(default=None, name="firstAttempt")
    last_attempt_status: AttemptRow | None = msgspec.field(default=None, name="lastAttempt")
    view: str = ""
    dispatch_deadline: msgspec.Raw = msgspec.Raw()
    retry_config: msgspec.Raw = msgspec.Raw()

    @property
    def payload(self) -> bytes | None:
        """The payload; None unless the task was read with view FULL."""
        holder = self.http_request or self.app_engine_http_request or self.pull_message
        if holder is None:
            return None  # a pull task, whose payload this version does not return
        held = holder.body if holder.payload is None else holder.payload
        return b"" if held is None and self.view == "FULL" else held


_NO_REQUEST = RequestRow()


def other_settings(tasks: Sequence[TaskRow], requests: Sequence[RequestRow | None]) -> list[str | None]:
    """The settings of each task without a column, such as its deadline: JSON of keyword arguments of create_task."""
    held = [request or _NO_REQUEST for request in requests]
    columns: list[list[msgspec.Raw]] = [
        [task.dispatch_deadline for task in tasks],
        [task.retry_config for task in tasks],
        [request.oidc_token for request in held],
        [request.oauth_token for request in held],
        [request.app_engine_routing for request in held],
    ]
    if tasks and all(column.count(column[0]) == len(column) for column in columns):
        return [_settings_text(tuple(column[0] for column in columns))] * len(tasks)
    texts: list[str | None] = []
    last: tuple[msgspec.Raw, ...] = ()
    text = None
    for parts in zip(*columns, strict=True):
        if parts != last:  # most tasks have the same settings as the one before
            last, text = parts, _settings_text(parts)
        texts.append(text)
    return texts


def _settings_text(parts: tuple[msgspec.Raw, ...]) -> str | None:
    held: dict[str, Any] = {}
    for name, raw in zip(SETTINGS, parts, strict=True):
        value = msgspec.json.decode(raw) if raw else None
        if isinstance(value, dict):
            if value.get("maxAttempts") == -1:  # the later versions encode it so
                value = {**value, "unlimitedAttempts": True}
                del value["maxAttempts"]
            value = {
                snake(key): _span(inner) if key in _SPANS else inner
                for key, inner in value.items()
                if key != "host"  # set by the service
            }
        elif name == "dispatch_deadline":
            value = _span(value)
        if value:
            held[name] = value
    return encode(held).decode() if held else None


def _span(value: Any) -> str | None:
    """A duration, truncated to microseconds as in objects. Errors: DecodeError."""
    try:
        return None if value is None else str(Duration.parse(value))
    except ValueError as error:
        raise DecodeError(str(error)) from None


class _Page(Row):
    tasks: list[TaskRow] = []


def read_tasks(raw: bytes) -> Sequence[TaskRow]:
    """The tasks of a page, in any version. Errors: DecodeError."""
    return decode(raw, _Page).tasks
