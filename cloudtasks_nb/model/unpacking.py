"""What a payload holds below gzip and base64: as an object of JSON, or as bytes."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import msgspec

_LAYERS = 3
"""Base64 within gzip within base64 is unpacked this deep, as on cards."""
_BYTES_INFLATED = 64 * 1024 * 1024
"""Of more, a JSON object is broken."""


def json_object(payload: bytes | None) -> dict[str, Any] | None:
    """The object that a payload holds, gzip and base64 unpacked; None when it holds anything else."""
    data = payload or b""
    for _ in range(_LAYERS + 1):
        data = inflated(data)
        try:
            value = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            value = data.decode("ascii", "replace")
        if isinstance(value, dict):
            return value
        data = from_base64(value) if isinstance(value, str) else b""
    return None


def is_gzip(data: bytes) -> bool:
    """Whether bytes begin as gzip does."""
    return data.startswith(b"\x1f\x8b\x08")


def inflated(data: bytes, most: int = _BYTES_INFLATED) -> bytes:
    """What gzip holds, of much only the first `most` bytes; anything else, and broken gzip, as it is."""
    if not is_gzip(data):
        return data
    try:
        return zlib.decompressobj(wbits=31).decompress(data, most)
    except zlib.error:
        return data


def from_base64(text: str) -> bytes:
    """What a text holds in either alphabet of base64, padded or not; b"" when it is something else."""
    standard = text.strip().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        return b""
