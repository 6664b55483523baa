"""What a payload holds below gzip and base64: as an object of JSON, or as bytes."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import msgspec

_LAYERS = 3
"""Base64 within gzip within base64 is unpacked this deep, as on cards."""
_GZIP = b"\x1f\x8b\x08"
_BYTES_INFLATED = 64 * 1024 * 1024


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
        data = _from_base64(value) if isinstance(value, str) else b""
    return None


def inflated(data: bytes) -> bytes:
    """What gzip holds, up to a limit beyond which a JSON object is broken; anything else as it is."""
    if not data.startswith(_GZIP):
        return data
    try:
        return zlib.decompressobj(wbits=31).decompress(data, _BYTES_INFLATED)
    except zlib.error:
        return data


def _from_base64(text: str) -> bytes:
    standard = text.strip().replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        return b""
