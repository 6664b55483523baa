"""How many tasks each generation has, so that nobody counts them. SQLite only.

The number is kept in the database and changed by the transaction that changes the tasks: it is rolled back with them,
and true after a crash. A transaction that creates a hundred tasks writes the number once.
"""

from __future__ import annotations

import sqlite3


class Counts:
    """The numbers of tasks, with the changes that the transaction under way did not write yet."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._changes: dict[int, int] = {}

    def grew(self, generation: int, by: int) -> None:
        """Notes that tasks were added, or removed."""
        self._changes[generation] = self._changes.get(generation, 0) + by

    def write(self) -> None:
        """Writes the changes, as part of the transaction under way."""
        for generation, by in self._changes.items():
            self._db.execute("UPDATE generations SET tasks = tasks + ? WHERE id = ?", (by, generation))
        self._changes.clear()

    def forget(self) -> None:
        """The changes since the last write were rolled back."""
        self._changes.clear()

    def of(self, generation: int) -> int:
        """How many tasks a generation has."""
        found = self._db.execute("SELECT tasks FROM generations WHERE id = ?", (generation,)).fetchone()
        return (found[0] if found else 0) + self._changes.get(generation, 0)
