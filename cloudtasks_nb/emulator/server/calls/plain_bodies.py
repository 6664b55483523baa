"""Reads the most common bodies of tasks.create and tasks.acknowledge in one step, for speed.

A body of any other shape is read strictly by bodies.py, which also reports its errors.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from ....model import HttpRequest, Message, PullMessage, Task
from ....model.messages import AcknowledgeTaskRequest, BatchCreateTasksRequest, CreateTaskRequest
from .scalars import SCALARS

# An absent member has the model's default; null matches nothing.


class _Http(Struct, forbid_unknown_fields=True, rename="camel"):
    url: str = ""
    http_method: Literal["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"] | UnsetType = UNSET
    headers: dict[str, str] = {}
    body: bytes | UnsetType = UNSET


class _Pull(Struct, forbid_unknown_fields=True, rename="camel"):
    payload: bytes | UnsetType = UNSET
    tag: str = ""


class _Task(Struct, forbid_unknown_fields=True, rename="camel"):
    name: str = ""
    http_request: _Http | UnsetType = UNSET
    pull_message: _Pull | UnsetType = UNSET


class _Create(Struct, forbid_unknown_fields=True, rename="camel"):
    task: _Task
    response_view: Literal["BASIC", "FULL"] | UnsetType = UNSET
    parent: str = ""


class _BatchCreate(Struct, forbid_unknown_fields=True, rename="camel"):
    requests: list[_Create]
    request_id: str = ""


class _Acknowledge(Struct, forbid_unknown_fields=True, rename="camel"):
    schedule_time: str


_SHAPES: dict[type[Message], msgspec.json.Decoder[Any]] = {
    CreateTaskRequest: msgspec.json.Decoder(_Create),
    BatchCreateTasksRequest: msgspec.json.Decoder(_BatchCreate),
    AcknowledgeTaskRequest: msgspec.json.Decoder(_Acknowledge),
}


def plainly(raw: bytes, kind: type[Message]) -> Message | None:
    """The message in a body of the model's own version; None if it must be read strictly."""
    shape = _SHAPES.get(kind)
    if shape is None:
        return None
    try:
        read = shape.decode(raw)
        if isinstance(read, _Create):
            return _request(read)
        if isinstance(read, _Acknowledge):
            return AcknowledgeTaskRequest(schedule_time=_instant(read.schedule_time))
        return BatchCreateTasksRequest(
            requests=[_request(one) for one in read.requests], request_id=read.request_id
        )
    except (
        ValueError,
        RecursionError,
    ):  # msgspec's errors are ValueErrors, and two requests in one task raise one, too
        return None


def _request(read: _Create) -> CreateTaskRequest:
    task, http, pull = read.task, read.task.http_request, read.task.pull_message
    if http is not UNSET and pull is not UNSET:
        raise ValueError
    return CreateTaskRequest(
        task=Task(
            name=task.name,
            http_request=None if http is UNSET else _http(http),
            pull_message=None if pull is UNSET else PullMessage(payload=_or_none(pull.payload), tag=pull.tag),
        ),
        response_view=read.response_view or "",
        parent=read.parent,
    )


def _http(read: _Http) -> HttpRequest:
    return HttpRequest(
        url=read.url, http_method=read.http_method or "", headers=read.headers, body=_or_none(read.body)
    )


@lru_cache(maxsize=256)  # all tasks of a lease have the same end
def _instant(text: str) -> datetime:
    instant: datetime = SCALARS[datetime].read(text)
    return instant


def _or_none(value: bytes | UnsetType) -> bytes | None:
    return None if value is UNSET else value
