"""Pages of a listing: page sizes, and page tokens.

A token holds the key of the last item, so pages stay stable while items come and go. It is sealed with the parameters
of the listing: an invalid token and a token of another listing fail the same check. Source: SPEC section 2.5.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from ....errors import InvalidArgument
from ..clock import from_us, to_us

TOKEN_LIFE = timedelta(hours=2)
_SEAL_BYTES = 12


def page_size(asked: int, largest: int) -> int:
    """The page size. Errors: InvalidArgument."""
    if asked < 0:
        raise InvalidArgument("The page size cannot be negative.")
    return min(asked, largest) or largest


class Listing:
    """A requested page: its size, the key that it begins after, and the token of the next page.

    `parameters`: identify the listing. Errors: InvalidArgument.
    """

    def __init__(
        self, parameters: Sequence[str], size: int, token: str, *, largest: int, now: datetime
    ) -> None:
        self._parameters, self._now = parameters, now
        self.limit = page_size(size, largest)
        self.after = read_token(token, parameters, now)

    def token(self, *key: Any) -> str:
        """The token of the page after `key`."""
        return make_token(key, self._parameters, self._now)


def make_token(key: Sequence[Any], listing: Sequence[str], now: datetime) -> str:
    """The token of the page after `key`, for the listing with these parameters."""
    content = msgspec.json.encode([to_us(now), *key])
    return base64.urlsafe_b64encode(_seal(content, listing) + content).decode().rstrip("=")


def read_token(token: str, listing: Sequence[str], now: datetime) -> list[Any] | None:
    """The key that the page begins after; None for the first page. Errors: InvalidArgument."""
    if not token:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    content = raw[_SEAL_BYTES:]
    if raw[:_SEAL_BYTES] != _seal(content, listing):
        raise InvalidArgument("The page token is invalid, or belongs to a listing with other parameters.")
    issued_us, *key = msgspec.json.decode(content)
    if now - from_us(issued_us) > TOKEN_LIFE:
        raise InvalidArgument("The page token has expired: page tokens are good for two hours.")
    return list(key)


def _seal(content: bytes, listing: Sequence[str]) -> bytes:
    return hashlib.blake2b(msgspec.json.encode(listing) + content, digest_size=_SEAL_BYTES).digest()
