"""What outlives its queue's taskTtl: it is gone before anybody looks again, however much ends at one moment."""

from __future__ import annotations

from datetime import UTC, datetime

from ..clock import Clock
from .store import Store

AT_ONCE = 1000  # tasks: some 20 ms


class Expiry:
    """Knows when the next task ends by itself, so that nobody searches for it before."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next = store.tombstones.next_expiry()

    def note(self, moment: datetime) -> None:
        """A task will end at this moment."""
        if self._next is None or moment < self._next:
            self._next = moment

    def begin_anew(self) -> None:
        """The database is another one."""
        self.look_again()

    def look_again(self) -> None:
        """Something was lost: what seemed to have ended may be there still."""
        self._next = datetime.min.replace(tzinfo=UTC)

    def is_due(self) -> bool:
        """Whether something is past its time and still there."""
        return self._next is not None and self._next <= self._clock.now()

    def end_some(self) -> None:
        """Ends some of it."""
        with self._store.transaction():
            for gone in self._store.tombstones.expire(AT_ONCE, self._clock.now()):
                self._store.journal.removed(gone.queue, gone.task, "EXPIRED", gone.at_us)
        self._next = self._store.tombstones.next_expiry()

    def end_all(self) -> None:
        """Returns when nothing is left of it."""
        while self.is_due():
            self.end_some()
