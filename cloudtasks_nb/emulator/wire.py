"""How answers leave: pretty printed or not, and without signs that a browser could act on."""

from __future__ import annotations

import msgspec

# Only strings can hold these, so replacing them in the finished JSON is safe.
_ESCAPED = {sign.encode(): f"\\u{ord(sign):04x}".encode() for sign in "<>\x7f\u2028\u2029\ufeff"}
_ESCAPED_ASCII = {sign: escape for sign, escape in _ESCAPED.items() if sign.isascii()}


def finish(raw: bytes, *, pretty: bool) -> bytes:
    """Compact JSON as it goes out. Source: SPEC section 1.5."""
    for sign, escape in (_ESCAPED_ASCII if raw.isascii() else _ESCAPED).items():
        if sign in raw:
            raw = raw.replace(sign, escape)
    return msgspec.json.format(raw, indent=2) + b"\n" if pretty else raw
