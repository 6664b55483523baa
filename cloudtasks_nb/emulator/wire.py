"""How answers are written: proto JSON's durations, pretty printing, and no sign that a browser could act on."""

from __future__ import annotations

from typing import Any

import msgspec

from ..model import Duration, Int64


def duration_text(value: Duration) -> str:
    """A duration with no, three or six digits of fraction: "0.100s"."""
    text = str(value)
    whole, dot, fraction = text.removesuffix("s").partition(".")
    return f"{whole}.{fraction.ljust(3 if len(fraction) <= 3 else 6, '0')}s" if dot else text


def _to_wire(value: Any) -> Any:
    if isinstance(value, Duration):
        return duration_text(value)
    if isinstance(value, Int64):
        return str(int(value))
    raise NotImplementedError(type(value))


_encoder = msgspec.json.Encoder(enc_hook=_to_wire)

# Only strings can hold these, so replacing them in the finished JSON is safe.
_ESCAPED = {sign.encode(): f"\\u{ord(sign):04x}".encode() for sign in "<>\x7f\u2028\u2029\ufeff"}
_ESCAPED_ASCII = {sign: escape for sign, escape in _ESCAPED.items() if sign.isascii()}


def encode(message: Any) -> bytes:
    """A message as compact JSON."""
    return _encoder.encode(message)


def finish(raw: bytes, *, pretty: bool) -> bytes:
    """Compact JSON as it goes out. Source: SPEC section 1.5."""
    for sign, escape in (_ESCAPED_ASCII if raw.isascii() else _ESCAPED).items():
        if sign in raw:
            raw = raw.replace(sign, escape)
    return msgspec.json.format(raw, indent=2) + b"\n" if pretty else raw
