"""Makes the lease calls of a run: when, for how many tasks, and with which wait after an error."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from ..errors import AnswerTooLarge, CloudTasksError, ResourceExhausted, Timeout, TransportError
from ..rest.retry import is_passing
from .events import Events
from .hand import Hand, Haul, attempts_of
from .horizon import FEWEST_ATTEMPTS, Horizon
from .options import MAX_LEASED, WorkerOptions
from .refill import Patience, Portion, Turns

if TYPE_CHECKING:
    from ..resources.queue import Queue
    from ..resources.task import Task

_TURNS = Turns()
_SETTINGS_LAST_S = 60.0


class Leasing:
    """The lease calls of one run, one at a time. For the coordinating thread only.

    A lease call is tried once. This class decides the waits after errors, because all workers of a queue share its
    quota.
    """

    def __init__(self, queue: Queue, options: WorkerOptions, events: Events) -> None:
        self.horizon = Horizon(options.slots, options.lease_s, batch_size=options.batch_size or 1)
        self.horizon.is_allowed = False  # until the queue's settings are known
        self.is_under_way = False
        self.due_again: dict[str, float] = {}
        """Tasks that failed in this run, and when each may be leased again."""
        self.empty_s = -math.inf
        """When the latest call was made, if it leased nothing."""
        self._queue = queue
        self._options = options
        self._events = events
        self._session = queue._session.once()
        self._patience = Patience()
        self._portion = Portion()
        self._asked = 0
        self._next_s = 0.0
        self._read_again_s = -math.inf  # when to read the settings of the queue again
        self._attempts = 0.0  # that the queue allows; 0 if unknown
        self._own_attempts = math.inf  # that the latest tasks allow

    def next_s(self) -> float:
        """When to lease next. A wait for the turn lets more handlers end, so that one call leases more tasks."""
        return math.inf if self.is_under_way else max(self._next_s, _TURNS.next_s(self._queue.name))

    def call(self, lacking: int, now_s: float, then: Callable[[Future[Haul]], None]) -> None:
        """Lease tasks for this many handler calls. `then` receives the future; pass its haul to found()."""
        self.is_under_way = True
        turn_s = _TURNS.take(self._queue.name, now_s)
        each = self._options.batch_size or 1
        # With `oldest_tag` all tasks of one call share a tag, so one lease call serves one handler call.
        wanted = each if self._options.oldest_tag else min(MAX_LEASED, lacking * each)
        self._asked = count = min(wanted, self._portion.most)

        def answered(called: Future[Haul]) -> None:
            self.is_under_way = False
            then(called)

        self._events.submit(partial(self._lease, count, each, turn_s), answered)

    def found(self, haul: Haul) -> None:
        """Record a call that succeeded."""
        pause_s = self.horizon.granted()
        self._portion.complete(len(haul.tasks), haul.answered_s - haul.asked_s, self._session.timeout_s)
        if not haul.hands:
            self._found_nothing(haul.asked_s)
            return
        self._patience.found()
        self.empty_s = -math.inf
        self._next_s = time.monotonic() + pause_s
        for task in haul.tasks:
            self.due_again.pop(task.name, None)
        # Tasks may have their own limits. Then the next call leases nothing ahead, because more of them may follow.
        self._own_attempts = min(hand.own_attempts for hand in haul.hands)
        self._allow_ahead()
        if time.monotonic() >= self._read_again_s:
            self._read_again_s = time.monotonic() + _SETTINGS_LAST_S
            self._events.submit(self._read_attempts, self._learn)

    def look_again(self) -> None:
        """Omit the wait before the next call if the latest call leased nothing."""
        if self.empty_s > -math.inf:
            self._next_s = 0.0

    def may_go_on(self, error: BaseException) -> bool:
        """Whether a call after this error may succeed: later, or for fewer tasks."""
        return is_passing(error) or (isinstance(error, AnswerTooLarge) and self._asked > 1)

    def refused(self, error: BaseException, *, is_idle: bool) -> None:
        """Record a call after which others may succeed. `is_idle`: this worker has no task."""
        self.empty_s = -math.inf
        exhausted = isinstance(error, ResourceExhausted)
        pause_s = self.horizon.refused(is_idle=is_idle) if exhausted else self._patience.trouble_s()
        if isinstance(error, AnswerTooLarge) or (isinstance(error, TransportError) and error.reached):
            if isinstance(error, AnswerTooLarge | Timeout):
                self._portion.cut_off(self._asked)
            # The response was lost, perhaps with leased tasks: they become free when their leases end.
            self.due_again["(a lost response)"] = time.monotonic() + self._options.lease_s
        self._next_s = time.monotonic() + max(getattr(error, "retry_after_s", 0.0), pause_s)

    def is_last_attempt(self, hand: Hand) -> bool:
        """Whether the service would delete a task of this call if it was given back, because it has no attempt left."""
        allowed = min(self._attempts or math.inf, hand.own_attempts)
        return any(task.dispatch_count >= allowed for task in hand.tasks)

    def comes_again(self, task: Task, due_s: float) -> None:
        """Record a task that was given back, and when it may be leased again."""
        if task.dispatch_count < self._options.attempts:
            self.due_again[task.name] = due_s
            self._next_s = min(self._next_s, due_s)

    def _lease(self, count: int, each: int, turn_s: float) -> Haul:
        """Wait for the turn, and lease."""
        if (early_s := turn_s - time.monotonic()) > 0:
            threading.Event().wait(early_s)
        asked_s, options = time.monotonic(), self._options
        tasks = self._queue._lease_through(
            self._session, count, options.lease_s, options.tag, options.oldest_tag
        )
        groups = [tasks[at : at + each] for at in range(0, len(tasks), each)]
        return Haul(groups, asked_s, time.monotonic(), options.lease_s)

    def _found_nothing(self, asked_s: float) -> None:
        """Record that no task could be leased. Failed tasks that were due before are leased elsewhere, or gone."""
        self.empty_s = asked_s
        self.due_again = {name: due_s for name, due_s in self.due_again.items() if due_s > asked_s}
        now_s = time.monotonic()
        self._next_s = max(now_s, min([now_s + self._patience.nothing_s(), *self.due_again.values()]))

    def _read_attempts(self) -> float:
        """How many attempts the queue allows; 0 if unknown. Tasks that are given back use some."""
        from ..resources.queue import read_queue

        queue = self._queue
        try:
            retries = read_queue(queue._session, queue._parsed, stats=False).retry_config
        except CloudTasksError:  # some identities may lease but not read: use the known settings
            return self._attempts or attempts_of(queue.retry_config, 0.0)
        return attempts_of(retries, 0.0)

    def _learn(self, called: Future[float]) -> None:
        self._attempts = called.result()
        self._allow_ahead()

    def _allow_ahead(self) -> None:
        self.horizon.is_allowed = min(self._attempts, self._own_attempts) >= FEWEST_ATTEMPTS
