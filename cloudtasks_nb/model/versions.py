"""The versions of the API: how v2beta2, v2beta3 and v2 write what the one model holds. Pure.

The model holds everything that any version knows, and its fields say which versions have them, under which name
(`marks`). The table here says what is a matter of whole messages: which fields a version lifts out of a nested
message, and which it says through another field. `translation` turns JSON by both, in both directions; `wire()`
makes of them the messages as the version itself describes them. Source: SPEC section 9; the three discovery documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any

import msgspec

from ..errors import ConfigError
from .json import Message
from .marks import OWN as OWN
from .marks import VERSIONS as VERSIONS
from .marks import Version as Version
from .queue import Queue, RetryConfig
from .schema import Field, schema
from .target import AppEngineHttpTarget
from .task import AttemptStatus, Task

Path = tuple[str, ...]
"""A field by the names on the way to it, in snake_case: ("rate_limits", "max_burst_size")."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a version builds one message. Fields by their names in the model, in snake_case.

    `name`: what the version calls the message. `lifted`: fields of a nested message that the version keeps in the outer
    one, under these names. `said`: fields it lacks because another field, which it alone may have, says the same
    ({"pull_target": "type"}).
    """

    name: str = ""
    lifted: Mapping[str, Mapping[str, str]] = {}
    said: Mapping[str, str] = {}


_LATER: dict[type[Message], Shape] = {
    RetryConfig: Shape(said={"unlimited_attempts": "max_attempts"}),  # -1 is unlimited
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
    ),
}

SHAPES: dict[Version, dict[type[Message], Shape]] = {
    "v2beta2": {},
    "v2beta3": _LATER | {Queue: Shape(said={"pull_target": "type"})},
    "v2": _LATER
    | {
        Queue: Shape(
            lifted={"app_engine_http_target": {"app_engine_routing_override": "app_engine_routing_override"}}
        )
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
    """How a version builds this message."""
    return SHAPES[version].get(model_of(kind), _PLAIN)


def versions_with(kind: type[Message], field: str) -> list[Version]:
    """The versions that know a field of a message, under whatever name.

    >>> versions_with(Task, "dispatch_deadline")
    ['v2beta3', 'v2']
    """
    return schema(kind)[field].versions


def check_carries(message: Message, version: Version) -> None:
    """Refuse a message with a field that the version cannot set. Errors: ConfigError, which names those that can."""
    kind = model_of(type(message))
    for name, blank, is_refused in _in_question(kind, version):
        value = getattr(message, name)
        if value is None or value == blank:
            continue
        if is_refused:
            raise not_settable(kind, schema(kind)[name], version)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Message):
                check_carries(part, version)


@cache
def _in_question(kind: type[Message], version: Version) -> list[tuple[str, Any, bool]]:
    """Fields that must not be set in a version, and those that hold messages, in which some may not be: name, blank
    value, whether the field itself is refused. A value of the service's own is not refused: it is ignored."""
    refused = ("absent", "shown-only")
    return [
        (field.name, field.blank, field.behavior(version) in refused)
        for field in schema(kind).values()
        if field.behavior(version) in refused or field.message is not None
    ]


def not_settable(kind: type[Message], field: Field, version: Version, queue_kind: str = "") -> ConfigError:
    """The error for a field that cannot be set in a version, or in a queue of a kind."""
    name, behavior = f"{model_of(kind).__name__}.{field.name}", field.behavior(version, queue_kind)
    if behavior == "absent":
        return not_in(version, name, field.versions)
    able = [other for other in VERSIONS if field.can_be_set(other, queue_kind)]
    way = f"connect with api_version={_either(able)}" if able else ""
    if behavior == "shown-only":
        return ConfigError(f"{name} cannot be set in {version}.", hint=way)
    where = f" in {version}" if able else f" for {queue_kind} queues" if field.can_be_set(version) else ""
    return ConfigError(
        f"{name} is output only{where}: the service sets it.",
        hint=f"leave it out, or {way}" if way else "leave it out",
    )


def _either(versions: Iterable[str]) -> str:
    return " or ".join(f'"{version}"' for version in versions)


