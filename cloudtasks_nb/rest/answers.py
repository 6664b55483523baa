"""From an HTTP answer to bytes or a typed error: the error envelope, and answers that are not the API's at all.

Source: SPEC section 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from ..errors import ApiError, CloudTasksError, DecodeError, error_class
from .hints import hint_for


class _Error(msgspec.Struct):
    code: int = 0
    message: str = ""
    status: str = ""
    details: list[dict[str, Any]] = []


class _Envelope(msgspec.Struct):
    error: _Error


def refusal(
    http_status: int, content_type: str, body: bytes, *, method: str, resource: str
) -> CloudTasksError:
    """The error that an answer other than 2xx stands for."""
    try:
        error = msgspec.json.decode(body, type=_Envelope).error
    except msgspec.DecodeError:
        return _foreign(http_status, content_type, body, method=method, resource=resource)
    kind = error_class(http_status, error.status)
    return kind(
        error.message or kind.rpc_status,
        code=http_status,
        details=error.details,
        method=method,
        resource=resource,
        hint=hint_for(kind.rpc_status, error.message, error.details, method=method, resource=resource),
    )


@contextmanager
def asked(method: str, resource: str) -> Iterator[None]:
    """Within a with block, what befalls a call says which one it was."""
    try:
        yield
    except CloudTasksError as error:
        if error.method is None:
            error.method, error.resource = method, resource
        raise


def not_json(http_status: int, content_type: str, body: bytes) -> DecodeError:
    """The error for an answer that should have been JSON and is something else."""
    return DecodeError(
        f"The endpoint answered HTTP {http_status} with {content_type or 'no content type'}, "
        f"not with the API's JSON{_glimpse(body)}.",
        hint="check the endpoint (a proxy, a login page or another server may have answered)",
    )


def _foreign(
    http_status: int, content_type: str, body: bytes, *, method: str, resource: str
) -> CloudTasksError:
    """No envelope: a proxy or load balancer in between spoke, or this is another server altogether."""
    if http_status >= 500 or http_status in (401, 403, 407, 408, 429):
        kind: type[ApiError] = error_class(http_status)
        return kind(
            f"HTTP {http_status} without the API's error message{_glimpse(body)}.",
            code=http_status,
            method=method,
            resource=resource,
            hint=hint_for(kind.rpc_status, "", [], method=method, resource=resource),
        )
    return not_json(http_status, content_type, body)


def _glimpse(body: bytes) -> str:
    text = " ".join(body[:400].decode("utf-8", "replace").split())
    return f" (it begins: {text[:80]!r})" if text else ""
