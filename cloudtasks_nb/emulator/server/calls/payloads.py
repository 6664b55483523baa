"""The message that the body of a call holds: JSON, or in two methods whatever is sent. Source: SPEC section 1.2."""

from __future__ import annotations

from typing import Any

import msgspec

from ....model import CmekConfig, Message, Queue
from ....model.messages import BufferTaskRequest, HttpBody
from ....model.methods import METHODS, Method
from .bodies import parse
from .request import Request, media_type

# Where the body is the resource itself, messages about it name the member that holds it.
_HELD_AS: dict[type[Message], str] = {Queue: "queue", CmekConfig: "cmek_config"}


def read_body(method: Method, call: Request) -> Message:
    """The request message of a method, as the model has it. Errors: InvalidArgument."""
    kind = METHODS[method.id].request
    assert kind is not None  # noqa: S101 - only methods with a body come here
    if kind is HttpBody:
        return _file(call)
    if kind is BufferTaskRequest and not _is_buffer_request(call.body):
        body = HttpBody(content_type=call.headers.get("Content-Type", ""), data=call.body)
        return BufferTaskRequest(body=body)
    return parse(call.body, kind, _HELD_AS.get(kind, ""), method.version)


def _file(call: Request) -> HttpBody:
    """A body taken as it is, or as Google's generated clients send it: as JSON around it."""
    if media_type(call) == "application/json":
        values = _json(call.body)
        if isinstance(values, dict) and isinstance(values.get("data"), str):
            return parse(call.body, HttpBody)
    return HttpBody(content_type=call.headers.get("Content-Type", ""), data=call.body)


def _is_buffer_request(raw: bytes) -> bool:
    """Whether a body is the message of the method's own name; anything else is the payload itself."""
    if not raw.strip():
        return True
    values = _json(raw)
    return values == {} or (
        isinstance(values, dict) and list(values) == ["body"] and isinstance(values["body"], dict)
    )


def _json(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
