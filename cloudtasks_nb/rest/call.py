"""One call, ready to send: its URL, its body, and the meaning of its response."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from ..discreet import Address, Body, Secret
from ..errors import ApiError, CloudTasksError, InvalidArgument, TransportError
from ..model.json import encode, in_version
from ..model.messages import Empty
from ..model.methods import Method
from ..model.operation import Operation
from ..model.schema import snake
from .answers import is_error, not_json, refusal
from .exchange import Answer

TOKEN_PARAMETERS = frozenset({"access_token", "oauth_token", "bearer_token"})
KEY_PARAMETER = "key"
_COMPACT = "prettyPrint=false"
_PRETTY = frozenset({"prettyPrint", "$prettyPrint", "pp"})


class Call:
    """A call of one REST method. `target` is path and query; `body` its JSON, or None.

    Query values are sent as strings, and a list item by item. Empty strings are omitted, except in a list.
    `repeatable` says whether the call may be retried after a lost response.

    Errors: InvalidArgument for a value that JSON or a URL cannot hold; ConfigError for a missing name.
    """

    __slots__ = ("body", "continues_listing", "given", "method", "repeatable", "resource", "target")

    def __init__(
        self,
        method: Method,
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any],
        body: Any = None,
    ) -> None:
        self.method = method
        self.repeatable = method.repeatable or _is_named(method, path, body)
        self.resource = next(iter(path.values()), "")
        self.given = frozenset(query)
        self.continues_listing = bool(query.get("pageToken") not in (None, "", [""]))
        pairs = [
            (name, Secret(_text(one)))
            for name, value in query.items()
            if value not in (None, "")
            for one in (value if isinstance(value, list | tuple) else [value])
        ]
        compact = [] if self.given & _PRETTY else [_COMPACT]
        with writing(method.id, path):
            self.body = (
                Body(encode(body)) if body is not None else (b"{}" if method.request is not None else None)
            )
            queries = [Secret(urlencode(pairs)), *compact] if pairs else compact
            self.target = Address(f"{method.url_path(method.version, **path)}?{'&'.join(queries)}")

    @property
    def brings_token(self) -> bool:
        """Whether a parameter has the access token, in place of the Authorization header."""
        return bool(self.given) and any(name.removeprefix("$") in TOKEN_PARAMETERS for name in self.given)

    @property
    def brings_key(self) -> bool:
        """Whether a parameter has an API key."""
        return not self.given.isdisjoint((KEY_PARAMETER, f"${KEY_PARAMETER}"))

    @property
    def wraps(self) -> bool:
        """Whether the response is JSONP: a call of a JavaScript function."""
        return bool(self.given & {"callback", "$callback"})

    def content(self, answer: Answer) -> bytes:
        """The JSON of a successful response. Errors: ApiError for an error response; DecodeError for any other."""
        if not 200 <= answer.status < 300:
            raise refusal(answer, method=self.method.id, resource=self.resource)
        if not answer.body:  # the API sends at least "{}", so the connection broke after the headers
            if self.method.response is Empty:
                return b"{}"
            raise TransportError("The response is empty: the connection probably broke.", hint="try again")
        if "json" not in answer.content_type.lower() and not self.wraps:
            raise not_json(answer)
        if (
            is_error(answer.body) and self.method.response is not Operation
        ):  # an operation has its own "error"
            raise refusal(answer, method=self.method.id, resource=self.resource)
        return in_version(answer.body, self.method.version)

    def was_done(self, error: CloudTasksError) -> bool:
        """Whether an error, after a try without a response, means that the earlier try succeeded."""
        return isinstance(error, ApiError) and error.status == self.method.done_when_repeated


@contextmanager
def writing(method_id: str, path: Mapping[str, str]) -> Iterator[None]:
    """Within a with block, raise InvalidArgument for values that JSON or a URL cannot hold."""
    try:
        yield
    except (NotImplementedError, TypeError, UnicodeError, RecursionError) as error:
        resource = next(iter(path.values()), "")
        raise InvalidArgument(
            f"The request cannot be written: {error}", method=method_id, resource=resource
        ) from None


def _is_named(method: Method, path: Mapping[str, str], body: Any) -> bool:
    """Whether the request is idempotent because it has a chosen name or a request id."""
    if not method.safe_with:
        return False
    if path.get(method.safe_with):
        return True
    held = body
    for part in method.safe_with.split("."):
        if isinstance(held, Mapping):
            held = held.get(part) or held.get(snake(part))
        else:
            held = getattr(held, snake(part), None)
    return bool(held)


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
