"""Turns the return value of a handler into an HTTP response. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ...discreet import Discreet
from ...errors import InvalidArgument
from ...model.payload import payload_bytes

JSON, TEXT, BYTES = "application/json", "text/plain; charset=utf-8", "application/octet-stream"
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FORMS = (
    "a status, a body, (status, body) or (status, body, headers); bodies are text, bytes, or any JSON value"
)


class HttpAnswer(Discreet, Struct, frozen=True):
    """An HTTP response."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = {}


def answer_of(returned: Any) -> HttpAnswer:
    """The response that a handler's return value stands for. Errors: TypeError, ValueError.

    >>> answer_of(503).status, answer_of({"a": 1}).body, answer_of(None).status
    (503, b'{"a":1}', 200)
    """
    if isinstance(returned, HttpAnswer):
        return returned
    if isinstance(returned, int):
        return _answer(returned, None, {})
    if not isinstance(returned, tuple):
        return _answer(200, returned, {})
    match returned:
        case (int() as status, body):
            return _answer(status, body, {})
        case (int() as status, body, Mapping() as headers):
            return _answer(status, body, headers)
    raise TypeError(f"the handler returned {returned!r}: return {_FORMS}")


def _answer(status: int, body: Any, headers: Mapping[str, str]) -> HttpAnswer:
    if isinstance(status, bool) or not 200 <= status <= 599:
        raise ValueError(f"{status!r} is not an HTTP status (200 to 599): return {_FORMS}")
    try:
        data, is_json = payload_bytes(body)
    except InvalidArgument as error:
        raise TypeError(f"{error.message}; {error.hint}. The handler may return {_FORMS}") from None
    kind = JSON if is_json else TEXT if isinstance(body, str) else BYTES
    said = {str(name): str(value) for name, value in headers.items()}
    for name, value in said.items():
        if not (_HEADER.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            raise ValueError(f"header {name!r} cannot be sent: {value!r} is not a line of Latin-1 text")
    typed = {"Content-Type": kind} if body is not None and "content-type" not in map(str.lower, said) else {}
    return HttpAnswer(status, data or b"", typed | said)