def not_in(version: str, what: str, others: Iterable[str]) -> ConfigError:
    """The error for something that a version does not offer.

    >>> not_in("v2", "Leasing tasks", ["v2beta2"]).hint
    'connect with api_version="v2beta2"'
    """
    return ConfigError(
        f"{what} does not exist in {version}.", hint=f"connect with api_version={_either(others)}"
    )


def path_in(path: Path, version: Version, kind: type[Message] = Queue) -> list[Path]:
    """A field of the model as this version's field mask names it; several where a whole lifted message is meant.

    Errors: ConfigError for a field that the version lacks.

    >>> path_in(("rate_limits", "max_concurrent_tasks"), "v2")
    [('rate_limits', 'max_concurrent_dispatches')]
    """
    if not path:
        return [()]
    shape, (name, *rest) = shape_of(kind, version), path
    field = schema(model_of(kind)).get(name)
    if field is None:
        return [path]
    if field.behavior(version) == "absent":
        raise not_settable(kind, field, version)
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
    return [(field.name_in(version), *tail) for tail in path_in(tuple(rest), version, _held_by(kind, name))]


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
    said: list[Path] = [(ours,) for ours, by in shape.said.items() if by == name]
    ours = next(
        (field.name for field in schema(model_of(kind)).values() if field.name_in(version) == name), None
    )
    if ours is None:
        return said
    tails = path_from(tuple(rest), version, _held_by(kind, ours))
    return [*((ours, *tail) for tail in tails), *said]


class Member(msgspec.Struct, frozen=True):
    """A field as a version has it: its name there, the field of the model, and the way to it in the model's message."""

    name: str
    field: Field
    home: Path


@cache
def members(kind: type[Message], version: Version) -> tuple[Member, ...]:
    """The fields of a message in this version, but for those that only say what others of the model say."""
    shape = shape_of(kind, version)
    found = []
    for field in schema(model_of(kind)).values():
        if field.name in shape.lifted:
            inner = schema(_held_by(kind, field.name))
            lifts = shape.lifted[field.name].items()
            found += [Member(outer, inner[name], (field.name, name)) for name, outer in lifts]
        elif field.behavior(version) != "absent" and field.name not in shape.said:
            found.append(Member(field.name_in(version), field, (field.name,)))
    return tuple(found)


@cache
def wire(kind: type[Message], version: Version) -> type[Message]:
    """A message class with the fields and names of this version; the model's own where nothing differs.

    >>> wire(Task, "v2").__struct_fields__[:3]
    ('name', 'app_engine_http_request', 'http_request')
    """
    shape, known = shape_of(kind, version), schema(model_of(kind))
    fields = [
        (member.name, _wire_type(member, known[member.home[0]], version), _default(member.field))
        for member in members(kind, version)
    ]
    names = {name for name, *_ in fields}
    fields += [(name, str, "") for name in shape.said.values() if name not in names]
    if shape == _PLAIN and [(name, hint) for name, hint, _ in fields] == [
        (field.name, field.info.type) for field in known.values()
    ]:
        return kind
    name = shape.name or kind.__name__
    made: type[Any] = msgspec.defstruct(name, fields, bases=(Message,), kw_only=True, module=__name__)
    return made


def _wire_type(member: Member, outer: Field, version: Version) -> Any:
    """The type of a member, with its marks; one that is lifted out of a message has those of that message."""
    field, hint = member.field, member.field.info.type
    if field.message is not None and (there := wire(field.message, version)) is not field.message:
        one: Any = list[there] if field.repeated else there | None  # type: ignore[valid-type]
        hint = Annotated[(one, *field.marks)] if field.marks else one
    return Annotated[(hint, *outer.marks)] if outer is not field and outer.marks else hint


def _default(field: Field) -> Any:
    info = field.info
    return (
        msgspec.field(default_factory=info.default_factory)
        if info.default is msgspec.NODEFAULT
        else info.default
    )


def _held_by(kind: type[Message], field: str) -> type[Message]:
    """The message in a field; for anything else a message without fields."""
    found = schema(model_of(kind)).get(field)
    return (found.message if found is not None else None) or Message


def model_of(kind: type[Message]) -> type[Message]:
    """The model's own class of a resource, which derives from it."""
    return next(base for base in kind.__mro__ if base.__module__.startswith(f"{__package__}."))
