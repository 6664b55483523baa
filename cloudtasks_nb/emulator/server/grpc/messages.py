"""Converts protocol buffers to the parameters of methods, and responses to protocol buffers, through proto JSON."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

from ....errors import InvalidArgument
from ....model.messages import HttpBody
from ....model.methods import METHODS, Method
from ....model.schema import camel
from ....names import parse_location, parse_queue, parse_task
from ..calls.bodies import HELD_AS, read_values
from ..calls.queries import method_parameters
from ..calls.refusals import INVALID

_HELD_AS: dict[type[Any], str] = {**HELD_AS, HttpBody: "http_body"}
# Values that JSON cannot hold: instants and durations out of range, packed messages of unknown types.
_UNWRITABLE = (json_format.Error, DecodeError, OverflowError, TypeError, ValueError)
_MASKS = ("update_mask", "read_mask")
_PARSERS: dict[str, Callable[[str], object]] = {
    "locations": parse_location,
    "queues": parse_queue,
    "tasks": parse_task,
}
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


def decoded(kind: type[Message], raw: bytes) -> Message:
    """The message that was sent. Errors: InvalidArgument."""
    try:
        return kind.FromString(raw)
    except DecodeError:
        raise InvalidArgument(f"The request is not a {kind.DESCRIPTOR.full_name}.") from None


def parameters(method: Method, request: Message) -> dict[str, Any]:
    """The path parameters, query and body that REST would have for this request. Errors: InvalidArgument."""
    masks = _masks(request)
    try:
        values = json_format.MessageToDict(request)
    except _UNWRITABLE as error:
        raise InvalidArgument(f"{INVALID} {error}") from None
    kind = METHODS[method.id].request
    held_as = _HELD_AS.get(kind, "") if kind is not None else ""
    body = values.pop(camel(held_as), {}) if held_as else values
    read: dict[str, Any] = {}
    for name, form in method.forms.items():
        found = values.pop(name, "") or (body.get(name, "") if method.http == "PATCH" else "")
        read[name] = _name(found, form)
    if held_as or kind is None:  # otherwise the whole rest is the body
        query = values | {camel(name): mask for name, mask in masks.items()}
        read |= method_parameters(method, [(name, str(value)) for name, value in query.items()])
    if kind is not None:
        read["body"] = read_values(body, kind, HELD_AS.get(kind, ""), method.version)
    return read


def _masks(request: Message) -> dict[str, str]:
    """Removes the field masks from the request: JSON rejects paths with unusual spelling."""
    found = {}
    for name in _MASKS:
        if name in request.DESCRIPTOR.fields_by_name:
            if paths := getattr(request, name).paths:
                found[name] = ",".join(paths)
            request.ClearField(name)
    return found


def _name(text: str, form: str) -> str:
    """Checks that a name has the form of REST's path. Errors: InvalidArgument."""
    if not _pattern(form).fullmatch(text):
        *_, collection, last = form.split("/")
        if last == "*" and collection in _PARSERS:
            _PARSERS[collection](text)  # raises an error that names the form
        raise InvalidArgument("Invalid resource field value in the request.")
    return text


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(re.escape(form).replace(r"\*", "[^/]+"))


def encoded(kind: type[Message], values: dict[str, Any]) -> bytes:
    """A response from its proto JSON. Drops fields that the installed messages lack."""
    raw: bytes = kind(**_filled(kind.DESCRIPTOR, values)).SerializeToString()
    return raw


def _filled(kind: Descriptor, values: dict[str, Any]) -> dict[str, Any]:
    """Arguments for a message's constructor: several times as fast as json_format."""
    known = _readers(kind)
    return {
        name: read(value)
        for json_name, value in values.items()
        if json_name in known and value is not None
        for name, read in (known[json_name],)
    }


@cache
def _readers(kind: Descriptor) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    return {field.json_name: (field.name, _reader(field)) for field in kind.fields}


def _reader(field: FieldDescriptor) -> Callable[[Any], Any]:
    """The conversion of a field's proto JSON to a constructor argument."""
    kind: Descriptor | None = field.message_type
    one = _SCALARS.get(field.type, _same) if kind is None else _message_reader(kind)
    if kind is not None and kind.GetOptions().map_entry:
        return _same  # text needs no conversion
    is_repeated = isinstance(field.default_value, list)  # older versions of protobuf lack is_repeated
    return (lambda values: [one(value) for value in values]) if is_repeated else one


def _message_reader(kind: Descriptor) -> Callable[[Any], Any]:
    if kind.full_name in _SPECIAL:
        return _SPECIAL[kind.full_name]
    return lambda values: _filled(kind, values)


def _same(value: Any) -> Any:
    return value


def _timestamp(text: str) -> dict[str, int]:
    moment = datetime.fromisoformat(text) - _EPOCH
    return {"seconds": moment.days * 86_400 + moment.seconds, "nanos": moment.microseconds * 1000}


def _duration(text: str) -> dict[str, int]:
    whole, _, fraction = text.removesuffix("s").partition(".")
    sign = -1 if whole.startswith("-") else 1
    return {"seconds": int(whole), "nanos": sign * int(f"{fraction:0<9}"[:9])}


def _packed(values: dict[str, Any]) -> Any:
    """A message of any type, named by its @type. Its class must be imported."""
    from google.protobuf.any_pb2 import Any as Packed

    return json_format.ParseDict(values, Packed(), ignore_unknown_fields=True)


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
    "google.protobuf.Any": _packed,
}
_SCALARS: dict[int, Callable[[Any], Any]] = {
    FieldDescriptor.TYPE_BYTES: base64.b64decode,
    FieldDescriptor.TYPE_INT64: int,
}
