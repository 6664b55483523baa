"""Request bodies as dicts: sent as they are, after a look at the names in them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..errors import InvalidArgument
from ..model.json import Duration, Message, to_dict
from ..model.methods import Method
from ..model.schema import Field, schema
from ..model.translation import write
from .parameters import unknown


def body_of(method: Method, given: Any, *, checked: bool) -> Any:
    """The body to send. Errors: InvalidArgument for what is not an object, or for a member that nobody knows.

    Members go by their names on the wire (scheduleTime) or in Python (schedule_time); the API takes both. Values of
    Python's own (bytes, instants, timedeltas, messages) are written as JSON.
    """
    if given is None or method.request is None:
        return None
    if isinstance(given, Message):
        return write(type(given), to_dict(given), method.version)
    if not isinstance(given, Mapping):
        raise InvalidArgument(
            f"body is a {type(given).__name__}, not a dict.",
            method=method.id,
            hint=f'client.api.describe("{method.id}") shows its fields',
        )
    return _object(method, given, method.request if checked else None, "")


def _object(method: Method, given: Mapping[Any, Any], kind: type[Message] | None, path: str) -> Any:
    known: dict[str, Field] = {}
    if kind is not None:
        fields = schema(kind).values()
        known = {field.wire: field for field in fields} | {field.name: field for field in fields}
    written = {}
    for name, value in given.items():
        field = known.get(name)
        if kind is not None and field is None:
            where = f" at {path!r} ({kind.__name__})" if path else f" in the body ({kind.__name__})"
            raise unknown("member", str(name), [field.wire for field in schema(kind).values()], method, where)
        here = f"{path}.{name}" if path else str(name)
        inner = field.message if field is not None and not field.mapped else None
        written[name] = _value(method, value, inner, here)
    return written


def _value(method: Method, value: Any, kind: type[Message] | None, path: str) -> Any:
    if isinstance(value, Message):
        return write(type(value), to_dict(value), method.version)
    if isinstance(value, Mapping):
        return _object(method, value, kind, path)
    if isinstance(value, list | tuple):
        return [_value(method, item, kind, f"{path}[{at}]") for at, item in enumerate(value)]
    if isinstance(value, timedelta):
        return str(Duration.of(value))
    if isinstance(value, float | datetime) and (value != value or value in (math.inf, -math.inf)):
        raise InvalidArgument(
            f"{path} is {value}, which JSON does not have.",
            method=method.id,
            hint="leave it out, or pass None",
        )
    return value
