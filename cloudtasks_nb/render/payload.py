"""A payload as people can read it: JSON, text, a picture, or a hex dump, each with its size."""

from __future__ import annotations

import json

from .shapes import Image, Section
from .values import size

CHARACTERS_SHOWN = 8_000
BYTES_DUMPED = 256
IMAGE_BYTES_SHOWN = 256_000
OPEN_LINES = 18

_IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


def payload_section(data: bytes, label: str = "payload") -> Section:
    """A payload as a section, open when it is short. Long ones are cut, and say so."""
    media_type = _image_type(data)
    if media_type:
        return _picture(data, media_type, label)
    kind, text = decoded(data)
    shown_of, body = (BYTES_DUMPED, _hex_dump(data)) if kind == "binary" else (CHARACTERS_SHOWN, text)
    whole = len(data) if kind == "binary" else len(text)
    cut = ""
    if whole > shown_of:
        unit = "bytes" if kind == "binary" else "characters"
        body = f"{body if kind == 'binary' else text[:shown_of]}\n…"
        cut = f", first {shown_of:,} of {whole:,} {unit}"
    is_short = body.count("\n") < OPEN_LINES and len(body) < 1_500
    return Section(f"{label}: {kind}, {size(len(data))}{cut}", body, open=is_short)


def decoded(data: bytes) -> tuple[str, str]:
    """What a payload is ("JSON", "text" or "binary") and its text; JSON is indented."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "binary", ""
    if (data[:1].strip() and text.lstrip()[:1] in '{["') or text.strip() in ("null", "true", "false"):
        try:
            return "JSON", json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    controls = sum(character < " " and character not in "\t\n\r\f\x1b" for character in text)
    return ("binary", "") if controls > len(text) // 20 else ("text", text)


def preview(data: bytes, width: int = 48) -> str:
    """The beginning of a payload on one line; its size when it is not text."""
    head = data[: 4 * width]
    text = head.decode("utf-8", "ignore")
    if not data or _image_type(data) or decoded(text.encode())[0] == "binary" or len(text) < len(head) // 4:
        return f"{_image_type(data)} {size(len(data))}".strip()
    line = " ".join(text.split())
    return line if len(line) <= width and len(head) == len(data) else f"{line[: width - 1]}…"


def _image_type(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _IMAGES.items() if data.startswith(magic)), "")


def _picture(data: bytes, media_type: str, label: str) -> Section:
    summary = f"{label}: {media_type}, {size(len(data))}"
    if len(data) > IMAGE_BYTES_SHOWN:
        return Section(f"{summary}, too large to show", _hex_dump(data) + "\n…")
    return Section(summary, Image(media_type, data, summary), open=True)


def _hex_dump(data: bytes) -> str:
    lines = []
    for at in range(0, min(len(data), BYTES_DUMPED), 16):
        part = data[at : at + 16]
        printed = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{at:06x}  {part.hex(' '):<47}  {printed}")
    return "\n".join(lines)
