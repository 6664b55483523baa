"""The fields of a message, read from its class: names, types, who may set them, and versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from .json import Duration, Int64, Message
from .marks import AUTO, OWN, VERSIONS, Behavior, Mark, Spoken, Version

ENUMS: dict[str, tuple[str, ...]] = {
    "http_method": ("POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"),
    "scheme": ("HTTP", "HTTPS"),
    "uri_override_enforce_mode": ("IF_NOT_EXISTS", "ALWAYS"),
    "state": ("RUNNING", "PAUSED", "DISABLED"),
    "type": ("PULL", "PUSH"),
    "response_view": ("BASIC", "FULL"),
    "view": ("BASIC", "FULL"),
}
"""The possible values of enum fields, by field name (each name has one meaning in this API)."""

_WORDS: dict[Any, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    bytes: "base64",
    Int64: "integer as a string",
    Duration: 'duration, such as "3.5s"',
    datetime: "RFC 3339 instant",
}


class Field(msgspec.Struct, frozen=True, eq=False):
    """A field of a message. `hint` is its type without marks, `holds` the item type of a list or a map.

    `message` is that type where it is a message.
    """

    name: str
    wire: str
    info: msgspec.structs.FieldInfo
    hint: Any
    holds: Any
    repeated: bool = False
    mapped: bool = False
    marks: tuple[Mark, ...] = ()

    @property
    def message(self) -> type[Message] | None:
        return self.holds if isinstance(self.holds, type) and issubclass(self.holds, Message) else None

    @property
    def blank(self) -> Any:
        """The value of the field if it is not set."""
        made = self.info.default_factory
        return self.info.default if made is msgspec.NODEFAULT else made()

    def behavior(self, version: Spoken = OWN, queue_kind: str = "") -> Behavior:
        """Who may set it, in a version and for a kind of queue. The last mark that applies decides.

        In "auto", the most permissive version decides.
        """
        if version == AUTO:
            allowed = {self.behavior(each, queue_kind) for each in VERSIONS}
            return next(one for one in get_args(Behavior) if one in allowed)
        return next(
            (
                mark.behavior
                for mark in reversed(self.marks)
                if not mark.name and version in mark.versions and mark.queue_kind in ("", queue_kind)
            ),
            "settable",
        )

    def can_be_set(self, version: Spoken = OWN, queue_kind: str = "") -> bool:
        """Whether a caller may set it in a version, at least at creation."""
        return self.behavior(version, queue_kind) in ("settable", "create-only")

    @property
    def versions(self) -> list[Version]:
        """The versions that have it, under any name."""
        return [version for version in VERSIONS if self.behavior(version) != "absent"]

    def name_in(self, version: Version) -> str:
        """Its name in a version, in snake_case."""
        names = (mark.name for mark in self.marks if mark.name and version in mark.versions)
        return next(names, self.name)

    @property
    def words(self) -> str:
        """Its type in words: "string", "list of Binding", "FULL or BASIC"."""
        if self.name in ENUMS and self.holds is str:
            one = ", ".join(ENUMS[self.name])
        else:
            one = self.message.__name__ if self.message else _WORDS.get(self.holds, "any JSON")
        if self.mapped:
            return f"object, name to {one}"
        return f"list of {one}" if self.repeated else one


@cache
def schema(kind: type[Message]) -> dict[str, Field]:
    """The fields of a message by their snake_case names.

    >>> from .queue import Queue
    >>> schema(Queue)["rate_limits"].wire
    'rateLimits'
    >>> schema(Queue)["stats"].behavior(), schema(Queue)["stats"].versions
    ('output-only', ['v2beta2', 'v2beta3'])
    """
    return {info.name: _field(info) for info in msgspec.structs.fields(kind)}


def _field(info: msgspec.structs.FieldInfo) -> Field:
    hint, marks = info.type, ()
    if get_origin(hint) is Annotated and isinstance(hint.__metadata__[-1], Mark):
        hint, marks = get_args(hint)[0], hint.__metadata__
    inner = hint
    if get_origin(inner) in (Union, UnionType):
        inner = next(arg for arg in get_args(inner) if arg is not type(None))
    repeated, mapped = get_origin(inner) is list, get_origin(inner) is dict
    holds = get_args(inner)[-1] if repeated or mapped else inner
    holds = get_args(holds)[0] if get_origin(holds) is Annotated else holds
    holds = dict if get_origin(holds) is dict else holds
    return Field(info.name, info.encode_name, info, hint, holds, repeated, mapped, marks)


def below(*kinds: type[Message]) -> list[type[Message]]:
    """These messages and all messages nested in them, each once."""
    found = [*kinds]
    for kind in found:  # grows in the loop
        for field in schema(kind).values():
            if field.message is not None and field.message not in found:
                found.append(field.message)
    return found


def behavior_of(
    kind: type[Message], path: Sequence[str], version: Spoken = OWN, queue_kind: str = ""
) -> Behavior:
    """Who may set the field at a path below a message: the first mark on the way decides.

    >>> from .queue import Queue
    >>> behavior_of(Queue, ("rate_limits", "max_burst_size"), "v2")
    'output-only'
    """
    holder: type[Message] | None = kind
    for name in path:
        if holder is None:
            break
        field = schema(holder)[name]
        behavior = field.behavior(version, queue_kind)
        if behavior != "settable":
            return behavior
        holder = None if field.repeated else field.message
    return "settable"


def camel(snake_name: str) -> str:
    """A name in camelCase, as in JSON.

    >>> camel("rate_limits")
    'rateLimits'
    """
    head, *rest = snake_name.split("_")
    return head + "".join(part.capitalize() for part in rest)


@lru_cache(maxsize=1024)
def snake(camel_name: str) -> str:
    """A name in snake_case, as in Python.

    >>> snake("rateLimits")
    'rate_limits'
    """
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in camel_name)
