"""Deletes tasks older than their queue's taskTtl before anybody can read them, in small steps."""

from __future__ import annotations

from datetime import UTC, datetime

from ..clock import Clock
from .store import Store

AT_ONCE = 1000  # tasks: some 20 ms


class Expiry:
    """Knows when the next task expires, so that no query is needed before."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next = store.tombstones.next_expiry()

    def note(self, moment: datetime) -> None:
        """Notes that a task will expire at this moment."""
        if self._next is None or moment < self._next:
            self._next = moment

    def begin_anew(self) -> None:
        """The database was replaced."""
        self.look_again()

    def look_again(self) -> None:
        """A rollback happened: expired tasks may exist again."""
        self._next = datetime.min.replace(tzinfo=UTC)

    def is_due(self) -> bool:
        """Whether there are expired tasks left."""
        return self._next is not None and self._next <= self._clock.now()

    def end_some(self) -> None:
        """Deletes some of them."""
        with self._store.transaction():
            for gone in self._store.tombstones.expire(AT_ONCE, self._clock.now()):
                self._store.journal.removed(gone.queue, gone.task, "EXPIRED", gone.at_us)
        self._next = self._store.tombstones.next_expiry()

    def end_all(self) -> None:
        """Returns when none is left."""
        while self.is_due():
            self.end_some()
