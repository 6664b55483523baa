"""Stored tasks as JSON: requests are stored ready-made, so a page is concatenated instead of encoded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ....model import AttemptStatus, Queue, Task, decode, encode
from ....model.versions import OWN, Version
from ..clock import rfc3339

_RETRY = '"retryConfig":'
_HTTP = '"httpRequest":'  # such a request has no retry settings and no deadline, so it is the same in every version


class InVersion(bytes):
    """A response in the version of its call already. Others are searched for members to translate."""


class StoredTask(Struct, frozen=True):
    """The stored fields of a task. `payload` is empty if it was not read."""

    row: int
    id: str
    first_us: int
    schedule_us: int
    create_us: int
    expire_us: int
    tag: str | None
    dispatch_count: int = 0
    response_count: int = 0
    execution_count: int = 0
    previous_code: int | None = None
    attempts: str = ""
    logged: bool = False
    head: str = ""
    payload: str = ""

    @property
    def has_retry_config(self) -> bool:
        """Whether the task has its own retry settings."""
        return self.head.startswith(_RETRY)


Listed = tuple[str, int, int, int, int, str, str]
"""A task of a page: id, schedule_us, create_us, dispatch_count, response_count, attempts, request."""


def request_json(task: Task) -> tuple[str, str]:
    """The request as an unclosed JSON member, and its payload as the last member."""
    retry = f"{_RETRY}{encode(task.retry_config).decode()}," if task.retry_config is not None else ""
    if task.dispatch_deadline is not None:
        retry += f'"dispatchDeadline":"{task.dispatch_deadline}",'
    if task.http_request is not None:
        name, payload_name, payload = "httpRequest", "body", task.http_request.body
        head = encode(replace(task.http_request, body=None))
    elif task.app_engine_http_request is not None:
        request = task.app_engine_http_request
        name, payload_name, payload = "appEngineHttpRequest", "payload", request.payload
        head = encode(replace(request, payload=None))
    else:
        message = task.pull_message
        assert message is not None  # noqa: S101 - the rules let no task pass without a payload type
        name, payload_name, payload = "pullMessage", "payload", message.payload
        head = encode(replace(message, payload=None))
    opened = f'{retry}"{name}":{head.decode()[:-1]}'
    if not payload:
        return opened, ""
    comma = "" if opened.endswith("{") else ","
    return opened, f'{comma}"{payload_name}":{encode(payload).decode()}'


def task_json(row: StoredTask, prefix: str, view: str) -> str:
    """One task; `prefix` is its queue's name and "/tasks/"."""
    request = row.head + row.payload if view == "FULL" else row.head
    counts = row.dispatch_count, row.response_count
    return _json((row.id, row.schedule_us, row.create_us, *counts, row.attempts, request), prefix, view)


def task_prefix(queue: Queue) -> str:
    """The prefix of a queue's task names."""
    return f"{queue.name}/tasks/"


def joined_json(tasks: Iterable[bytes]) -> bytes:
    """Tasks, each as JSON, in one message."""
    joined = b",".join(tasks)
    return b'{"tasks":[' + joined + b"]}" if joined else b"{}"


def page_json(
    rows: Sequence[Listed], prefix: str, view: str, next_page_token: str, version: Version = OWN
) -> bytes:
    """A ListTasksResponse. Attempts are in the form of `version`; unusual requests remain to be translated."""
    page = _page([_json(row, prefix, view, version) for row in rows], next_page_token)
    return InVersion(page) if all(row[-1].startswith(_HTTP) for row in rows) else page


def names_json(rows: Iterable[tuple[str]], prefix: str, next_page_token: str) -> bytes:
    """The same with names only."""
    return InVersion(_page([f'{{"name":"{prefix}{id}"}}' for (id,) in rows], next_page_token))


def _page(tasks: list[str], next_page_token: str) -> bytes:
    """The page of these tasks, in one step: each copy of a page costs as much as reading a tenth of its tasks."""
    more = f'"nextPageToken":"{next_page_token}"' if next_page_token else ""
    if not tasks:
        return f"{{{more}}}".encode()
    tasks[0] = f'{{"tasks":[{tasks[0]}'
    tasks[-1] += f"],{more}}}" if more else "]}"
    return ",".join(tasks).encode()


def task_message(row: StoredTask, prefix: str) -> Task:
    """The whole task as a message."""
    return decode(task_json(row, prefix, "FULL").encode(), Task)


def target_of(head: str) -> tuple[str, str]:
    """The target of a stored task, "POST https://…", and its kind."""
    return where(decode(f"{{{head}}}}}".encode(), Task))


def where(task: Task) -> tuple[str, str]:
    """The target of a task, "POST https://…", and its kind; a pull task has none."""
    if task.http_request is not None:
        return f"{task.http_request.http_method or 'POST'} {task.http_request.url}", "HTTP"
    if task.app_engine_http_request is not None:
        request = task.app_engine_http_request
        return f"{request.http_method or 'POST'} {request.relative_url or '/'}", "APP_ENGINE"
    return "", "PULL"


def attempts_json(first: AttemptStatus, last: AttemptStatus) -> str:
    """The first and the last attempt, as members after the counts."""
    return f',"firstAttemptStatus":{encode(first).decode()},"lastAttemptStatus":{encode(last).decode()}'


def _json(task: Listed, prefix: str, view: str, version: Version = OWN) -> str:
    id, schedule_us, create_us, dispatched, responded, attempts, request = task
    status = _status(dispatched, responded, attempts, version) if dispatched else ""
    return (
        f'{{"name":"{prefix}{id}",{request}}},"scheduleTime":"{rfc3339(schedule_us)}",'
        f'"createTime":"{rfc3339(create_us)}"{status},"view":"{view}"}}'
    )


def _status(dispatched: int, responded: int, attempts: str, version: Version) -> str:
    """The attempts of a task. The later versions have their fields in the task itself, under shorter names."""
    if version == OWN:
        answered = f',"attemptResponseCount":{responded}' if responded else ""
        return f',"status":{{"attemptDispatchCount":{dispatched}{answered}{attempts}}}'
    answered = f',"responseCount":{responded}' if responded else ""
    # Quotes within texts are escaped, so with the colon this finds only the names.
    attempts = attempts.replace('"firstAttemptStatus":', '"firstAttempt":', 1)
    attempts = attempts.replace('"lastAttemptStatus":', '"lastAttempt":', 1)
    return f',"dispatchCount":{dispatched}{answered}{attempts}'
