"""Converts an HTTP response to bytes or a typed error: the API's error envelope, and responses of other servers.

Source: SPEC section 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from ..errors import CloudTasksError, DecodeError, NotFound, error_class
from .exchange import Answer
from .hints import hint_for


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    status: str = ""
    details: list[dict[str, Any]] = []


class _Envelope(msgspec.Struct):
    error: _Error


class NotServed(DecodeError):
    """A 404 from a web server that does not serve the API."""


def refusal(answer: Answer, *, method: str, resource: str) -> CloudTasksError:
    """The error for a response other than 2xx."""
    try:
        error = msgspec.json.decode(answer.body, type=_Envelope).error
    except (msgspec.DecodeError, RecursionError):
        # The response is from a proxy, a load balancer or an unrelated server.
        if answer.status < 500 and answer.status not in (401, 403, 407, 408, 429):
            return not_json(answer)
        words = f"HTTP {answer.status} without the API's error message{_glimpse(answer.body)}."
        error, kind = _Error(), error_class(answer.status)
    else:
        kind = error_class(answer.status, error.status)
        words = error.message or kind.rpc_status
    refused = kind(
        words,
        code=answer.status,
        details=error.details,
        method=method,
        resource=resource,
        hint=hint_for(kind.rpc_status, error.message, error.details, method=method, resource=resource),
    )
    refused.retry_after_s = answer.retry_after_s
    return refused


@contextmanager
def asked(method: str, resource: str) -> Iterator[None]:
    """Within a with block, add the method and the resource to an error."""
    try:
        yield
    except CloudTasksError as error:
        if error.method is None:
            error.method, error.resource = method, resource
        raise


def is_unserved(error: CloudTasksError) -> bool:
    """Whether an error is a 404 for the URL, not for a resource: this version does not serve that URL."""
    if isinstance(error, NotServed):
        return True
    return isinstance(error, NotFound) and error.message.startswith("The requested URL")


def not_json(answer: Answer) -> DecodeError:
    """The error for a response that should be JSON and is not."""
    kind = NotServed if answer.status == 404 else DecodeError
    return kind(
        f"The endpoint returned HTTP {answer.status} with {answer.content_type or 'no content type'}, "
        f"not with the API's JSON{_glimpse(answer.body)}.",
        hint="check the endpoint (the response may be from a proxy, a login page or another server)",
    )


def _glimpse(body: bytes) -> str:
    text = " ".join(body[:400].decode("utf-8", "replace").split())
    return f" (it begins: {text[:80]!r})" if text else ""
