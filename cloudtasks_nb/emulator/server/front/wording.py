"""Translates responses and errors into the wording of an API version. Source: SPEC section 9."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from ....errors import ApiError
from ....model import Message, Operation, Queue, Task
from ....model.methods import METHODS, Method
from ....model.schema import below, camel, schema
from ....model.translation import PACKAGE, touched, write
from ....model.versions import OWN, Version
from ..store.task_json import InVersion

_FIELDS = [(kind, field) for kind in below(Queue, Task) for field in schema(kind).values()]
_API = PACKAGE.rpartition("/")[2]
_ONE_OF = (b'"appEngineHttpTarget":', b'"httpTarget":')
_SENTENCES = {
    "RetryConfig.maxAttempts must be greater than 0.": "RetryConfig.maxAttempts must be greater or equal to -1."
}


def said_in(raw: bytes, method: Method) -> bytes:
    """A response of the model, in the method's version."""
    if isinstance(raw, InVersion):
        return raw
    kind = METHODS[method.id].response
    has_both = method.version == OWN and _ONE_OF[0] in raw and _ONE_OF[1] in raw
    if not has_both and not _may_differ(raw, kind, method.version):
        return raw
    values = write(kind, msgspec.json.decode(raw), method.version)
    if has_both:
        for queue in (values, *values.get("queues", ())):
            _choose_target(queue)
    if kind is Operation and method.version != OWN:
        for failed in values.get("metadata", {}).get("failedRequests", {}).values():
            failed["message"] = _said(failed["message"], method.version)
    return msgspec.json.encode(values)


def _may_differ(raw: bytes, kind: type[Message], version: Version) -> bool:
    """Whether a response holds a member that the version writes differently."""
    for name in _touched(kind, version):  # noqa: SIM110 - a generator would take three times as long, in each call
        if name in raw:
            return True
    return False


@cache
def _touched(kind: type[Message], version: Version) -> tuple[bytes, ...]:
    return tuple(f'"{name}":'.encode() for name in touched(kind, version))


def _choose_target(queue: dict[str, Any]) -> None:
    """Keeps one target: in v2beta2 a queue has at most one, and clients reject a response with two."""
    if "appEngineHttpTarget" in queue:
        queue.pop("httpTarget", None)


def reworded(error: ApiError, version: Version) -> ApiError:
    """An error with the version's own names of fields, types and methods."""
    if version != OWN:
        error.message = _said(error.message, version)
        error.details = msgspec.json.decode(_said(msgspec.json.encode(error.details).decode(), version))
    return error


def _said(text: str, version: Version) -> str:
    for ours, theirs in _words(version).items():
        text = text.replace(ours, theirs)
    return text


@cache
def _words(version: Version) -> dict[str, str]:
    """Replacements in messages of this version: "RateLimits.maxConcurrentTasks", …"""
    renamed = {
        f"{kind.__name__}.{spell(field.name)}": f"{kind.__name__}.{spell(field.name_in(version))}"
        for kind, field in _FIELDS
        if field.name_in(version) != field.name
        for spell in (camel, str)
    }
    return renamed | _SENTENCES | {f"{_API}{OWN}.": f"{_API}{version}."}
