"""What is packed into bytes or text: gzip, and base64 that holds something to read."""

from __future__ import annotations

import zlib
from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

from .pictures import image_type

BYTES_INFLATED = 2_000_000
TEXT_UNPACKED = 2_000_000

_GZIP = b"\x1f\x8b\x08"
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
_LEAST = 16
_HEAD = 4_096


def is_gzip(data: bytes) -> bool:
    """Whether bytes begin as gzip does."""
    return data.startswith(_GZIP)


def inflated(data: bytes) -> bytes:
    """What gzip holds, of much only the first BYTES_INFLATED; b"" when it is broken."""
    try:
        return zlib.decompressobj(wbits=31).decompress(data, BYTES_INFLATED)
    except zlib.error:
        return b""


def base64_bytes(text: Any) -> bytes | None:
    """What a text holds as base64, where that is JSON, text, a picture or gzip; else None.

    >>> base64_bytes("eyJ0byI6ICJhZGEifQ==")
    b'{"to": "ada"}'
    """
    if not isinstance(text, str) or not _LEAST <= len(text) <= TEXT_UNPACKED:
        return None
    if not _ALPHABET.issuperset(text[:_HEAD]):
        return None
    standard = text.replace("-", "+").replace("_", "/")
    try:
        data = b64decode(standard + "=" * (-len(text) % 4), validate=True)
    except (NotBase64, ValueError):
        return None
    return data if _is_readable(data) else None


def _is_readable(data: bytes) -> bool:
    if image_type(data) or is_gzip(data):
        return True
    head = data[:_HEAD]
    try:
        text = head.decode("utf-8") if len(head) == len(data) else head.decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return False
    return bool(text) and all(character.isprintable() or character in "\n\r\t" for character in text)
