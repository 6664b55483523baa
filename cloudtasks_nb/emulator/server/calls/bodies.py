"""Reads request bodies strictly: reports every unknown member and every invalid value with its path.

Source: SPEC sections 1.2 and 6.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from ....model import (
    CmekConfig,
    HttpRequest,
    HttpTarget,
    Message,
    PullTarget,
    Queue,
    RetryConfig,
    Task,
)
from ....model.messages import BufferTaskRequest, HttpBody
from ....model.methods import METHODS, Method
from ....model.schema import Field, camel, schema
from ....model.versions import OWN, Version, members, shape_of
from .plain_bodies import plainly
from .refusals import NotJson, bad_request
from .request import Request, media_type
from .scalars import ENUMS, ETAG, SCALARS, Scalar, enum

M = TypeVar("M", bound=Message)

_ONEOFS: dict[type[Message], dict[str, frozenset[str]]] = {
    Queue: {"target_type": frozenset({"app_engine_http_target", "pull_target", "http_target"})},
    Task: {"payload_type": frozenset({"app_engine_http_request", "pull_message", "http_request"})},
    RetryConfig: {"num_attempts": frozenset({"max_attempts", "unlimited_attempts"})},
    HttpRequest: {"authorization_header": frozenset({"oauth_token", "oidc_token"})},
    HttpTarget: {"authorization_header": frozenset({"oauth_token", "oidc_token"})},
}


# Numbers that are sent although they are 0: optional fields, or members of a oneof.
_WITH_PRESENCE = ("max_attempts", "port", "seed")


class Member(msgspec.Struct, frozen=True, eq=False):
    """A member of a message: its two names, its type, its field in the model, and whether a body can set it.

    `unset_at_0`: as in proto3, where 0 and absent are the same on the wire. Each member is made once, so it is a dict
    key by identity.
    """

    name: str
    camel: str
    holds: Any  # a Message class, a Scalar, or None for any JSON
    repeated: bool = False
    mapped: bool = False
    home: tuple[str, ...] = ()
    ignored: bool = False
    unset_at_0: bool = False


@cache
def fields(kind: type[Message]) -> dict[str, Member]:
    """The members of a message by their camelCase and their snake_case names."""
    found = [_member(field.name, field, (field.name,)) for field in schema(kind).values()]
    return {name: member for member in found for name in (member.name, member.camel)}


@cache
def fields_in(version: Version, kind: type[Message]) -> dict[str, Member]:
    """The same for a message of the model in one API version."""
    found = [_member(one.name, one.field, one.home, version) for one in members(kind, version)]
    known = {member.name for member in found}
    for name in shape_of(kind, version).said.values():
        if name not in known:
            found.append(Member(name, camel(name), _holds(name, str)))
    return {name: member for member in found for name in (member.name, member.camel)}


def _member(name: str, field: Field, home: tuple[str, ...], version: Version = OWN) -> Member:
    return Member(
        name,
        camel(name),
        field.message or _holds(name, field.holds),
        field.repeated,
        field.mapped,
        home,
        ignored=name != "name" and not field.can_be_set(version),  # the name must match the URL
        unset_at_0=field.holds in (int, float) and field.blank is None and name not in _WITH_PRESENCE,
    )


def _holds(name: str, kind: Any) -> Scalar | None:
    if name in ENUMS and kind is str:
        return enum(ENUMS[name])
    return ETAG if name == "etag" else SCALARS.get(kind)


def parse(raw: bytes, kind: type[M], path: str = "", version: Version = OWN) -> M:
    """The message of the model that `raw` holds, with the names of a version. `path`: its field in the RPC's request.

    Errors: InvalidArgument.
    """
    try:
        values = msgspec.json.decode(raw) if raw.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        start = raw.lstrip()[:40].decode(errors="replace").partition("\n")[0]
        raise NotJson(f"Invalid JSON payload received. Unexpected token.\n{start}\n^ ({error})") from None
    if not isinstance(values, dict):
        raise bad_request(
            [("", 'Invalid JSON payload received. Unknown name "": Root element must be a message.')]
        )
    return read_values(values, kind, path, version)


def read_values(values: dict[str, Any], kind: type[M], path: str = "", version: Version = OWN) -> M:
    """The same for JSON values, with names in camelCase or snake_case. Errors: InvalidArgument."""
    reader = _Reader(version)
    message = reader.message(values, kind, path)
    if reader.violations:
        raise bad_request(reader.violations)
    return cast(M, message)


class _Reader:
    """Reads one body and collects all of its errors."""

    def __init__(self, version: Version) -> None:
        self._version = version
        self.violations: list[tuple[str, str]] = []

    def message(self, values: dict[str, Any], kind: type[Message], path: str) -> Message:
        known, read = fields_in(self._version, kind), {}
        for name, value in values.items():
            field = known.get(name)
            if field is None:
                self._unknown(name, path, "Cannot find field.")
            elif value is not None:
                is_plain = type(value) is str and type(field.holds) is Scalar and not field.mapped
                held = self._text(value, field, path) if is_plain else self._member(value, field, path)
                if held is not None and not field.ignored and (held or not field.unset_at_0):
                    read[field] = held
        if len(read) > 1 and kind in _ONEOFS:
            self._check_oneofs(kind, read, path)
        return built(kind, read, self._version)

    def _text(self, value: str, field: Member, path: str) -> Any:
        """A fast path for the most common member: one value, written as text."""
        try:
            held = field.holds.read(value)
        except (ValueError, OverflowError):
            return self._member(value, field, path)  # reports the error
        return [held] if field.repeated else held

    def _member(self, value: Any, field: Member, path: str) -> Any:
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

    def _value(self, value: Any, field: Member, here: str) -> Any:
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
            here,
            f"type.googleapis.com/google.cloud.tasks.{self._version}.{field.holds.__name__}",
            json.dumps(value),
        )
        return None

    def _check_oneofs(self, kind: type[Message], read: dict[Member, Any], path: str) -> None:
        if kind is Queue and self._version != OWN:
            return  # App Engine tasks and HTTP tasks have settings side by side
        for oneof, names in _ONEOFS[kind].items():
            # A false flag selects nothing.
            given = [
                field
                for field, value in read.items()
                if value is not False and not names.isdisjoint(field.home[:1])
            ]
            for field in given[1:]:
                text = f"oneof field '{oneof}' is already set. Cannot set '{field.camel}'"
                self._invalid(path, "oneof", text)

    def _unknown(self, name: str, path: str, why: str) -> None:
        where = f" at '{path}'" if path else ""
        self.violations.append((path, f'Invalid JSON payload received. Unknown name "{name}"{where}: {why}'))

    def _invalid(self, path: str, label: str, shown: str) -> None:
        self.violations.append((path, f"Invalid value at '{path}' ({label}), {shown}"))


def built(kind: type[Message], read: Mapping[Member, Any], version: Version) -> Message:
    """The model's message from the members of a version's message."""
    values: dict[str, Any] = {}
    lifted: dict[str, dict[str, Any]] = {}
    for field, value in read.items():
        if len(field.home) == 2:
            lifted.setdefault(field.home[0], {})[field.home[1]] = value
        else:
            values[field.home[0] if field.home else field.name] = value
    for name, inside in lifted.items():
        values[name] = fields(kind)[name].holds(**inside)
    if version != OWN:
        _say(kind, values)
    return kind(**values)


def _say(kind: type[Message], values: dict[str, Any]) -> None:
    """The differences of later versions. Source: SPEC sections 2.3 and 9."""
    if kind is RetryConfig:
        if values.get("max_attempts") == -1:
            values["unlimited_attempts"] = True
        if values.get("max_attempts") in (-1, 0):
            del values["max_attempts"]
    if kind is Queue and values.pop("type", "") == "PULL":
        values["pull_target"] = PullTarget()


HELD_AS: dict[type[Message], str] = {Queue: "queue", CmekConfig: "cmek_config"}
"""The field of the RPC's request that holds the body, when the body is the resource. Errors name this field."""


