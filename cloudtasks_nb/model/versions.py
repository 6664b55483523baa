"""The API versions v2beta2, v2beta3 and v2: how each writes the messages of the model. (pure)

The model has the fields of all versions; marks on a field (`marks`) name the versions that have it, and its name there.
The table here covers differences of whole messages: fields that a version moves out of a nested message, and fields
that it derives from another field. `translation` uses both to convert JSON; `wire()` builds the messages of a version.
Source: SPEC section 9; the three discovery documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any

import msgspec

from ..errors import ConfigError
from .json import Message
from .marks import AUTO as AUTO
from .marks import OWN as OWN
from .marks import VERSIONS as VERSIONS
from .marks import Spoken as Spoken
from .marks import Version as Version
from .queue import Queue, RetryConfig
from .schema import Field, schema
from .target import AppEngineHttpTarget
from .task import AttemptStatus, Task

Path = tuple[str, ...]
"""The path of a field, in snake_case: ("rate_limits", "max_burst_size")."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How a version builds one message. Fields by their names in the model, in snake_case.

    `name`: the name of the message in the version. `lifted`: fields of a nested message that the version keeps in the
    outer one, under these names. `said`: fields that it lacks because another field has the same information
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
    """Raise ConfigError for an unknown version."""
    if version not in (AUTO, *VERSIONS):
        raise ConfigError(
            f"api_version={version!r} is not supported.", hint=f"use one of {', '.join((AUTO, *VERSIONS))}"
        )


def version_of(type_name: str) -> Version:
    """The version in a type name: "type.googleapis.com/google.cloud.tasks.v2.Task"."""
    return next((version for version in VERSIONS if f".{version}." in type_name), OWN)


def shape_of(kind: type[Message], version: Version) -> Shape:
    """The shape of this message in a version."""
    return SHAPES[version].get(model_of(kind), _PLAIN)


def versions_with(kind: type[Message], field: str) -> list[Version]:
    """The versions that have a field of a message, under any name.

    >>> versions_with(Task, "dispatch_deadline")
    ['v2beta3', 'v2']
    """
    return schema(kind)[field].versions


def check_carries(message: Message, version: Version) -> None:
    """Check that the version can set all fields of a message. Errors: ConfigError, which names versions that can."""
    for name, blank, is_refused in _in_question(type(message), version):
        value = getattr(message, name)
        if value is None or value == blank:
            continue
        if is_refused:
            raise not_settable(type(message), schema(type(message))[name], version)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Message):
                check_carries(part, version)


@cache
def _in_question(kind: type[Message], version: Version) -> list[tuple[str, Any, bool]]:
    """Fields that cannot be set in a version, and messages that may contain such fields: name, blank value, and whether
    the field itself raises. Fields that the service sets do not raise: they are ignored."""
    return [
        (field.name, field.blank, is_refused)
        for field in schema(model_of(kind)).values()
        if (is_refused := _is_refused(field, version)) or field.message is not None
    ]


def _is_refused(field: Field, version: Version) -> bool:
    """Whether this version would lose the value. Fields that are output only in all versions do not count."""
    behavior = field.behavior(version)
    return behavior in ("absent", "shown-only") or (behavior == "output-only" and field.can_be_set(AUTO))


def not_settable(kind: type[Message], field: Field, version: Spoken, queue_kind: str = "") -> ConfigError:
    """The error for a field that cannot be set in a version, or in a queue of a kind."""
    name, behavior = f"{model_of(kind).__name__}.{field.name}", field.behavior(version, queue_kind)
    if behavior == "absent":
        return not_in(version, name, field.versions)
    able = [other for other in VERSIONS if field.can_be_set(other, queue_kind)]
    way = f"connect with api_version={_either(able)}" if able else ""
    if behavior == "shown-only":
        return ConfigError(f"{name} cannot be set in {version}.", hint=way)
    where = f" for {queue_kind} queues" if not able and field.can_be_set(version) else ""
    where = f" in {version}" if able and version != AUTO else where
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
    """The paths of a model field in the field mask of a version; several for a message that it moves out.

    Errors: ConfigError for a field that the version lacks.

    >>> path_in(("rate_limits", "max_concurrent_tasks"), "v2")
    [('rate_limits', 'max_concurrent_dispatches')]
    """
    if not path:
        return [()]
    name, said = path[0], shape_of(kind, version).said
    if name in said:
        return [(said[name],)]
    found = [
        (member.name, *tail)
        for member in members(kind, version)
        if all(ours == asked for ours, asked in zip(member.home, path, strict=False))
        for tail in path_in(path[len(member.home) :], version, member.field.message or Message)
    ]
    known = schema(model_of(kind))
    if not found and name in known:
        raise not_settable(kind, known[name], version)
    return found or [path]


def path_from(path: Path, version: Version, kind: type[Message] = Queue) -> list[Path]:
    """The model paths of a field in the mask of a version; several if one field stands for two of the model.

    >>> path_from(("retry_config", "max_attempts"), "v2")
    [('retry_config', 'max_attempts'), ('retry_config', 'unlimited_attempts')]
    """
    if not path:
        return [()]
    said: list[Path] = [(ours,) for ours, by in shape_of(kind, version).said.items() if by == path[0]]
    return [
        (*member.home, *tail)
        for member in members(kind, version)
        if member.name == path[0]
        for tail in path_from(path[1:], version, member.field.message or Message)
    ] + said


class Member(msgspec.Struct, frozen=True):
    """A field of a version: its name there, the field of the model, and its path in the model's message."""

    name: str
    field: Field
    home: Path


@cache
def members(kind: type[Message], version: Version) -> tuple[Member, ...]:
    """The fields of a message in this version, except those that repeat other fields of the model."""
    shape = shape_of(kind, version)
    found = []
    for field in schema(kind).values():
        if field.name in shape.lifted and field.message is not None:
            inner = schema(field.message)
            for name, outer in shape.lifted[field.name].items():
                marked = msgspec.structs.replace(inner[name], marks=(*field.marks, *inner[name].marks))
                found.append(Member(outer, marked, (field.name, name)))
        elif version in field.versions and field.name not in shape.said:
            found.append(Member(field.name_in(version), field, (field.name,)))
    return tuple(found)


@cache
def wire(kind: type[Message], version: Version) -> type[Message]:
    """A message class with the fields and names of this version; the model's class if nothing differs.

    >>> wire(Task, "v2").__struct_fields__[:3]
    ('name', 'app_engine_http_request', 'http_request')
    """
    shape, known = shape_of(kind, version), schema(model_of(kind)).values()
    fields = [
        (member.name, _wire_type(member.field, version), member.field.blank)
        for member in members(kind, version)
    ]
    names = {name for name, *_ in fields}
    fields += [(name, str, "") for name in shape.said.values() if name not in names]
    if shape == _PLAIN and [one[:2] for one in fields] == [(field.name, field.info.type) for field in known]:
        return kind
    name = shape.name or kind.__name__
    made: type[Any] = msgspec.defstruct(name, fields, bases=(Message,), kw_only=True, module=__name__)
    return made


def _wire_type(field: Field, version: Version) -> Any:
    hint = field.hint
    if field.message is not None and (there := wire(field.message, version)) is not field.message:
        hint = list[there] if field.repeated else there | None  # type: ignore[valid-type]
    return Annotated[(hint, *field.marks)] if field.marks else hint


def model_of(kind: type[Message]) -> type[Message]:
    """The model class that a resource class derives from."""
    return next(base for base in kind.__mro__ if base.__module__.startswith(f"{__package__}."))
