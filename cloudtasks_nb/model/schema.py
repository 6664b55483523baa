"""What fields a message has, read from its class: names here and on the wire, and what they hold."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from .json import Duration, Int64, Message

ENUMS: dict[str, tuple[str, ...]] = {
    "http_method": ("POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"),
    "scheme": ("HTTP", "HTTPS"),
    "uri_override_enforce_mode": ("IF_NOT_EXISTS", "ALWAYS"),
    "state": ("RUNNING", "PAUSED", "DISABLED"),
    "response_view": ("BASIC", "FULL"),
    "view": ("BASIC", "FULL"),
}
"""Fields that hold one name of a list, by field name (no name has two meanings in this API)."""

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


class Field(msgspec.Struct, frozen=True):
    """A field of a message. `holds` is the type of one value; `message` is that type where it is a message."""

    name: str
    wire: str
    holds: Any
    repeated: bool = False
    mapped: bool = False

    @property
    def message(self) -> type[Message] | None:
        return self.holds if isinstance(self.holds, type) and issubclass(self.holds, Message) else None

    @property
    def words(self) -> str:
        """What it holds, for a person: "string", "list of Binding", "FULL or BASIC"."""
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
    """
    return {
        info.name: _field(info.name, info.encode_name, info.type) for info in msgspec.structs.fields(kind)
    }


def _field(name: str, wire: str, hint: Any) -> Field:
    if get_origin(hint) in (Union, UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    repeated, mapped = get_origin(hint) is list, get_origin(hint) is dict
    holds = get_args(hint)[-1] if repeated or mapped else hint
    return Field(name, wire, dict if get_origin(holds) is dict else holds, repeated, mapped)


def camel(snake_name: str) -> str:
    """A name as JSON has it.

    >>> camel("rate_limits")
    'rateLimits'
    """
    head, *rest = snake_name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def snake(camel_name: str) -> str:
    """A name as Python has it; one that is in snake_case already stays.

    >>> snake("rateLimits")
    'rate_limits'
    """
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in camel_name)
