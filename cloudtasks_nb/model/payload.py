"""Encode a Python value as a payload: bytes unchanged, text as UTF-8, everything else as lossless JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache, singledispatch
from typing import Any
from uuid import UUID

import msgspec

from ..errors import InvalidArgument, kind_of
from .json import Duration, Message, encode, to_dict

# numpy kinds whose tolist() returns Python values; instants are excluded because they would become numbers.
_AS_LISTED = frozenset("biufUO")
_PLAIN = frozenset({str, int, bool, type(None)})  # most values: no rule needed
# How to convert tables and arrays of other libraries to Python values.
_WAYS = (
    'to_dict("records")',
    "to_dicts()",
    "to_pylist()",
    "as_py()",
    "to_list()",
    "tolist()",
    "model_dump()",
)
_HINT = "pass bytes, text, or dicts and lists of text, finite numbers, bools, None, dates and the like"


class _Refused(Exception):
    """A value that JSON cannot hold without loss, and its path in the payload."""

    def __init__(self, words: str, hint: str = _HINT) -> None:
        self.words = words
        self.hint = hint
        self.where = ""


def payload_bytes(payload: Any) -> tuple[bytes | None, bool]:
    """A payload as bytes, and whether this function encoded it as JSON. Errors: InvalidArgument.

    Bytes and None stay as they are, text becomes UTF-8, everything else JSON. The docstring of create_task() lists
    the form of each type. A value that JSON cannot hold without loss raises InvalidArgument.

    >>> payload_bytes({"to": "ada"})
    (b'{"to":"ada"}', True)
    """
    if payload is None or isinstance(payload, bytes):
        return payload, False
    if isinstance(payload, bytearray | memoryview):
        return bytes(payload), False
    try:
        if isinstance(payload, str):
            return payload.encode(), False
        return encode(as_json(payload)), True
    except _Refused as refused:
        where = f"payload{refused.where} is" if refused.where else "it is"
        words, hint = f"{where} {refused.words}", refused.hint
    except (UnicodeEncodeError, RecursionError) as error:
        words, hint = str(error), _HINT
    form = "text" if isinstance(payload, str) else "JSON"
    raise InvalidArgument(f"The payload, {kind_of(payload)}, cannot be written as {form}: {words}", hint=hint)


@singledispatch
def as_json(value: Any) -> Any:
    """Convert a value to plain JSON values without loss, by the rule of its type in _RULES or below; else raise."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _object((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
    if hasattr(type(value), "__attrs_attrs__"):
        return _object((field.name, getattr(value, field.name)) for field in type(value).__attrs_attrs__)
    if any(
        base.__name__ == "Series" and base.__module__.startswith("pandas") for base in type(value).__mro__
    ):
        return _series(value)
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind in _AS_LISTED and type(value).__module__.partition(".")[0] in ("numpy", "pandas"):
        listed = value.tolist()
        if type(listed) is not type(value):
            return as_json(listed)
    raise _foreign(value)


_rule: Callable[[Any], Callable[[Any], Any]] = lru_cache(as_json.dispatch)


def _missing(value: Any) -> _Refused:
    return _Refused(f"{value}, which JSON cannot represent", "pass None for a missing value")


def _foreign(value: Any) -> _Refused:
    name = type(value).__name__
    if name == "NAType":
        return _missing(value)
    if name == "datetime64":
        return _Refused(f"{kind_of(value)}, which has no time zone", "pass a datetime, or text")
    way = next((way for way in _WAYS if hasattr(value, way.partition("(")[0])), "")
    if not way:
        return _Refused(kind_of(value))
    rows = "; queue.create_tasks(frame) creates a task for each row" if name == "DataFrame" else ""
    return _Refused(kind_of(value), f"pass its .{way}{rows}")


def _object(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """A JSON object. Keys must be text, because 1 and "1" would become the same key."""
    written: dict[str, Any] = {}
    for key, value in pairs:
        if not isinstance(key, str):
            raise _Refused(
                f"an object with the key {key!r}, {kind_of(key)}: keys of JSON must be text",
                "convert the keys: {str(key): value for key, value in payload.items()}",
            )
        if key in written:
            raise _Refused(f"an object with the key {key!r} twice", "use each key once")
        try:
            written[str.__str__(key)] = value if type(value) in _PLAIN else _rule(type(value))(value)
        except _Refused as refused:
            refused.where = f"[{key!r}]{refused.where}"
            raise
    return written


def _array(values: Iterable[Any]) -> list[Any]:
    written: list[Any] = []
    try:
        for value in values:
            written.append(value if type(value) in _PLAIN else _rule(type(value))(value))
    except _Refused as refused:
        refused.where = f"[{len(written)}]{refused.where}"
        raise
    return written


def _series(series: Any) -> dict[str, Any]:
    """A Series (such as a row of a DataFrame) as an object by its labels. Numeric labels raise."""
    if not all(isinstance(label, str) for label in series.index):
        raise _Refused(
            "a Series whose labels are not text",
            "pass series.tolist() for its values, or give the Series an index of text",
        )
    return _object(series.items())


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise _missing(float(value))
    return float(value)


def _decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise _missing(value)
    return str(value)


def _instant(value: date | time) -> str:
    """Also for datetime, and for pandas Timestamp with nanoseconds. NaT is a datetime not equal to itself."""
    if value != value:
        raise _missing(value)
    return value.isoformat().replace("+00:00", "Z")


def _bytes(value: bytes | bytearray | memoryview) -> Any:
    raise _Refused(
        f"{kind_of(value)}, which JSON cannot represent",
        "pass text: data.decode(), or base64.b64encode(data).decode()",
    )


def _struct(value: msgspec.Struct) -> Any:
    """As msgspec writes it, with the field names and the tag of the class."""
    if isinstance(value, Message):
        return to_dict(value)
    config = value.__struct_config__
    held = [getattr(value, name) for name in value.__struct_fields__]
    if config.array_like:
        return _array(held if config.tag is None else [config.tag, *held])
    pairs = zip(value.__struct_encode_fields__, held, strict=True)
    tag = [] if config.tag is None else [(config.tag_field, config.tag)]
    return _object([*tag, *((name, one) for name, one in pairs if one is not msgspec.UNSET)])


def _tuple(value: tuple[Any, ...]) -> Any:
    """An array; a named tuple becomes an object."""
    return _object(zip(value._fields, value, strict=True)) if hasattr(value, "_fields") else _array(value)


_RULES: dict[Callable[[Any], Any], tuple[Any, ...]] = {
    lambda value: value: (type(None), bool, UUID, Duration),  # the encoder writes these without loss
    str.__str__: (str,),  # includes subclasses
    int: (int,),
    _number: (float,),
    _decimal: (Decimal,),
    _instant: (date, time),
    # PT90S, as the encoder writes it; pandas Timedelta in the same form, with nanoseconds.
    lambda value: value.isoformat() if hasattr(value, "isoformat") else timedelta(0) + value: (timedelta,),
    lambda value: as_json(value.value): (Enum,),
    _bytes: (bytes, bytearray, memoryview),
    _struct: (msgspec.Struct,),
    lambda value: _object(value.items()): (Mapping,),
    _tuple: (tuple,),
    lambda value: _array(value): (list, Set, Sequence),
}
for _write, _kinds in _RULES.items():
    for _kind in _kinds:
        as_json.register(_kind, _write)
