"""Database: issued tokens, stored as digests only. SQLite only; `now` is an argument."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime

from msgspec import Struct

from ..clock import from_us, to_us
from ..rules.identity import Caller


class Issued(Struct, frozen=True):
    """An issued token. `until`: None for a refresh token, which is valid until it is revoked."""

    member: str
    client: str
    scope: str
    until: datetime | None = None


class OAuthStore:
    """Tokens by their digests."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def add(self, token: str, issued: Issued, now: datetime) -> None:
        """Stores a token, and deletes expired ones."""
        self._db.execute("DELETE FROM oauth_tokens WHERE until_us <= ?", (to_us(now),))
        until_us = None if issued.until is None else to_us(issued.until)
        row = (_digest(token), issued.member, issued.client, issued.scope, until_us)
        self._db.execute("INSERT INTO oauth_tokens VALUES (?, ?, ?, ?, ?)", row)

    def refresh_token(self, token: str) -> Issued | None:
        sql = "SELECT member, client, scope FROM oauth_tokens WHERE digest = ? AND until_us IS NULL"
        found = self._db.execute(sql, (_digest(token),)).fetchone()
        return Issued(*found) if found else None

    def caller(self, token: str, now: datetime) -> Caller | None:
        """The caller of a valid access token."""
        sql = "SELECT member, scope, until_us FROM oauth_tokens WHERE digest = ? AND until_us > ?"
        found = self._db.execute(sql, (_digest(token), to_us(now))).fetchone()
        if found is None:
            return None
        member, scope, until_us = found
        return Caller(member, frozenset(scope.split()), from_us(until_us).timestamp())

    def revoke(self, token: str) -> bool:
        """Deletes a token. For a refresh token, deletes all tokens of its client for its member."""
        found = self._db.execute(
            "DELETE FROM oauth_tokens WHERE digest = ? RETURNING member, client, until_us", (_digest(token),)
        ).fetchone()
        if found is not None and found[2] is None:
            self._db.execute("DELETE FROM oauth_tokens WHERE member = ? AND client = ?", found[:2])
        return found is not None


def _digest(token: str) -> bytes:
    return hashlib.blake2b(token.encode(errors="replace"), digest_size=20).digest()
