"""The shared state of the services: database, clock, random ids, and the queue of push tasks to send."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random, SystemRandom

from ....errors import NotFound
from ....model import Queue
from ....names import QueueName, TaskName
from ..clock import Clock, to_us
from ..delivery.under_way import UnderWay
from ..hindrances import Hindrances
from ..rules.attempts import Attempt
from ..rules.locations import APP_ENGINE_LOCATION, check_location
from ..rules.queues import tombstone_ttl
from ..store.expiry import Expiry
from ..store.store import QueueRow, Store
from ..store.task_json import StoredTask, task_json, task_prefix
from ..store.tasks import Brief

QUEUE_MISSING = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
)
NOT_FOUND = "Requested entity was not found."
_GONE = (
    "The task no longer exists, though a task with this name existed recently. "
    "The task either successfully completed or was deleted."
)


class Context:
    """One instance for all services of an emulator."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        send: Callable[[Attempt], None],
        random: Random | None = None,
        wake: Callable[[int], None] | None = None,
        app_engine_location: str = APP_ENGINE_LOCATION,
    ) -> None:
        self.store = store
        self.clock = clock
        self.send = send
        self.random = random or SystemRandom()
        self.expiry = Expiry(store, clock)
        self._wake = wake
        self.app_engine_location = app_engine_location
        self.hindrances = Hindrances()
        self.under_way = UnderWay()
        self.keeps_given_up = False

    def changed(self, queue: int) -> None:
        """Something in this queue may be ready to dispatch, once it is on disk."""
        if self._wake is not None:
            self.store.after_commit(partial(self._wake, queue), once=queue)


class Serving:
    """The base class of all services, with their common steps."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store
        self._tasks = context.store.tasks

    def _queue(self, name: QueueName) -> QueueRow:
        """The queue with this name. Errors: InvalidArgument for a location that does not exist; NotFound."""
        check_location(name.parent)
        found = self._store.queue(str(name))
        if found is None:
            raise NotFound(QUEUE_MISSING)
        return found

    def _save(self, row: QueueRow, queue: Queue) -> Queue:
        """Stores a queue, inside the caller's transaction."""
        self._store.save_queue(row.row, queue)
        self._context.changed(row.row)
        return queue

    def _task(self, name: TaskName) -> tuple[QueueRow, StoredTask]:
        """The task with this name, and its queue. Errors: InvalidArgument, NotFound."""
        queue = self._queue(name.parent)
        found = self._tasks.get(queue.generation, name.task)
        if found is None:
            raise self._missing(queue, name.task)
        return queue, found

    def _missing(self, queue: QueueRow, task_id: str) -> NotFound:
        """The error for a task that does not exist: it says whether it existed recently."""
        gone = self._store.tombstones.is_blocked(queue.row, task_id, self._context.clock.now())
        return NotFound(_GONE if gone else NOT_FOUND)

    def _give_up(self, queue: QueueRow, task: StoredTask, why: str) -> None:
        """Ends a task that used up its attempts; keeps a copy if the emulator has dead letters enabled."""
        if self._context.keeps_given_up:
            self._store.given_up.add(queue.queue.name, task, self._context.clock.now())
        self._remove(queue, task.id, why)

    def _remove(self, queue: QueueRow, task_id: str, why: str = "DELETED") -> None:
        """As _end, for a task with this id. Errors: NotFound."""
        task = self._tasks.brief(queue.generation, task_id)
        if task is None:
            raise NotFound(NOT_FOUND)
        self._end(queue, task, why)

    def _end(self, queue: QueueRow, task: Brief, why: str) -> None:
        """Ends a task; its name stays blocked for a while. `why` is empty if an attempt gives the reason."""
        self._tasks.remove(queue.generation, task.row)
        now = self._context.clock.now()
        self._store.tombstones.add(queue.row, task.id, now + tombstone_ttl(queue.queue))
        self._store.journal.removed(queue.queue.name, task, why, to_us(now))


def shown(queue: QueueRow, task: StoredTask, view: str) -> bytes:
    """The response of a call about one task."""
    return task_json(task, task_prefix(queue.queue), view or "BASIC").encode()
