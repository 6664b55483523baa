"""One call and its answer, apart from how they travel: by themselves, or as parts of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from msgspec import Struct
from msgspec.structs import replace

from ....errors import InvalidArgument

JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"
JAVASCRIPT = "text/javascript; charset=UTF-8"
MAX_PARAMETERS = 1000

Pairs = list[tuple[str, str]]


class Request(Struct, frozen=True):
    """What is asked. `path` is as it was sent, still escaped; the names of `headers` match in any case."""

    http: str
    path: str
    query: Pairs
    headers: Mapping[str, str]
    body: bytes = b""


class Response(Struct, frozen=True):
    """What is answered."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: dict[str, str] = {}


def query_pairs(text: str) -> Pairs:
    """A query string in its order. Errors: InvalidArgument."""
    try:
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_PARAMETERS)
    except ValueError:
        raise InvalidArgument(f"The query holds more than {MAX_PARAMETERS} parameters.") from None


def overridden(call: Request) -> Request:
    """A POST can stand for another method, with a query too long for a URL in its body. Errors: InvalidArgument."""
    override = call.headers.get("X-HTTP-Method-Override", "").upper()
    if call.http != "POST" or not override:
        return call
    if media_type(call) != "application/x-www-form-urlencoded":
        return replace(call, http=override)
    query = call.query + query_pairs(call.body.decode(errors="replace"))
    return replace(call, http=override, query=query, body=b"")


def media_type(call: Request) -> str:
    """The kind of the body, without its parameters."""
    return call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
