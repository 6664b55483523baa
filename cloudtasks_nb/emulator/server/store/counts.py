"""How many tasks each generation has, so that nobody counts them. SQLite only.

The number is kept in the database and written by the commit that changes the tasks: it is true after a crash. What the
transaction under way changed is known here until then, and is taken back with it.
"""

from __future__ import annotations

import sqlite3

Changes = dict[int, int]


class Counts:
    """The numbers of tasks, by the number of their generation."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._changes: Changes = {}

    def grew(self, generation: int, by: int) -> None:
        """Notes that tasks were added, or removed."""
        self._changes[generation] = self._changes.get(generation, 0) + by

    def mark(self) -> Changes:
        """What was changed until here, for `forget`."""
        return self._changes.copy()

    def forget(self, mark: Changes) -> None:
        """What was changed since then did not happen."""
        self._changes = mark

    def write(self) -> None:
        """Writes what was changed, as part of the transaction under way."""
        changes, self._changes = self._changes, {}
        for generation, by in changes.items():
            self._db.execute("UPDATE generations SET tasks = tasks + ? WHERE id = ?", (by, generation))

    def of(self, generation: int) -> int:
        """How many tasks a generation has."""
        found = self._db.execute("SELECT tasks FROM generations WHERE id = ?", (generation,)).fetchone()
        return (found[0] if found else 0) + self._changes.get(generation, 0)
