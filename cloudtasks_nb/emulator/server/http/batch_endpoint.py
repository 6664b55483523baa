"""Many calls in one request: parses multipart/mixed bodies of HTTP messages, and builds the response."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlsplit

from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy

from ....errors import InvalidArgument
from ....mime import fields, multipart, pieces, split_head
from ..calls.request import Request, Response, query_pairs

MAX_CALLS = 1000

Shared = tuple[tuple[str, str], ...]
"""Headers of the batch that apply to each of its calls."""

_REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) (\S+)(?: HTTP/\d(?:\.\d)?)?\s*")
_CONTENT_ID = re.compile(r"<?([^<>\s][^<>\r\n]{0,500})>?")


class Part(Struct, frozen=True):
    """A call of a batch, or its error. The response returns the `id`."""

    id: str
    call: Request | InvalidArgument


def read_batch(raw: bytes, headers: Mapping[str, str]) -> list[Part]:
    """The calls of a batch in their order. Errors: InvalidArgument for an unreadable batch."""
    kind, boundary = multipart(headers.get("Content-Type", ""))
    if kind != "multipart/mixed" or not boundary:
        raise InvalidArgument(
            "A batch must be sent as multipart/mixed, with its boundary in the Content-Type."
        )
    parts = pieces(raw, boundary)
    if not parts:
        raise InvalidArgument(
            "The batch contains no calls, or its boundary differs from the one in Content-Type."
        )
    if len(parts) > MAX_CALLS:
        raise InvalidArgument(f"The batch contains {len(parts)} calls; the limit is {MAX_CALLS}. Split it.")
    shared = tuple(
        (name.lower(), value) for name, value in headers.items() if name.lower() == "authorization"
    )
    return [_part(piece, shared) for piece in parts]


def batch_reply(answered: Iterable[tuple[Part, Response]], boundary: str) -> Response:
    """The calls' responses in this order."""
    begin = f"--{boundary}\r\nContent-Type: application/http\r\n".encode()
    lines: list[bytes] = []
    for part, reply in answered:
        id = f"Content-ID: <response-{part.id}>\r\n".encode() if part.id else b""
        lines += [begin, id, _head(reply.status, reply.content_type, len(reply.body)), reply.body, b"\r\n"]
    lines.append(f"--{boundary}--\r\n".encode())
    return Response(b"".join(lines), content_type=f"multipart/mixed; boundary={boundary}")


@lru_cache(maxsize=256)  # most responses of a batch are alike
def _head(status: int, content_type: str, size: int) -> bytes:
    """The end of a part's header, and the head of the response in it."""
    lines = [
        "",
        f"HTTP/1.1 {status} {_reason(status)}",
        f"Content-Type: {content_type}",
        "Vary: Origin",
        "Vary: X-Origin",
        "Vary: Referer",
        f"Content-Length: {size}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def _part(piece: bytes, shared: Shared) -> Part:
    head, inner = split_head(piece)
    match = _CONTENT_ID.fullmatch(fields(head).get("content-id", ""))
    try:
        return Part(match[1] if match else "", _call(inner.lstrip(b"\r\n"), shared))
    except InvalidArgument as wrong:
        return Part(match[1] if match else "", wrong)


def _call(message: bytes, shared: Shared) -> Request:
    """Reads an HTTP message: request line, headers, a blank line, the body."""
    head, body = split_head(message)
    first, _, lines = head.partition(b"\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None:
        raise InvalidArgument("The part does not begin with a request line such as GET /v2beta2/… HTTP/1.1.")
    try:
        path, query = _target(match[2].decode())
    except ValueError:
        raise InvalidArgument("The request line of the part has no path.") from None
    headers = _headers(lines, shared)
    http = match[1].decode()
    return Request(http, path, query_pairs(query), headers, b"" if http == "GET" else body)


def _target(text: str) -> tuple[str, str]:
    """The path and the query of a request line. Errors: ValueError."""
    if text.startswith("/") and not text.startswith("//"):
        path, _, query = text.partition("#")[0].partition("?")
        return path, query
    target = urlsplit(text)
    return target.path, target.query


@lru_cache(maxsize=32)  # most calls of a batch have the same headers
def _headers(lines: bytes, shared: Shared) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict({**dict(shared), **fields(lines)}))


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Client Closed Request" if status == 499 else "Unknown"
