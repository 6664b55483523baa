"""The versions of the API: how v2beta2, v2beta3 and v2 write what the one model holds. Pure.

The model holds everything that any version knows. The table says, version by version, which fields a version calls by
another name, lifts out of a nested message, or lacks. `translation` turns JSON by it, in both directions; `wire()`
makes of it the messages as the version itself describes them. Source: SPEC section 9; the three discovery documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from ..errors import ConfigError
from .json import Message
from .queue import Queue, RateLimits, RetryConfig
from .schema import schema
from .target import AppEngineHttpTarget
from .task import AppEngineHttpRequest, AttemptStatus, Task

Version = Literal["v2beta2", "v2beta3", "v2"]
VERSIONS: tuple[Version, ...] = ("v2beta2", "v2beta3", "v2")
OWN: Version = "v2beta2"
"""The version whose JSON is the model's own, but for fields that only the later ones have."""

Path = tuple[str, ...]
"""A field by the names on the way to it, in snake_case: ("rate_limits", "max_burst_size")."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a version writes one message. Fields by their names in the model, in snake_case.

    `renamed`: what the version calls a field. `lifted`: fields of a nested message that the version keeps in the outer
    one, under these names. `absent`: fields it lacks. `said`: fields it lacks because another field, which it alone
    may have, says the same ({"pull_target": "type"}). `only_read`: fields that it shows, and lets nobody set.
    """

    name: str = ""
    renamed: Mapping[str, str] = {}
    lifted: Mapping[str, Mapping[str, str]] = {}
    absent: tuple[str, ...] = ()
    said: Mapping[str, str] = {}
    only_read: tuple[str, ...] = ()


_LATER: dict[type[Message], Shape] = {
    RateLimits: Shape(
        renamed={
            "max_tasks_dispatched_per_second": "max_dispatches_per_second",
            "max_concurrent_tasks": "max_concurrent_dispatches",
        }
    ),
    RetryConfig: Shape(said={"unlimited_attempts": "max_attempts"}),  # -1 is unlimited
    AppEngineHttpRequest: Shape(renamed={"relative_url": "relative_uri", "payload": "body"}),
    AttemptStatus: Shape(name="Attempt"),
    AppEngineHttpTarget: Shape(name="AppEngineHttpQueue"),
    Task: Shape(
        lifted={
            "status": {
                "attempt_dispatch_count": "dispatch_count",
                "attempt_response_count": "response_count",
                "first_attempt_status": "first_attempt",
                "last_attempt_status": "last_attempt",
            }
        },
        only_read=("pull_message",),
    ),
    Queue: Shape(
        renamed={"app_engine_http_target": "app_engine_http_queue"},
        said={"pull_target": "type"},
    ),
}

SHAPES: dict[Version, dict[type[Message], Shape]] = {
    "v2beta2": {
        Queue: Shape(absent=("stackdriver_logging_config",)),
        Task: Shape(absent=("dispatch_deadline",)),
    },
    "v2beta3": _LATER,
    "v2": _LATER
    | {
        # The burst is the service's own in v2, and ignored where it is sent all the same.
        RateLimits: msgspec.structs.replace(_LATER[RateLimits], only_read=("max_burst_size",)),
        Queue: Shape(
            lifted={"app_engine_http_target": {"app_engine_routing_override": "app_engine_routing_override"}},
            absent=("pull_target", "stats", "task_ttl", "tombstone_ttl"),
        ),
        Task: Shape(lifted=_LATER[Task].lifted, absent=("pull_message",)),
    },
}

_PLAIN = Shape()


def check_version(version: str) -> None:
    """Refuse what is no version. Errors: ConfigError."""
    if version not in VERSIONS:
        raise ConfigError(
            f"api_version={version!r} is not supported.", hint=f"use one of {', '.join(VERSIONS)}"
        )


def shape_of(kind: type[Message], version: Version) -> Shape:
    """How a version writes this message."""
    return SHAPES[version].get(model_of(kind), _PLAIN)


def versions_with(kind: type[Message], field: str) -> list[Version]:
    """The versions that know a field of a message, under whatever name.

    >>> versions_with(Task, "dispatch_deadline")
    ['v2beta3', 'v2']
    """
    return [version for version in VERSIONS if field not in shape_of(kind, version).absent]


def check_carries(message: Message, version: Version) -> None:
    """Refuse a message with a field set that the version lacks. Errors: ConfigError, which names those that have it."""
    kind = type(message)
    for name, default, is_refused in _in_question(kind, version):
        value = getattr(message, name)
        if value is None or value == default:
            continue
        if is_refused:
            raise _refused(model_of(kind), name, version)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Message):
                check_carries(part, version)


@cache
def _in_question(kind: type[Message], version: Version) -> list[tuple[str, Any, bool]]:
    """Fields that must not be set in a version, and those that hold messages, in which some may not be: name, default,
    whether the field itself is refused."""
    model = model_of(kind)
    shape = shape_of(model, version)
    refused = {*shape.absent, *shape.only_read}
    return [
        (info.name, info.default, info.name in refused)
        for info in msgspec.structs.fields(model)
        if info.name in refused or _held_by(model, info.name) is not Message
    ]


def _refused(kind: type[Message], name: str, version: Version) -> ConfigError:
    others = versions_with(kind, name)
    if name in shape_of(kind, version).absent:
        return not_in(version, f"{kind.__name__}.{name}", others)
    able = [other for other in others if name not in shape_of(kind, other).only_read]
    return not_in(version, f"Setting {kind.__name__}.{name}", able)


