"""From an HTTP answer to bytes or a typed error: the error envelope, and answers that are not the API's at all.

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
    """A 404 of a web server, which knows nothing of the API."""


def refusal(answer: Answer, *, method: str, resource: str) -> CloudTasksError:
    """The error that an answer other than 2xx stands for."""
    try:
        error = msgspec.json.decode(answer.body, type=_Envelope).error
    except (msgspec.DecodeError, RecursionError):
        # A proxy or load balancer in between spoke, or this is another server altogether.
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
    """Within a with block, what befalls a call says which one it was."""
    try:
        yield
    except CloudTasksError as error:
        if error.method is None:
            error.method, error.resource = method, resource
        raise


def is_unserved(error: CloudTasksError) -> bool:
    """Whether a refusal is a 404 that names no resource: there is nothing at such a URL, in this version at least."""
    if isinstance(error, NotServed):
        return True
    return isinstance(error, NotFound) and error.message.startswith("The requested URL")


def not_json(answer: Answer) -> DecodeError:
    """The error for an answer that should have been JSON and is something else."""
    kind = NotServed if answer.status == 404 else DecodeError
    return kind(
        f"The endpoint answered HTTP {answer.status} with {answer.content_type or 'no content type'}, "
        f"not with the API's JSON{_glimpse(answer.body)}.",
        hint="check the endpoint (a proxy, a login page or another server may have answered)",
    )


def _glimpse(body: bytes) -> str:
    text = " ".join(body[:400].decode("utf-8", "replace").split())
    return f" (it begins: {text[:80]!r})" if text else ""
