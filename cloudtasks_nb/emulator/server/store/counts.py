"""The number of tasks in each generation, so that nothing has to count them. SQLite only.

The commit that changes the tasks also writes the number, so it is correct after a crash. Changes of the current
transaction are kept in memory until then, and are rolled back with it.
"""

from __future__ import annotations

import sqlite3

Changes = dict[int, int]


class Counts:
    """Task counts by generation number."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._changes: Changes = {}

    def grew(self, generation: int, by: int) -> None:
        """Records that tasks were added or removed."""
        self._changes[generation] = self._changes.get(generation, 0) + by

    def mark(self) -> Changes:
        """The changes so far, for `forget`."""
        return self._changes.copy()

    def forget(self, mark: Changes) -> None:
        """Rolls back later changes."""
        self._changes = mark

    def write(self) -> None:
        """Writes the changes in the current transaction."""
        changes, self._changes = self._changes, {}
        for generation, by in changes.items():
            self._db.execute("UPDATE generations SET tasks = tasks + ? WHERE id = ?", (by, generation))

    def of(self, generation: int) -> int:
        """The number of tasks in a generation."""
        found = self._db.execute("SELECT tasks FROM generations WHERE id = ?", (generation,)).fetchone()
        return (found[0] if found else 0) + self._changes.get(generation, 0)
