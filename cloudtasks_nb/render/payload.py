"""Show a payload in readable form: JSON, text, a picture, or a hex dump, each with its size.

Gzip and base64 are unpacked. The unpacked size and the shown size are both limited.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from ..model.unpacking import inflated, is_gzip
from ..redact import redacted, scrub_lines
from .json_tree import json_tree
from .packed import image_size, image_type
from .shapes import Image, Json, Section
from .values import size

Kind = Literal["JSON", "text", "binary"]

CHARACTERS_SHOWN = 8_000
BYTES_INFLATED = 2_000_000
BYTES_DUMPED = 256
IMAGE_BYTES_SHOWN = 256_000
PIXELS_SHOWN = 20_000_000
OPEN_LINES = 18
INNER_SHOWN = 6
LAYERS = 3
"""How many layers of base64 and gzip are unpacked."""


def payload_sections(data: bytes, label: str = "payload", layers: int = LAYERS) -> list[Section]:
    """Sections of a payload, then of the base64 values in its JSON. Short sections are open, long ones are cut."""
    if not data:
        return [Section(f"{label}: empty, 0 B", "")]
    packed = ""
    while layers and is_gzip(data) and (held := inflated(data, BYTES_INFLATED)) not in (b"", data):
        packed += f"gzip of {size(len(data))}, inside{' (beginning)' * (len(held) == BYTES_INFLATED)}: "
        data, layers = held, layers - 1
    first = _section(data, label, packed)
    if not isinstance(first.body, Json) or not layers:
        return [first]
    inner = [
        part
        for found in first.body.inside[:INNER_SHOWN]
        for part in payload_sections(found.data, f"{label}{found.path}", layers - 1)
    ]
    return [first, *inner]


def raw_text(data: bytes) -> str | None:
    """The raw text of a JSON payload, secrets replaced, cut; None if it is not JSON or shows nothing new."""
    kind, text, value = _read(data)
    if kind != "JSON":
        return None
    hidden = redacted(value)
    if hidden != value:
        text = json.dumps(hidden, ensure_ascii=False)
    return text if len(text) <= CHARACTERS_SHOWN else f"{text[:CHARACTERS_SHOWN]}\n…"


def preview(data: bytes, width: int = 48) -> str:
    """The beginning of a payload on one line, secrets replaced; its size when it is not text."""
    if is_gzip(data):
        return f"gzip {size(len(data))}"
    head = data[: 8 * width]
    text = head.decode("utf-8", "ignore")
    if not data or image_type(data) or _has_controls(text) or len(text) < len(head) // 4:
        return f"{image_type(data)} {size(len(data))}".strip()
    line = " ".join(scrub_lines(text).split())
    return line if len(line) <= width and len(head) == len(data) else f"{line[: width - 1]}…"


def _section(data: bytes, label: str, packed: str) -> Section:
    media_type = image_type(data)
    if media_type:
        return _picture(data, media_type, f"{label}: {packed}")
    kind, text, value = _read(data)
    summary = f"{label}: {packed}{kind}, {size(len(data))}"
    match kind:
        case "JSON":
            return _json(value, summary)
        case "text":
            return _text(text, summary)
        case _:
            return _binary(data, summary)


def _json(value: Any, summary: str) -> Section:
    tree = json_tree(value)
    summary += ", cut" * tree.is_cut + ", secrets hidden" * tree.has_secrets
    return Section(summary, tree, open=_is_short(tree.text))


def _text(text: str, summary: str) -> Section:
    seen = scrub_lines(text[: 2 * CHARACTERS_SHOWN])  # longer than shown: finds a secret at the cut
    if len(text) > CHARACTERS_SHOWN:
        summary += f", first {CHARACTERS_SHOWN:,} of {len(text):,} characters"
        seen = f"{seen[:CHARACTERS_SHOWN]}\n…"
    elif seen != text:
        summary += ", secrets hidden"
    return Section(summary, seen, open=_is_short(seen))


def _binary(data: bytes, summary: str) -> Section:
    dump = _hex_dump(data)
    if len(data) > BYTES_DUMPED:
        summary += f", first {BYTES_DUMPED:,} of {len(data):,} bytes"
        dump += "\n…"
    return Section(summary, dump, open=_is_short(dump))


def _picture(data: bytes, media_type: str, before: str) -> Section:
    width, height = image_size(data) or (0, 0)
    pixels = f", {width:,} × {height:,} pixels" if width and height else ""
    summary = f"{before}{media_type}, {size(len(data))}{pixels}"
    if len(data) > IMAGE_BYTES_SHOWN or width * height > PIXELS_SHOWN:
        return Section(f"{summary}, too large to show", _hex_dump(data) + "\n…")
    return Section(summary, Image(media_type, data, summary), open=True)


def _read(data: bytes) -> tuple[Kind, str, Any]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "binary", "", None
    if text.lstrip()[:1] in ("{", "[", '"') or text.strip() in ("null", "true", "false"):
        try:
            return "JSON", text, json.loads(text)
        except (ValueError, RecursionError):
            pass
    return ("binary", "", None) if _has_controls(text) else ("text", text, None)


def _has_controls(text: str) -> bool:
    controls = sum(
        character < " " and character not in "\t\n\r\f\x1b" for character in text[:CHARACTERS_SHOWN]
    )
    return controls > min(len(text), CHARACTERS_SHOWN) // 20


def _is_short(text: str) -> bool:
    return text.count("\n") < OPEN_LINES and len(text) < 1_500


def _hex_dump(data: bytes) -> str:
    lines = []
    for at in range(0, min(len(data), BYTES_DUMPED), 16):
        part = data[at : at + 16]
        printed = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{at:06x}  {part.hex(' '):<47}  {printed}")
    return "\n".join(lines)
