"""Makes a task for creation from Python values: its options, schedule and target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from ..arguments import nearest
from ..errors import ConfigError, InvalidArgument, kind_of
from ..model.durations import EXAMPLES, DurationLike
from ..model.instants import epoch_of, instant_of
from ..model.json import Duration, Message
from ..model.payload import payload_bytes
from ..model.queue import Kind, RetryConfig
from ..model.target import AppEngineRouting, OAuthToken, OidcToken
from ..model.task import AppEngineHttpRequest, HttpRequest, PullMessage, Task
from ..names import QueueName, check_task_id
from ..redact import DOTS, is_hidden
from .settings import read_message

M = TypeVar("M", bound=Message)

JSON = "application/json"
KIND_WORDS = {"http": "an HTTP", "app_engine": "an App Engine", "pull": "a pull"}


class TaskOptions(msgspec.Struct, kw_only=True):
    """The keywords of create_task(), which explains them. Rows and dicts of the bulk verbs use the same names."""

    url: str | None = None
    method: str | None = None
    headers: Mapping[str, str] | None = None
    schedule: datetime | DurationLike | None = None
    task_id: str | None = None
    tag: str | None = None
    relative_url: str | None = None
    routing: AppEngineRouting | Mapping[str, Any] | None = None
    oidc_token: OidcToken | Mapping[str, Any] | None = None
    oauth_token: OAuthToken | Mapping[str, Any] | None = None
    retry_config: RetryConfig | Mapping[str, Any] | None = None
    dispatch_deadline: DurationLike | None = None


_ROW = ("payload", *TaskOptions.__struct_fields__)


def read_row(row: Mapping[str, Any], defaults: TaskOptions) -> tuple[Any, TaskOptions]:
    """Read the payload and the options from a dict. `defaults` apply to missing entries.

    Errors: InvalidArgument for an unknown key, with the closest known one.
    """
    for name in row:
        if name not in _ROW:
            raise InvalidArgument(
                f"create_task() has no option {name!r}; {nearest(name, _ROW)}".removesuffix("; "),
                hint=f'use {", ".join(_ROW)}; if the dict is the payload, pass {{"payload": {{...}}}}',
            )
    options = dict(row)
    payload = options.pop("payload", None)
    return payload, replace(defaults, **options)


class _Target(msgspec.Struct, frozen=True):
    """One kind of target: the options that only it has, and the function that writes them into a task."""

    takes: frozenset[str]
    write: Callable[[Task, TaskOptions, Any], None]


def new_task(queue: QueueName, kind: Kind | None, payload: Any, options: TaskOptions, now: datetime) -> Task:
    """Make the task to create in a queue of this kind; durations count from `now`. Errors: InvalidArgument.

    If the kind is unknown, the options determine it.
    """
    _check_texts(options)
    kind = kind or _kind_told(queue, options)
    target = _target(queue, kind, options)
    strange = [name for name in _TARGETING if name not in target.takes and getattr(options, name) is not None]
    if strange:
        raise InvalidArgument(
            f'{", ".join(strange)} cannot be set on this task: "{queue.queue}" is {KIND_WORDS[kind]} queue.',
            resource=str(queue),
            hint="omit it, or create the task in a queue of another kind",
        )
    deadline = options.dispatch_deadline
    task = Task(
        name=f"{queue}/tasks/{check_task_id(options.task_id)}" if options.task_id is not None else "",
        schedule_time=schedule_time(options.schedule, now),
        retry_config=_said(RetryConfig, options.retry_config, "retry_config"),
        dispatch_deadline=Duration.of(deadline) if deadline is not None else None,
    )
    target.write(task, options, payload)
    return task


def _kind_told(queue: QueueName, options: TaskOptions) -> Kind:
    """The kind that follows from the options of a task, for a queue that was not read."""
    kinds: dict[str, Kind] = {"url": "http", "relative_url": "app_engine", "tag": "pull"}
    for option, kind in kinds.items():
        if getattr(options, option) is not None:
            return kind
    raise InvalidArgument(
        f'The kind of the queue "{queue.queue}" is unknown, because it was not read, and no option of the task '
        "shows its kind.",
        resource=str(queue),
        hint="pass url (an HTTP task), relative_url (App Engine) or tag (a pull task), or set the kind: "
        f'client.queue("{queue.queue}", read=False, kind="pull")',
    )


def _target(queue: QueueName, kind: Kind, options: TaskOptions) -> _Target:
    if kind == "pull":
        return _PULL
    if options.url is not None:
        return _HTTP
    if kind == "app_engine" or options.relative_url is not None:
        return _APP_ENGINE
    raise InvalidArgument(
        f'A task in the HTTP queue "{queue.queue}" needs a url.',
        resource=str(queue),
        hint='queue.create_task(payload, url="https://example.com/handler")',
    )


def _write_pull(task: Task, options: TaskOptions, payload: Any) -> None:
    task.pull_message = PullMessage(payload=payload_bytes(payload)[0], tag=options.tag or "")


def _write_http(task: Task, options: TaskOptions, payload: Any) -> None:
    headers, body = _content(options, payload)
    task.http_request = HttpRequest(
        url=options.url or "",
        http_method=(options.method or "").upper(),
        headers=headers,
        body=body,
        oidc_token=_said(OidcToken, options.oidc_token, "oidc_token"),
        oauth_token=_said(OAuthToken, options.oauth_token, "oauth_token"),
    )


def _write_app_engine(task: Task, options: TaskOptions, payload: Any) -> None:
    headers, body = _content(options, payload)
    task.app_engine_http_request = AppEngineHttpRequest(
        relative_url=options.relative_url or "/",
        http_method=(options.method or "").upper(),
        headers=headers,
        payload=body,
        app_engine_routing=_said(AppEngineRouting, options.routing, "routing"),
    )


def _content(options: TaskOptions, payload: Any) -> tuple[dict[str, str], bytes | None]:
    """Headers and body of a request. A payload that is encoded as JSON here gets a Content-Type."""
    body, is_json = payload_bytes(payload)
    headers = dict(options.headers or {})
    if is_json and not any(key.lower() == "content-type" for key in headers):
        headers["Content-Type"] = JSON
    return headers, body


_REQUEST = {"method", "headers", "dispatch_deadline"}
_PULL = _Target(frozenset({"tag"}), _write_pull)
_HTTP = _Target(frozenset({"url", "oidc_token", "oauth_token", *_REQUEST}), _write_http)
_APP_ENGINE = _Target(frozenset({"relative_url", "routing", *_REQUEST}), _write_app_engine)
_TARGETING = [
    name
    for name in TaskOptions.__struct_fields__
    if any(name in target.takes for target in (_PULL, _HTTP, _APP_ENGINE))
]


def schedule_time(schedule: datetime | DurationLike | None, now: datetime) -> datetime | None:
    """The due time: an instant unchanged, a duration from now. Errors: InvalidArgument."""
    if schedule is None:
        return None
    if epoch := epoch_of(schedule):
        raise InvalidArgument(
            f"schedule={schedule!r} looks like seconds since 1970, but a number means seconds from now.",
            hint=f"pass the instant: {epoch}",
        )
    try:
        return instant_of(schedule, now)
    except (OSError, OverflowError, TypeError, ValueError):
        raise InvalidArgument(
            f"schedule={schedule!r} is not a valid due time.",
            hint="pass a datetime or ISO text (without a zone it is local time), or how long from now: a timedelta, "
            f"seconds, or text such as {EXAMPLES}",
        ) from None


def _said(kind: type[M], given: M | Mapping[str, Any] | None, where: str) -> M | None:
    """A settings message of a task, also from a dict."""
    if given is None:
        return None
    try:
        return read_message(kind, given, where)
    except ConfigError as error:  # in a bulk call, this is an error of one task
        raise InvalidArgument(error.message, hint=error.hint) from None


def _check_texts(options: TaskOptions) -> None:
    """Raise unless these are strings: bytes would silently become base64 in JSON."""
    for field in ("url", "method", "task_id", "tag", "relative_url"):
        value = getattr(options, field)
        if value is not None and not isinstance(value, str):
            raise _no_text(field, value)
        _check_shown(field, value)
    if not isinstance(options.headers, Mapping | None):
        raise InvalidArgument(f"headers must be a dict, not {kind_of(options.headers)}.")
    for key, value in (options.headers or {}).items():
        if not isinstance(key, str):
            raise _no_text(f"The name of header {key!r}", key)
        if not isinstance(value, str):
            raise _no_text(f"Header {key!r}", value)
        _check_shown(f"Header {key!r}", value)


def _check_shown(what: str, value: str | None) -> None:
    """Raise for a value whose secret was replaced in a table or a display."""
    if is_hidden(value):
        raise InvalidArgument(
            f"{what} contains {DOTS} in place of a hidden secret.",
            hint="set its value; make tables with secrets=True, as in queue.tasks().to_dataframe(secrets=True); "
            "queue.copy_tasks() copies tasks with their secrets",
        )


def _no_text(what: str, value: object) -> InvalidArgument:
    return InvalidArgument(f"{what} must be a string, not {kind_of(value)}.", hint="pass a str")
