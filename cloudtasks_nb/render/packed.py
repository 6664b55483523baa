"""Recognise packed data: base64 text that holds readable data, and pictures that a page can show."""

from __future__ import annotations

import re
from typing import Any

from ..model.unpacking import from_base64, is_gzip

_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_JPEG_FRAME = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]..\x08(..)(..)", re.DOTALL)


def image_type(data: bytes) -> str:
    """The media type of a PNG, JPEG, GIF or WebP, by its first bytes; "" for anything else.

    SVG is not among them: it is a document, not a picture.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _MAGIC.items() if data.startswith(magic)), "")


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels from the header of the picture; None if it does not hold them."""
    match image_type(data):
        case "image/png" if len(data) >= 24:
            return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
        case "image/gif" if len(data) >= 10:
            return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
        case "image/jpeg" if found := _JPEG_FRAME.search(data):
            return int.from_bytes(found[2]), int.from_bytes(found[1])
        case "image/webp" if len(data) >= 30:
            return _webp_size(data)
        case _:
            return None


def _webp_size(data: bytes) -> tuple[int, int] | None:
    match data[12:16]:
        case b"VP8X":
            return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            width, height = int.from_bytes(data[26:28], "little"), int.from_bytes(data[28:30], "little")
            return width & 0x3FFF, height & 0x3FFF
        case _:
            return None


TEXT_UNPACKED = 2_000_000

_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
_LEAST = 16
_HEAD = 4_096


def base64_bytes(text: Any) -> bytes | None:
    """The bytes in a base64 text, if they are JSON, text, a picture or gzip; else None.

    >>> base64_bytes("eyJ0byI6ICJhZGEifQ==")
    b'{"to": "ada"}'
    """
    if not isinstance(text, str) or not _LEAST <= len(text) <= TEXT_UNPACKED:
        return None
    if not _ALPHABET.issuperset(text[:_HEAD]):
        return None
    data = from_base64(text)
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