def not_in(version: str, what: str, others: Iterable[str]) -> ConfigError:
    """The error for something that a version does not offer.

    >>> not_in("v2", "Leasing tasks", ["v2beta2"]).hint
    'connect with api_version="v2beta2"'
    """
    named = " or ".join(f'"{other}"' for other in others)
    return ConfigError(f"{what} does not exist in {version}.", hint=f"connect with api_version={named}")


def path_in(path: Path, version: Version, kind: type[Message] = Queue) -> list[Path]:
    """A field of the model as this version's field mask names it; several where a whole lifted message is meant.

    Errors: ConfigError for a field that the version lacks.

    >>> path_in(("rate_limits", "max_concurrent_tasks"), "v2")
    [('rate_limits', 'max_concurrent_dispatches')]
    """
    if not path:
        return [()]
    shape, (name, *rest) = shape_of(kind, version), path
    if name in shape.absent:
        raise not_in(version, f"{model_of(kind).__name__}.{name}", versions_with(kind, name))
    if name in shape.said:
        return [(shape.said[name],)]
    if name in shape.lifted:
        lifts = shape.lifted[name]
        below = _held_by(kind, name)
        return [
            (outer, *tail)
            for inner, outer in lifts.items()
            if not rest or rest[0] == inner
            for tail in path_in(tuple(rest[1:]), version, _held_by(below, inner))
        ]
    return [
        (shape.renamed.get(name, name), *tail) for tail in path_in(tuple(rest), version, _held_by(kind, name))
    ]


def path_from(path: Path, version: Version, kind: type[Message] = Queue) -> list[Path]:
    """A field of this version's mask as paths of the model; several where one field of the version says two.

    >>> path_from(("retry_config", "max_attempts"), "v2")
    [('retry_config', 'max_attempts'), ('retry_config', 'unlimited_attempts')]
    """
    if not path:
        return [()]
    shape, (name, *rest) = shape_of(kind, version), path
    for field, lifts in shape.lifted.items():
        inner = next((inner for inner, outer in lifts.items() if outer == name), None)
        if inner is not None:
            tails = path_from(tuple(rest), version, _held_by(_held_by(kind, field), inner))
            return [(field, inner, *tail) for tail in tails]
    model_name = next((ours for ours, theirs in shape.renamed.items() if theirs == name), name)
    said: list[Path] = [(field,) for field, by in shape.said.items() if by == name]
    if model_name not in model_of(kind).__struct_fields__:
        return said
    tails = path_from(tuple(rest), version, _held_by(kind, model_name))
    return [*((model_name, *tail) for tail in tails), *said]


class Member(msgspec.Struct, frozen=True):
    """A field as a version has it: its name there, its type in the model, and the way to it in the model's message."""

    name: str
    info: msgspec.structs.FieldInfo
    home: Path


@cache
def members(kind: type[Message], version: Version) -> tuple[Member, ...]:
    """The fields of a message in this version, but for those that only say what others of the model say."""
    shape = shape_of(kind, version)
    found = []
    for info in msgspec.structs.fields(model_of(kind)):
        if info.name in shape.lifted:
            inner = {field.name: field for field in msgspec.structs.fields(_held_by(kind, info.name))}
            lifts = shape.lifted[info.name].items()
            found += [Member(outer, inner[name], (info.name, name)) for name, outer in lifts]
        elif info.name not in (*shape.absent, *shape.said):
            found.append(Member(shape.renamed.get(info.name, info.name), info, (info.name,)))
    return tuple(found)


@cache
def wire(kind: type[Message], version: Version) -> type[Message]:
    """A message class with the fields and names of this version; the model's own where nothing differs.

    >>> wire(Task, "v2").__struct_fields__[:3]
    ('name', 'app_engine_http_request', 'http_request')
    """
    shape = shape_of(kind, version)
    fields = [
        (member.name, _wire_type(member.info.type, version), _default(member.info))
        for member in members(kind, version)
    ]
    known = {name for name, *_ in fields}
    fields += [(name, str, "") for name in shape.said.values() if name not in known]
    if shape == _PLAIN and [hint for _, hint, _ in fields] == [
        info.type for info in msgspec.structs.fields(kind)
    ]:
        return kind
    name = shape.name or kind.__name__
    made: type[Any] = msgspec.defstruct(name, fields, bases=(Message,), kw_only=True, module=__name__)
    return made


def _wire_type(hint: Any, version: Version) -> Any:
    if get_origin(hint) in (Union, UnionType):
        return Union[tuple(_wire_type(part, version) for part in get_args(hint))]  # noqa: UP007 - built at run time
    if get_origin(hint) is list:
        return list[_wire_type(get_args(hint)[0], version)]  # type: ignore[misc]
    return wire(hint, version) if isinstance(hint, type) and issubclass(hint, Message) else hint


def _default(info: msgspec.structs.FieldInfo) -> Any:
    if info.default is not msgspec.NODEFAULT:
        return info.default
    return msgspec.field(default_factory=info.default_factory)


def _held_by(kind: type[Message], field: str) -> type[Message]:
    """The message in a field; for anything else a message without fields."""
    found = schema(model_of(kind)).get(field)
    return (found.message if found is not None else None) or Message


def model_of(kind: type[Message]) -> type[Message]:
    """The model's own class of a resource, which derives from it."""
    return next(base for base in kind.__mro__ if base.__module__.startswith(f"{__package__}."))
