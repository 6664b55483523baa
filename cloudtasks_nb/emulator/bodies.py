"""Request bodies, read strictly: every unknown member and every wrong value is named, with its path.

Source: SPEC sections 1.2 and 6.2.
"""

from __future__ import annotations

import json
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import msgspec

from ..model import HttpRequest, HttpTarget, Message, Queue, RetryConfig, Task
from .refusals import NotJson, bad_request
from .scalars import ENUMS, SCALARS, Scalar, enum

M = TypeVar("M", bound=Message)

_ONEOFS: dict[type[Message], dict[str, tuple[str, ...]]] = {
    Queue: {"target_type": ("app_engine_http_target", "pull_target", "http_target")},
    Task: {"payload_type": ("app_engine_http_request", "pull_message", "http_request")},
    RetryConfig: {"num_attempts": ("max_attempts", "unlimited_attempts")},
    HttpRequest: {"authorization_header": ("oauth_token", "oidc_token")},
    HttpTarget: {"authorization_header": ("oauth_token", "oidc_token")},
}


class Field(msgspec.Struct, frozen=True):
    """A member of a message: its two names and what it holds."""

    name: str
    camel: str
    holds: Any  # a Message class, a Scalar, or None for any JSON
    repeated: bool = False
    mapped: bool = False


@cache
def fields(kind: type[Message]) -> dict[str, Field]:
    """The members of a message, under their camelCase and under their snake_case names."""
    found: dict[str, Field] = {}
    for info in msgspec.structs.fields(kind):
        field = _field(info.name, info.encode_name, info.type)
        found[field.name] = found[field.camel] = field
    return found


def _field(name: str, camel: str, hint: Any) -> Field:
    if get_origin(hint) in (Union, UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    repeated, mapped = get_origin(hint) is list, get_origin(hint) is dict
    if repeated:
        hint = get_args(hint)[0]
    if mapped:
        hint = get_args(hint)[1]
    if name in ENUMS and hint is str:
        holds: Any = enum(ENUMS[name])
    elif isinstance(hint, type) and issubclass(hint, Message):
        holds = hint
    else:
        holds = SCALARS.get(hint)
    return Field(name, camel, holds, repeated, mapped)


def parse(raw: bytes, kind: type[M], path: str = "") -> M:
    """The message that `raw` holds; `path` is where the method keeps it. Errors: InvalidArgument."""
    try:
        values = msgspec.json.decode(raw) if raw.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        start = raw.lstrip()[:40].decode(errors="replace").partition("\n")[0]
        raise NotJson(f"Invalid JSON payload received. Unexpected token.\n{start}\n^ ({error})") from None
    if not isinstance(values, dict):
        raise bad_request(
            [("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')]
        )
    reader = _Reader()
    message = reader.message(values, kind, path)
    if reader.violations:
        raise bad_request(reader.violations)
    return cast(M, message)


class _Reader:
    """Reads one body and gathers everything that is wrong with it."""

    def __init__(self) -> None:
        self.violations: list[tuple[str, str]] = []

    def message(self, values: dict[str, Any], kind: type[Message], path: str) -> Message:
        known, read = fields(kind), {}
        for name, value in values.items():
            field = known.get(name)
            if field is None:
                self._unknown(name, path, "Cannot find field.")
            elif value is not None:
                read[field.name] = self._member(value, field, path)
        self._check_oneofs(kind, read, path)
        return kind(**{name: value for name, value in read.items() if value is not None})

    def _member(self, value: Any, field: Field, path: str) -> Any:
        here = f"{path}.{field.name}" if path else field.name
        if field.repeated:
            items = value if isinstance(value, list) else [value]
            return [self._value(item, field, f"{here}[{at}]") for at, item in enumerate(items)]
        if isinstance(value, list) and field.holds is not None:
            self._unknown(field.camel, path, "Proto field is not repeating, cannot start list.")
            return None
        if field.mapped:
            if not isinstance(value, dict):
                self._invalid(here, "Map", json.dumps(value))
                return None
            return {key: self._value(item, field, f"{here}[{key}]") for key, item in value.items()}
        return self._value(value, field, here)

    def _value(self, value: Any, field: Field, here: str) -> Any:
        if field.holds is None:
            return value
        if isinstance(field.holds, Scalar):
            try:
                return field.holds.read(value)
            except (ValueError, OverflowError) as error:
                self._invalid(here, field.holds.label, str(error))
                return None
        if isinstance(value, dict):
            return self.message(value, field.holds, here)
        self._invalid(
            here, f"type.googleapis.com/google.cloud.tasks.v2beta2.{field.holds.__name__}", json.dumps(value)
        )
        return None

    def _check_oneofs(self, kind: type[Message], read: dict[str, Any], path: str) -> None:
        for oneof, members in _ONEOFS.get(kind, {}).items():
            # A false flag chooses nothing.
            given = [name for name in read if name in members and read[name] not in (None, False)]
            for name in given[1:]:
                camel = fields(kind)[name].camel
                text = f"oneof field '{oneof}' is already set. Cannot set '{camel}'"
                self._invalid(path, "oneof", text)

    def _unknown(self, name: str, path: str, why: str) -> None:
        where = f" at '{path}'" if path else ""
        self.violations.append((path, f'Invalid JSON payload received. Unknown name "{name}"{where}: {why}'))

    def _invalid(self, path: str, label: str, shown: str) -> None:
        self.violations.append((path, f"Invalid value at '{path}' ({label}), {shown}"))
