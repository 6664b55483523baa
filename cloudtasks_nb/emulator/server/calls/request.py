"""One call and its response, independent of transport (alone or in a batch), and the method that it means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from msgspec import Struct
from msgspec.structs import replace

from ....errors import InvalidArgument, NotFound
from ....model import Message
from ....model.methods import Method, methods_of
from ....model.versions import VERSIONS

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"
JAVASCRIPT = "text/javascript; charset=UTF-8"
MAX_PARAMETERS = 1000

Pairs = tuple[tuple[str, str], ...]


class Request(Struct, frozen=True):
    """A request. `path` is still percent-encoded; the names of `headers` are case-insensitive."""

    http: str
    path: str
    query: Pairs
    headers: Mapping[str, str]
    body: bytes = b""


class Response(Struct, frozen=True):
    """A response."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = {}


Handler = Callable[[Request], Awaitable[Response | Message | dict[str, Any]]]
Routes = list[tuple[str, str, Handler]]
"""Handlers by HTTP verb and path, besides the API's own."""


@lru_cache(maxsize=256)  # most calls have the same parameters
def query_pairs(text: str) -> Pairs:
    """The query parameters in their order. Errors: InvalidArgument."""
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_PARAMETERS))
    except ValueError:
        raise InvalidArgument(f"The query holds more than {MAX_PARAMETERS} parameters.") from None


def overridden(call: Request) -> Request:
    """Applies X-HTTP-Method-Override: a POST may carry a long query in its body. Errors: InvalidArgument."""
    override = call.headers.get("X-HTTP-Method-Override", "").upper()
    if call.http != "POST" or not override:
        return call
    if media_type(call) != "application/x-www-form-urlencoded":
        return replace(call, http=override)
    query = call.query + query_pairs(call.body.decode(errors="replace"))
    return replace(call, http=override, query=query, body=b"")


def media_type(call: Request) -> str:
    """The media type of the body, without parameters."""
    return call.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _verb(path: str) -> str:
    """The custom verb at the end of a path: "lease" in ".../tasks:lease"; empty if there is none."""
    return path[path.rfind("/") + 1 :].partition(":")[2]


_BY_SHAPE: dict[tuple[str, str, int, str], list[Method]] = defaultdict(list)
for _version in VERSIONS:
    for _method in methods_of(_version).values():
        _parts = _method.path.count("/")
        for _count in (_parts, _parts - 1) if _method.optional else (_parts,):
            _shape = _method.http, _version if _method.versioned else "", _count, _verb(_method.path)
            _BY_SHAPE[_shape].append(_method)


def route(http: str, path: str) -> tuple[Method, dict[str, str]]:
    """The API method of a request in its version, and its path parameters. Errors: NotFound."""
    first, _, rest = unquote(path.removeprefix("/")).partition("/")
    version, below = (first, rest) if first in VERSIONS else ("", f"{first}/{rest}")
    for method in _BY_SHAPE.get((http, version, below.count("/"), _verb(below)), ()):
        match = method.pattern.fullmatch(below)
        if match is not None:
            found = match.groupdict()
            if method.optional:
                found = {name: value for name, value in found.items() if value is not None}
            return method, found
    raise NotFound(
        f"The requested URL {unquote(path)} was not found on this server ({http}, {', '.join(VERSIONS)})."
    )
