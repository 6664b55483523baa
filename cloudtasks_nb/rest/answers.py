"""Converts an HTTP response to bytes or a typed error: the API's error envelope, and responses of other servers.

Source: SPEC section 6.1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from ..errors import CloudTasksError, DecodeError, NotFound, error_class
from ..model.json import Duration
from .exchange import LONGEST_WAIT_S, Answer
from .hints import hint_for


class _Error(msgspec.Struct):
    """The error in the API's envelope. Parts of other types, as other servers send them, are left out."""

    code: int = 0
    message: str = ""
    status: str = ""
    details: list[dict[str, Any]] = []

    @classmethod
    def of(cls, body: bytes) -> _Error | None:
        """The error in a body; None if the body has no envelope."""
        try:
            said = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        envelope = said[0] if isinstance(said, list) and said else said  # a stream of messages is an array
        held = envelope.get("error") if isinstance(envelope, dict) else None
        if not isinstance(held, dict):
            return None
        details = held.get("details")
        return cls(
            code=held["code"] if type(held.get("code")) is int else 0,
            message=held["message"] if isinstance(held.get("message"), str) else "",
            status=held["status"] if isinstance(held.get("status"), str) else "",
            details=[one for one in details if isinstance(one, dict)] if isinstance(details, list) else [],
        )


_WAITS_S = {"wait a second": 1.0, "wait a minute": 60.0}
_IS_ERROR = re.compile(rb'\s*\{\s*"error"\s*:\s*[{"]')


def is_error(body: bytes) -> bool:
    """Whether a body is an error, whatever its HTTP status. Some proxies and gateways answer errors with 200."""
    return _IS_ERROR.match(body) is not None


class NotServed(DecodeError):
    """A 404 from a web server that does not serve the API."""


def refusal(answer: Answer, *, method: str, resource: str) -> CloudTasksError:
    """The error for a response other than 2xx, or for an error in a response of 2xx."""
    error = _Error.of(answer.body)
    status = answer.status
    if error is None:
        # The response is from a proxy, a load balancer or an unrelated server.
        if answer.status < 500 and answer.status not in (401, 403, 407, 408, 429):
            return not_json(answer)
        words = f"HTTP {answer.status} without the API's error message{_glimpse(answer.body)}."
        error, kind = _Error(), error_class(answer.status)
    else:
        status = error.code if 200 <= status < 300 else status
        kind = error_class(status, error.status)
        words = error.message or kind.rpc_status
    refused = kind(
        words,
        code=status or kind.http_status,
        details=error.details,
        method=method,
        resource=resource,
        hint=hint_for(kind.rpc_status, error.message, error.details, method=method, resource=resource),
    )
    refused.retry_after_s = max(answer.retry_after_s, _retry_delay_s(error.details))
    for wait, lasts_s in _WAITS_S.items():
        if refused.retry_after_s > lasts_s and refused.hint:
            refused.hint = refused.hint.replace(wait, f"wait {math.ceil(refused.retry_after_s):,} s")
    return refused


def _retry_delay_s(details: list[dict[str, Any]]) -> float:
    """The delay that google.rpc.RetryInfo asks for, in seconds; 0 if there is none."""
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and str(detail.get("@type")).endswith("google.rpc.RetryInfo"):
            try:
                return min(Duration.parse(delay).total_seconds(), LONGEST_WAIT_S)
            except ValueError:
                continue
    return 0.0


_NAMED = frozenset(("Location", "Queue", "Task", "Operation", "CmekConfig"))


def check_named(kind: str, name: str) -> None:
    """Validate that a resource in a response has a name. Errors: DecodeError, because no verb works without one."""
    if not name and kind in _NAMED:
        raise DecodeError(
            f"The response is not {'an' if kind[0] in 'AEIOU' else 'a'} {kind}: it has no name.",
            hint="check that the endpoint serves the Cloud Tasks API (the response may be from a proxy)",
        )


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
