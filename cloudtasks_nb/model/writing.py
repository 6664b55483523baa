"""What may be sent of a message that was read, and of settings that a person passes: values and field mask."""

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

# Values that are set as a whole: a route is one value, from which the service computes the host.
_WHOLE = (AppEngineRouting,)


def as_new(message: M, version: Spoken = OWN, queue_kind: str = "") -> M:
    """The message to send in order to create again what `message` describes, as it was read.

    It leaves out the fields that are output only in this version and for a queue of this kind, at any depth: the
    service sets them. A field that the version lacks stays in, and the call refuses it.

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
    """Paths of the settings of a queue that were passed, as the API spells them: "rateLimits.maxConcurrentTasks".

    Every key of a dict counts, also one whose value is None. Of a message, every field counts that is set and not
    output only. Both at any depth.

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
    """The fields, each with its blank value."""
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
    """Whether a message has anything to leave out, at any depth."""
    fields = [field for inner in below(kind) for field in schema(inner).values()]
    return any(field.behavior(version, queue_kind) == "output-only" for field in fields)
