"""How is JSON of a version read: by a class with its words, from whose attributes the model's message is made. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any

import msgspec

from .json import Message
from .marks import Version
from .queue import UNLIMITED
from .schema import Field, camel, schema
from .target import PullTarget
from .versions import shape_of

# What the later versions say through another field, which is held as `said_<name>`.
_SAID = {
    "unlimited_attempts": lambda here: here.said_max_attempts == UNLIMITED,
    "max_attempts": lambda here: here.said_max_attempts if here.said_max_attempts != UNLIMITED else None,
    "pull_target": lambda here: PullTarget() if here.said_type == "PULL" else None,
}


@cache
def reading(kind: type, version: Version) -> type:
    """The class that reads a message in a version's words; `kind` itself where the words are the model's.

    >>> from .queue import RetryConfig
    >>> read = msgspec.json.decode(b'{"maxAttempts": -1}', type=reading(RetryConfig, "v2"))
    >>> msgspec.convert(read, RetryConfig, from_attributes=True).unlimited_attempts
    True
    """
    if not (isinstance(kind, type) and issubclass(kind, Message)):
        return kind
    shape, found = shape_of(kind, version), _Members(version)
    for field in schema(kind).values():
        if field.name in shape.lifted and field.message is not None:
            found.lift(field, field.message, shape.lifted[field.name])
        elif field.name in shape.said or field.name in shape.said.values():
            found.properties[field.name] = property(_SAID[field.name])
        elif version in field.versions:
            found.add(field.name, field, field.name_in(version))
    for name in shape.said.values():
        held = schema(kind).get(name)
        found.fields.append((f"said_{name}", held.info.type if held else str, held.blank if held else ""))
        found.wire[f"said_{name}"] = camel(name)
    if not found.differ and not shape.said:
        return kind
    made: type = msgspec.defstruct(
        kind.__name__,
        found.fields,
        bases=(Message,),
        rename=found.wire,
        namespace={**found.properties, "keeps_texts": kind.keeps_texts},
        module=__name__,
    )
    return made


class _Members:
    """The members of a class that reads: fields, their names in JSON, and what is made of other fields."""

    def __init__(self, version: Version) -> None:
        self.version = version
        self.fields: list[tuple[str, Any, Any]] = []
        self.wire: dict[str, str] = {}
        self.properties: dict[str, Any] = {}
        self.differ = False

    def add(self, name: str, field: Field, said: str) -> None:
        hint, there = field.info.type, field.message and reading(field.message, self.version)
        if there is not field.message:
            hint = list[there] if field.repeated else there | None  # type: ignore[valid-type,operator]
        self.differ |= there is not field.message or said != field.name
        self.fields.append((name, hint, field.blank))
        self.wire[name] = camel(said)

    def lift(self, field: Field, kind: type[Message], names: Mapping[str, str]) -> None:
        """Fields of a nested message stand in the outer one."""
        inner = schema(kind)
        for name, outer in names.items():
            self.add(outer, inner[name], outer)
        held, blank = attrgetter("__class__", *names.values()), tuple(inner[name].blank for name in names)

        def collected(here: Any) -> Message | None:
            values = held(here)[1:]  # a getter of one name alone would give no tuple
            return kind(**dict(zip(names, values, strict=True))) if values != blank else None

        self.properties[field.name] = property(collected)
        self.differ = True
