"""Decompresses request bodies up to a limit; compresses responses on the conditions that Google sets."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Mapping

from ....errors import InvalidArgument

MAX_BODY_BYTES = 32 * 1024 * 1024

_WBITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_WORTH_IT_BYTES = 1024
_FAST = 1
_GZIP_ACCEPTED = re.compile(r"(^|,)\s*gzip\s*(,|$|;\s*q=(1|0\.0*[1-9]))")


def unpacked(raw: bytes, encoding: str) -> bytes:
    """A body with its Content-Encoding removed. Errors: InvalidArgument."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return raw
    if encoding not in _WBITS:
        raise InvalidArgument(f"The Content-Encoding '{encoding[:60]}' is not supported: use gzip.", code=415)
    unpacker = zlib.decompressobj(_WBITS[encoding])
    try:
        body = unpacker.decompress(raw, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise InvalidArgument("The request body does not match its Content-Encoding.") from None
    if len(body) > MAX_BODY_BYTES:
        raise too_large()
    if not unpacker.eof:
        raise InvalidArgument("The compressed request body is incomplete.")
    return body


def packed(body: bytes, headers: Mapping[str, str]) -> bytes | None:
    """The body in gzip if it is large enough and both headers ask for it: the User-Agent must contain gzip, too."""
    if len(body) < _WORTH_IT_BYTES or "gzip" not in headers.get("User-Agent", ""):
        return None
    if not _GZIP_ACCEPTED.search(headers.get("Accept-Encoding", "").lower()):
        return None
    return gzip.compress(body, compresslevel=_FAST, mtime=0)


def too_large() -> InvalidArgument:
    """A body above the size limit."""
    return InvalidArgument(f"Request payload size exceeds the limit: {MAX_BODY_BYTES} bytes.", code=413)
