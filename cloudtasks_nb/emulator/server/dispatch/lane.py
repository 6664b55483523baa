"""The dispatcher's state of one queue: how much it can send now, and the time of its next check."""

from __future__ import annotations

import math
from datetime import datetime

from ....model import RateLimits
from ..hindrances import Hindrances
from ..rules.attempts import Attempt
from ..rules.queues import BURST, CONCURRENT, RATE
from ..rules.token_bucket import TokenBucket
from ..services.attempts import AttemptService
from ..store.store import QueueRow
from ..store.tasks import TaskStore

AT_ONCE = 100  # attempts that begin in one step: a large burst leaves time for other work
_NOT_OFTENER_THAN_S = 0.01  # a fast queue is served in small groups rather than one by one


class Lane:
    """`look_at`: the time of the next check. `has_more`: more could be sent at once."""

    def __init__(self, now: datetime, hindrances: Hindrances | None = None) -> None:
        self._hindrances = hindrances or Hindrances()
        self._rate = float(RATE)
        self._bucket = TokenBucket(RATE, BURST, now)
        self._limits: RateLimits | None = None
        self.under_way = 0
        self.look_at: datetime | None = None
        self.has_more = False

    def begin(
        self, queue: QueueRow, attempts: AttemptService, tasks: TaskStore, now: datetime
    ) -> list[Attempt]:
        """Begins the attempts that can be sent now."""
        self.look_at, self.has_more = None, False
        limits = queue.queue.rate_limits or RateLimits()
        self._adjust(limits, now)
        if queue.queue.state != "RUNNING":
            return []
        room = (limits.max_concurrent_tasks or CONCURRENT) - self.under_way
        tokens = self._bucket.available(now)
        limit = min(room, tokens, AT_ONCE)
        begun = attempts.begin_due(queue, limit) if limit > 0 else []
        self._bucket.take(len(begun))
        self.under_way += len(begun)
        if room <= len(begun):
            return begun  # an ended attempt frees a slot, and wakes this queue
        due = tasks.next_to_dispatch(queue.generation)
        if due is not None and due <= now:
            self._go_on(tokens - len(begun), now)
        else:
            self.look_at = due
        return begun

    def _go_on(self, tokens: int, now: datetime) -> None:
        """More tasks are due than were sent."""
        self.has_more = tokens > 0
        if not self.has_more:
            self.look_at = self._bucket.when(max(1, math.ceil(self._rate * _NOT_OFTENER_THAN_S)), now)

    def _adjust(self, limits: RateLimits, now: datetime) -> None:
        rate = self._hindrances.rate(limits.max_tasks_dispatched_per_second or RATE)
        if (limits, rate) == (self._limits, self._rate):
            return
        self._rate = rate
        burst = int(limits.max_burst_size or BURST)
        if self._limits is None:
            self._bucket = TokenBucket(self._rate, burst, now)
        else:
            self._bucket.adjust(self._rate, burst, now)
        self._limits = limits
