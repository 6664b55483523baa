"""Translate JSON of the model to JSON of an API version and back, by the table in `versions`. (pure)

`write` translates the members of a message by their JSON names. To read, `reading` builds a class with the fields of
the version; the model's message is made from its attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec

from .json import Message
from .operation import Operation
from .queue import UNLIMITED
from .schema import Field, below, camel, schema
from .target import PullTarget
from .task import Task
from .versions import OWN, Version, members, model_of, shape_of

Values = dict[str, Any]
Writer = Callable[[Values], Values]

PACKAGE = "type.googleapis.com/google.cloud.tasks."
"""The beginning of the API's type names; the version follows."""


def write(kind: type[Message], values: Values, version: Version) -> Values:
    """Translate JSON of a model message to JSON of this version. Fields that the version lacks are left out.

    >>> from cloudtasks_nb.model import RateLimits
    >>> write(RateLimits, {"maxConcurrentTasks": 5}, "v2")
    {'maxConcurrentDispatches': 5}
    """
    writer = _writer(model_of(kind), version)
    return values if writer is None else writer(values)


def differs(kind: type[Message], version: Version) -> bool:
    """Whether this version writes a message, or anything in it, differently from the model."""
    return _writer(model_of(kind), version) is not None


@cache
def touched(kind: type[Message], version: Version) -> frozenset[str]:
    """The JSON names of members, at any depth, that this version may write differently. JSON without them is the same.

    >>> sorted(touched(Task, "v2beta2"))
    ['dispatchDeadline']
    """
    names: set[str] = set()
    for message in below(model_of(kind)):
        same = {member.home for member in members(message, version) if member.home == (member.name,)}
        names |= {field.wire for name, field in schema(message).items() if (name,) not in same}
        if "type" in shape_of(message, version).said.values():
            names.add("state")
        if message is Operation:  # its tasks have no field of their own, and its @type names the version
            names |= touched(Task, version) if version == OWN else {"@type"}
    return frozenset(names)


class _Place(msgspec.Struct, frozen=True):
    """The place of a member (or of `inner`, a member of its nested message): `name`, written by `below`."""

    inner: str
    name: str
    below: Writer | None


@cache
def _writer(kind: type[Message], version: Version) -> Writer | None:
    """The writer of a message; None if the version writes it like the model."""
    places: dict[str, list[_Place]] = {field.wire: [] for field in schema(kind).values()}
    for member in members(kind, version):
        outer, *inner = map(camel, member.home)
        below = _writer(member.field.message, version) if member.field.message is not None else None
        if kind is Operation and outer in ("metadata", "response"):
            below = _packed(version)
        places[outer].append(_Place("".join(inner), camel(member.name), below))
    if all(held == [_Place("", name, None)] for name, held in places.items()):
        return None
    says = bool(shape_of(kind, version).said)

    def written(values: Values) -> Values:
        out: Values = {}
        for name, value in values.items():
            if name not in places:
                out[name] = value
            for place in places.get(name, ()):
                if not place.inner:
                    out[place.name] = _each(value, place.below)
                elif place.inner in value:
                    out[place.name] = _each(value[place.inner], place.below)
        if says:
            _say(values, out)
        return out

    return written


def _say(values: Values, out: Values) -> None:
    """Write values that the later versions keep in another field than the model."""
    if values.get("unlimitedAttempts"):
        out["maxAttempts"] = UNLIMITED
    is_pull = "pullTarget" in values
    if is_pull or "state" in values:  # only responses have a state, and they always have a type
        out["type"] = "PULL" if is_pull else "PUSH"


def _packed(version: Version) -> Writer:
    """The writer of the message in an operation. Its @type names the message and the version."""
    tasks = _writer(Task, version)

    def written(values: Values) -> Values:
        name = str(values.get("@type", ""))
        if not name.startswith(PACKAGE):
            return values
        values = values | {"@type": f"{PACKAGE}{version}.{name.rpartition('.')[2]}"}
        return values | {"tasks": _each(values["tasks"], tasks)} if "tasks" in values else values

    return written


def _each(value: Any, below: Writer | None) -> Any:
    """Write a message, or every message of a list; return other values unchanged."""
    if below is None:
        return value
    if isinstance(value, list):
        return [_each(item, below) for item in value]
    return below(value) if isinstance(value, dict) else value


# Fields that the later versions derive from another field, read as `said_<name>`.
_SAID = {
    "unlimited_attempts": lambda here: here.said_max_attempts == UNLIMITED,
    "max_attempts": lambda here: here.said_max_attempts if here.said_max_attempts != UNLIMITED else None,
    "pull_target": lambda here: PullTarget() if here.said_type == "PULL" else None,
}


@cache
def reading(kind: type, version: Version) -> type:
    """The class that reads a message of a version; `kind` itself if the JSON is the same as the model's.

    >>> from .queue import RetryConfig
    >>> read = msgspec.json.decode(b'{"maxAttempts": -1}', type=reading(RetryConfig, "v2"))
    >>> msgspec.convert(read, RetryConfig, from_attributes=True).unlimited_attempts
    True
    """
    if not (isinstance(kind, type) and issubclass(kind, Message)):
        return kind
    known, said = schema(kind), shape_of(kind, version).said
    fields: list[tuple[str, Any, Any]] = []
    words: dict[str, str] = {}
    lifted: dict[str, dict[str, str]] = {}
    for member in members(kind, version):
        if member.name in said.values():
            continue
        outer, *inner = member.home
        name = member.name if inner else outer
        if inner:
            lifted.setdefault(outer, {})[inner[0]] = name
        fields.append((name, _hint(member.field, version), member.field.blank))
        words[name] = camel(member.name)
    for name in said.values():
        held = known.get(name)
        fields.append((f"said_{name}", held.info.type if held else str, held.blank if held else ""))
        words[f"said_{name}"] = camel(name)
    asked = {
        name: (field.info.type, field.wire) for name, field in known.items() if version in field.versions
    }
    if {name: (hint, words[name]) for name, hint, _ in fields} == asked:
        return kind
    made = {name: _SAID[name] for name in (*said, *said.values()) if name in known}
    made |= {outer: _gathered(known[outer].message, names) for outer, names in lifted.items()}
    namespace = {name: property(read) for name, read in made.items()} | {"keeps_texts": kind.keeps_texts}
    return msgspec.defstruct(
        kind.__name__, fields, bases=(Message,), rename=words, namespace=namespace, module=__name__
    )


def _hint(field: Field, version: Version) -> Any:
    """The type of a field in a reading class."""
    there = field.message and reading(field.message, version)
    if there is field.message:
        return field.info.type
    return list[there] if field.repeated else there | None  # type: ignore[valid-type,operator]


def _gathered(kind: Any, names: dict[str, str]) -> Callable[[Any], Message | None]:
    """Builds a nested message from fields that the version has in the outer one, under these names."""
    blanks = {name: schema(kind)[name].blank for name in names}

    def gathered(here: Any) -> Message | None:
        values = {name: getattr(here, outer) for name, outer in names.items()}
        return kind(**values) if values != blanks else None

    return gathered
