"""New tasks: validates them and fills in defaults. Pure. Source: SPEC sections 3.1 to 3.3."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from msgspec.structs import replace

from ....errors import InvalidArgument
from ....model import AppEngineHttpRequest, AppEngineRouting, HttpRequest, Queue, Task
from ....model.versions import OWN, Version
from ..clock import pacific
from .queues import check_retries, routing_host
from .targets import MAX_URL_CHARACTERS, WITH_BODY, check_headers, check_tokens, check_url, is_local_name

MAX_AHEAD = timedelta(hours=720)
MAX_TASK_BYTES = 1_048_569
MAX_TAG_CHARACTERS = 500
MIN_DEADLINE, MAX_DEADLINE = timedelta(seconds=15), timedelta(minutes=30)
MAX_APP_ENGINE_DEADLINE = timedelta(hours=24, seconds=15)

USER_AGENT = "Google-Cloud-Tasks"
APP_ENGINE_USER_AGENT = "AppEngine-Google; (+http://code.google.com/appengine)"

REPLACED = re.compile(r"(?i)host|content-length|user-agent|(x-google|x-appengine|x-cloudtasks)-.*")


def new_task(asked: Task, queue: Queue, now: datetime, version: Version = OWN) -> Task:
    """The task as it is stored, except for its name: validated and completed. Errors: InvalidArgument."""
    _check_kind(asked, queue, version)
    _check_deadline(asked)
    if asked.retry_config is not None:
        check_retries(asked.retry_config)
    task = replace(
        asked,
        schedule_time=_schedule(asked.schedule_time, now),
        create_time=now.replace(microsecond=0),
        status=None,
        view="",
        http_request=_http(asked.http_request) if asked.http_request is not None else None,
        app_engine_http_request=_app_engine(asked.app_engine_http_request, queue.project)
        if asked.app_engine_http_request is not None
        else None,
    )
    if task.pull_message is not None and len(task.pull_message.tag) >= MAX_TAG_CHARACTERS:
        raise InvalidArgument("PullMessage.tag must be less than 500 characters.")
    if not _is_surely_small(task) and proto_size(task, queue.name) > MAX_TASK_BYTES:
        raise InvalidArgument("Task size too large")
    return task


def _is_surely_small(task: Task) -> bool:
    """A fast upper bound, so that few tasks need an exact measurement: only payloads are large."""
    push = task.http_request or task.app_engine_http_request
    return len(task.payload or b"") < MAX_TASK_BYTES // 2 and (push is None or len(push.headers) < 100)


def _check_kind(task: Task, queue: Queue, version: Version) -> None:
    """HTTP tasks go into every push queue. In v2beta2, a queue for HTTP tasks rejects App Engine tasks."""
    if task.http_request is None and task.app_engine_http_request is None and task.pull_message is None:
        raise InvalidArgument("Task.payload_type is not set.")
    if queue.pull_target is not None and task.pull_message is None:
        raise InvalidArgument("Only Task.pull_message can be set for a queue with a pull target.")
    if queue.pull_target is None and task.pull_message is not None:
        raise InvalidArgument("Task.pull_message can be set only if Queue.pull_target is set.")
    only_http = queue.http_target is not None and queue.app_engine_http_target is None
    if version == OWN and only_http and task.app_engine_http_request is not None:
        raise InvalidArgument(
            "Task.app_engine_http_request can be set only if Queue.app_engine_http_target is set."
        )


def _check_deadline(task: Task) -> None:
    """Validates the deadline of a target, in the versions that have it. Source: SPEC section 3.1."""
    deadline = task.dispatch_deadline
    if deadline is None or (task.app_engine_http_request is not None and not deadline):
        return  # 0 in an App Engine task means the deadline of its service's scaling type
    longest, text = (
        (MAX_APP_ENGINE_DEADLINE, "24h15s")
        if task.app_engine_http_request is not None
        else (MAX_DEADLINE, "30m")
    )
    if not MIN_DEADLINE <= deadline <= longest:
        raise InvalidArgument(f"Task.dispatchDeadline must be between [15s, {text}].")


def _schedule(asked: datetime | None, now: datetime) -> datetime:
    if asked is None or asked <= now:
        return now
    if asked - now > MAX_AHEAD:
        raise InvalidArgument(
            f"The Task.scheduleTime, {pacific(asked)}, is too far in the future. "
            "Schedule time must be no more than 720h in the future."
        )
    return asked


def _http(asked: HttpRequest) -> HttpRequest:
    method = asked.http_method or "POST"
    url = check_url(asked.url)
    tokens = asked.oauth_token, asked.oidc_token
    # One relaxation: on this machine, tokens may travel over plain http, so that tests need no TLS.
    if any(tokens) and url.scheme != "https" and not is_local_name(url.host or ""):
        raise InvalidArgument(
            "HttpRequest.url must start with 'https://' for request with HttpRequest.authorization_header"
        )
    check_tokens(*tokens)
    if asked.body and method not in WITH_BODY:
        raise InvalidArgument(f"HttpRequest.body can be set only for POST, PUT and PATCH, not for {method}.")
    check_headers(asked.headers.items())
    headers = {name: value for name, value in asked.headers.items() if not REPLACED.fullmatch(name)}
    return replace(asked, http_method=method, headers={**headers, "User-Agent": USER_AGENT})


def _app_engine(asked: AppEngineHttpRequest, project: str) -> AppEngineHttpRequest:
    method, url = asked.http_method or "POST", asked.relative_url or "/"
    if not url.startswith("/") or re.search(r"\s", url):
        raise InvalidArgument(
            "AppEngineHttpRequest.relative_url must begin with '/' and must not contain spaces."
        )
    if len(url) > MAX_URL_CHARACTERS:
        raise InvalidArgument(
            f"AppEngineHttpRequest.relative_url must be at most {MAX_URL_CHARACTERS} characters."
        )
    if asked.payload and method not in ("POST", "PUT"):
        raise InvalidArgument(
            f"AppEngineHttpRequest.payload can be set only for POST and PUT, not for {method}."
        )
    check_headers(asked.headers.items())
    return replace(
        asked,
        http_method=method,
        relative_url=url,
        headers=_app_engine_headers(asked),
        app_engine_routing=routing_host(asked.app_engine_routing or AppEngineRouting(), project),
    )


def _app_engine_headers(asked: AppEngineHttpRequest) -> dict[str, str]:
    headers = {name: value for name, value in asked.headers.items() if not REPLACED.fullmatch(name)}
    agents = [value for name, value in asked.headers.items() if name.lower() == "user-agent" and value]
    if asked.payload:
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/octet-stream"
        headers["Content-Length"] = str(len(asked.payload))
    return {**headers, "User-Agent": " ".join([*agents, APP_ENGINE_USER_AGENT])}


def proto_size(task: Task, queue_name: str) -> int:
    """The size of the task as a protocol buffer, which the service limits. Source: SPEC section 3.1."""
    held: list[bytes | None] = []
    headers: dict[str, str] = {}
    if task.http_request is not None:
        headers, held = task.http_request.headers, [task.http_request.url.encode(), task.http_request.body]
    elif task.app_engine_http_request is not None:
        request = task.app_engine_http_request
        headers, held = request.headers, [request.relative_url.encode(), request.payload]
    elif task.pull_message is not None:
        held = [task.pull_message.payload, task.pull_message.tag.encode()]
    request_bytes = sum(_delimited(len(part)) for part in held if part)
    for name, value in headers.items():
        request_bytes += _delimited(_delimited(len(name.encode())) + _delimited(len(value.encode())))
    name_bytes = len(task.name.encode()) or len(queue_name) + len("/tasks/") + 19
    timestamps_and_view_bytes = 24
    return _delimited(name_bytes) + _delimited(request_bytes) + timestamps_and_view_bytes


def _delimited(length: int) -> int:
    """A tag, the length as a varint, the content."""
    return 1 + max(1, (length.bit_length() + 6) // 7) + length
