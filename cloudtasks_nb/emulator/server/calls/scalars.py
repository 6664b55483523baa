"""Reads single values as proto JSON defines them, strictly. Each reader raises ValueError with the reason.

Source: SPEC sections 1.2 and 6.2; the proto3 JSON mapping.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from ....model import Duration, Int64
from ....model.schema import ENUMS as NAMES
from ....model.schema import snake

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_MAX_DURATION_S = 315_576_000_000


class Scalar(Struct, frozen=True):
    """A type of value: its name in messages, and its reader."""

    label: str
    read: Callable[[Any], Any]


class EnumValues(Struct, frozen=True):
    """An enum: its name in messages, and its values in the order of their numbers."""

    label: str
    names: tuple[str, ...]


_PACKAGE = "type.googleapis.com/google.cloud.tasks.v2beta2"

_ENUMS = {
    "http_method": "HttpMethod",
    "scheme": "UriOverride.Scheme",
    "uri_override_enforce_mode": "UriOverride.UriOverrideEnforceMode",
    "state": "Queue.State",
    "type": "Queue.Type",
    "response_view": "Task.View",
    "view": "Task.View",
}


def _values(field: str, label: str) -> EnumValues:
    unspecified = f"{snake(label.rpartition('.')[2]).strip('_').upper()}_UNSPECIFIED"
    return EnumValues(f"{_PACKAGE}.{label}", (unspecified, *NAMES[field]))


ENUMS = {field: _values(field, label) for field, label in _ENUMS.items()}
"""The readers of enum fields, by field name (no name has two meanings in this API)."""


def enum(values: EnumValues) -> Scalar:
    """The reader of an enum: accepts names or numbers; the unspecified value becomes empty."""

    def read(value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(values.names):
            value = values.names[value]
        if value not in values.names:
            raise ValueError(json.dumps(value))
        return "" if value == values.names[0] else str(value)

    return Scalar(values.label, read)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(json.dumps(value))
    return value


def _bool(value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise ValueError(json.dumps(value))
    return value


def _whole(value: Any, bits: int) -> int:
    text = isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value)
    number = int(value) if text or (isinstance(value, float) and value.is_integer()) else value
    limit = 2 ** (bits - 1)
    if isinstance(number, bool) or not isinstance(number, int) or not -limit <= number < limit:
        raise ValueError(json.dumps(value))
    return number


def _float(value: Any) -> float:
    """Rejects NaN and infinities: proto JSON allows them, but no field of this API does."""
    text = isinstance(value, str) and re.fullmatch(
        r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?|NaN|-?Infinity", value, re.ASCII
    )
    if not text and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError(json.dumps(value))
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{json.dumps(value)}: the number must be finite")
    return number


def _bytes(value: Any) -> bytes:
    """Accepts both base64 alphabets, padded or not."""
    text = _text(value).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"Base64 decoding failed for {json.dumps(value)}") from None


def _timestamp(value: Any) -> datetime:
    match = _TIMESTAMP.fullmatch(_text(value))
    if match is None:
        raise ValueError(
            "Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset: "
            + json.dumps(value)
        )
    seconds, fraction, zone = match.groups()
    try:
        return datetime.fromisoformat(f"{seconds}.{(fraction or '0')[:6]:0<6}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"Invalid time {json.dumps(value)}") from None


def _duration(value: Any) -> Duration:
    text = _text(value)
    if not text.endswith("s"):
        raise ValueError("Illegal duration format; duration must end with 's'")
    try:
        duration = Duration.parse(text)
    except ValueError:
        raise ValueError(f"Illegal duration format: {json.dumps(value)}") from None
    if abs(duration.total_seconds()) > _MAX_DURATION_S:
        raise ValueError(f"Duration value exceeds limits: {json.dumps(value)}")
    return duration


def _etag(value: Any) -> str:
    _bytes(value)
    return str(value)


ETAG = Scalar("TYPE_BYTES", _etag)
"""Bytes that are kept as base64, because nothing reads them."""

SCALARS: dict[type, Scalar] = {
    str: Scalar("TYPE_STRING", _text),
    bool: Scalar("TYPE_BOOL", _bool),
    int: Scalar("TYPE_INT32", lambda value: _whole(value, 32)),
    Int64: Scalar("TYPE_INT64", lambda value: Int64(_whole(value, 64))),
    float: Scalar("TYPE_DOUBLE", _float),
    bytes: Scalar("TYPE_BYTES", _bytes),
    datetime: Scalar("type.googleapis.com/google.protobuf.Timestamp", _timestamp),
    Duration: Scalar("type.googleapis.com/google.protobuf.Duration", _duration),
}
