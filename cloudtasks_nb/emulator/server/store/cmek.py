"""The database: the encryption keys of locations. SQLite only."""

from __future__ import annotations

import sqlite3


class CmekStore:
    """Keys by the full names of their locations."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, location: str) -> str:
        """The key's name; empty where none was set."""
        found = self._db.execute("SELECT kms_key FROM cmek WHERE location = ?", (location,)).fetchone()
        return str(found[0]) if found else ""

    def set(self, location: str, kms_key: str) -> None:
        self._db.execute("REPLACE INTO cmek VALUES (?, ?)", (location, kms_key))
