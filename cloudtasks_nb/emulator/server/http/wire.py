"""How answers leave: pretty printed or not, and without signs that a browser could act on.

Source: SPEC section 1.5: what the service writes as \\uXXXX beside what JSON requires.
"""

from __future__ import annotations

import re

import msgspec

# Only strings can hold these, so replacing them in the finished JSON is safe.
_ESCAPED_ASCII = {sign.encode(): f"\\u{ord(sign):04x}".encode() for sign in "<>\x7f"}
_ESCAPED = re.compile(
    "[<>\x7f-\x9f\xad\u0600-\u0603\u06dd\u070f\u17b4\u17b5\u200b-\u200f\u2028-\u202e\u2060-\u2064\u206a-\u206f"
    "\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)


def finish(raw: bytes, *, pretty: bool) -> bytes:
    """Compact JSON as it goes out."""
    if raw.isascii():
        for sign, escape in _ESCAPED_ASCII.items():
            if sign in raw:
                raw = raw.replace(sign, escape)
    else:
        raw = _ESCAPED.sub(_escape, raw.decode()).encode()
    return msgspec.json.format(raw, indent=2) + b"\n" if pretty else raw


def script(function: str, json: bytes) -> bytes:
    """JSON as a script that calls a function with it. The name may be one that is being refused."""
    name = finish(msgspec.json.encode(function)[1:-1], pretty=False)
    return b"// API callback\n" + name + b"(" + json + b");"


def _escape(match: re.Match[str]) -> str:
    """One sign as JSON's escape: a pair of them beyond the first 65,536."""
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