def read_body(method: Method, call: Request) -> Message:
    """The request message of a method, in the model's form. Errors: InvalidArgument."""
    kind = METHODS[method.id].request
    assert kind is not None  # noqa: S101 - only methods with a body come here
    if kind is HttpBody:
        return _file(call)
    if kind is BufferTaskRequest and not _is_buffer_request(call.body):
        body = HttpBody(content_type=call.headers.get("Content-Type", ""), data=call.body)
        return BufferTaskRequest(body=body)
    plain = plainly(call.body, kind) if method.version == OWN else None
    return parse(call.body, kind, HELD_AS.get(kind, ""), method.version) if plain is None else plain


def _file(call: Request) -> HttpBody:
    """Reads a payload that is sent as is, or wrapped in JSON as Google's generated clients send it."""
    if media_type(call) == "application/json":
        values = _json(call.body)
        if isinstance(values, dict) and isinstance(values.get("data"), str):
            return parse(call.body, HttpBody)
    return HttpBody(content_type=call.headers.get("Content-Type", ""), data=call.body)


def _is_buffer_request(raw: bytes) -> bool:
    """Whether a body is the method's request message; any other body is the payload itself."""
    if not raw.strip():
        return True
    values = _json(raw)
    return values == {} or (
        isinstance(values, dict) and list(values) == ["body"] and isinstance(values["body"], dict)
    )


def _json(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
