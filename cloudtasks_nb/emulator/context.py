"""What the services share: the database, the time, random ids, and the way out for push tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random, SystemRandom

from ..errors import NotFound
from ..names import QueueName
from .attempts import Attempt
from .clock import Clock
from .locations import check_location
from .store import QueueRow, Store

QUEUE_MISSING = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
)
NOT_FOUND = "Requested entity was not found."


class Context:
    """One for all services of an emulator."""

    def __init__(
        self, store: Store, clock: Clock, send: Callable[[Attempt], None], random: Random | None = None
    ) -> None:
        self.store = store
        self.clock = clock
        self.send = send
        self.random = random or SystemRandom()
        self._expiry = store.tasks.next_expiry()

    def expires(self, moment: datetime | None, *, anew: bool = False) -> None:
        """Notes when something ends by itself, so that nobody looks for it before."""
        if anew or self._expiry is None or (moment is not None and moment < self._expiry):
            self._expiry = moment

    def has_expiry(self, now: datetime) -> bool:
        return self._expiry is not None and self._expiry <= now


def existing_queue(store: Store, name: QueueName) -> QueueRow:
    """The queue of this name. Errors: InvalidArgument for a location that does not exist; NotFound."""
    check_location(name.parent)
    found = store.queue(str(name))
    if found is None:
        raise NotFound(QUEUE_MISSING)
    return found
