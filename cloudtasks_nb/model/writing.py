"""Prepare messages and settings for a request: remove output-only fields, and build field masks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from .json import Message
from .marks import OWN, Spoken
from .queue import Queue
from .schema import Field, below, schema
from .target import AppEngineRouting
from .versions import model_of

M = TypeVar("M", bound=Message)

# Values that are always set as a whole: the service computes the host from the complete route.
_WHOLE = (AppEngineRouting,)


def as_new(message: M, version: Spoken = OWN, queue_kind: str = "") -> M:
    """The message to send to re-create a resource that was read as `message`.

    It leaves out the fields that are output only in this version and for a queue of this kind, at any depth: the
    service sets them. A field that the version lacks stays, and the call raises ConfigError.

    >>> from cloudtasks_nb.model import RateLimits
    >>> read = Queue(name="q", state="PAUSED", rate_limits=RateLimits(max_burst_size=5, max_concurrent_tasks=2))
    >>> as_new(read, "v2") == Queue(name="q", rate_limits=RateLimits(max_concurrent_tasks=2))
    True
    """
    values = {
        field.name: _as_new(value, version, queue_kind)
        for field, value in _settable(message, version, queue_kind)
    }
    return cast(M, model_of(type(message))(**values))


def mask_paths(given: Mapping[str, Any], version: Spoken = OWN, queue_kind: str = "") -> list[str]:
    """The field-mask paths of queue settings, as in the API: "rateLimits.maxConcurrentTasks".

    Every key of a dict counts, even if its value is None. In a message, every field counts that is set and not output
    only. Both apply at any depth.

    >>> mask_paths({"http_target": {"uri_override": {"host": "example.com"}, "oidc_token": None}})
    ['httpTarget.uriOverride.host', 'httpTarget.oidcToken']
    """
    known = schema(Queue)
    return [path for name, value in given.items() for path in _paths(known[name], value, version, queue_kind)]


def _paths(field: Field, value: Any, version: Spoken, queue_kind: str) -> list[str]:
    kind = field.message
    if kind is None or field.repeated or kind in _WHOLE or value is None:
        return [field.wire]
    if isinstance(value, Mapping):
        passed = [(schema(kind)[name], held) for name, held in value.items()]
    else:
        passed = list(_settable(value, version, queue_kind))
    return [
        f"{field.wire}.{path}"
        for inner, held in passed
        for path in _paths(inner, held, version, queue_kind) or [inner.wire]
    ]


def _settable(message: Message, version: Spoken, queue_kind: str) -> Iterator[tuple[Field, Any]]:
    """The fields that are set, except those that are output only."""
    for field, blank in _not_output_only(type(message), version, queue_kind):
        value = getattr(message, field.name)
        if value != blank:
            yield field, value


@cache
def _not_output_only(kind: type[Message], version: Spoken, queue_kind: str) -> list[tuple[Field, Any]]:
    """The fields that are not output only, each with its blank value."""
    return [
        (field, field.blank)
        for field in schema(kind).values()
        if field.behavior(version, queue_kind) != "output-only"
    ]


def _as_new(value: Any, version: Spoken, queue_kind: str) -> Any:
    if isinstance(value, list):
        return [_as_new(item, version, queue_kind) for item in value]
    if isinstance(value, Message) and _has_output_only(type(value), version, queue_kind):
        return as_new(value, version, queue_kind)
    return value


@cache
def _has_output_only(kind: type[Message], version: Spoken, queue_kind: str) -> bool:
    """Whether a message has output-only fields, at any depth."""
    fields = [field for inner in below(kind) for field in schema(inner).values()]
    return any(field.behavior(version, queue_kind) == "output-only" for field in fields)
