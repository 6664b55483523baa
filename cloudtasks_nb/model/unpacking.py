"""Unpack gzip and base64 in payloads, to a JSON object or to bytes."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import msgspec

_LAYERS = 3
"""How many layers of gzip and base64 are unpacked, as on cards."""
_BYTES_INFLATED = 64 * 1024 * 1024
"""The most bytes to inflate; the JSON in more would be incomplete."""


def json_object(payload: bytes | None) -> dict[str, Any] | None:
    """The JSON object in a payload, after unpacking gzip and base64; None for anything else."""
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
    """Whether data begins with the gzip header."""
    return data.startswith(b"\x1f\x8b\x08")


def inflated(data: bytes, most: int = _BYTES_INFLATED) -> bytes:
    """Inflate gzip, up to `most` bytes; return other data and broken gzip unchanged."""
    if not is_gzip(data):
        return data
    unpacking = zlib.decompressobj(wbits=31)
    try:
        held = unpacking.decompress(data, most)
    except zlib.error:
        return data
    return held if unpacking.eof or len(held) == most else data  # else it was cut off


def from_base64(text: str) -> bytes:
    """Decode base64 in either alphabet, padded or not; b"" for other text."""
    standard = text.strip().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        return b""
