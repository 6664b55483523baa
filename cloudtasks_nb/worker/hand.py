"""Groups of leased tasks: those of one handler call (Hand), of calls that travel together (Bundle), and of one lease
call (Haul). No I/O."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import Future
from typing import TYPE_CHECKING

import msgspec

from .horizon import FEWEST_ATTEMPTS

if TYPE_CHECKING:
    from ..model.queue import RetryConfig
    from ..resources.task import Task
    from .handling import Ended

RENEW_AFTER = 2 / 3
"""The fraction of a lease after which it is renewed."""


def attempts_of(retries: RetryConfig | None, unknown: float) -> float:
    """How many attempts retry settings allow; `unknown` if they do not say."""
    if retries is None:
        return unknown
    return math.inf if retries.unlimited_attempts else retries.max_attempts or unknown


class Haul:
    """The tasks of one lease call, whose leases end at the same time. Times are of this process's monotonic clock.

    `asked_s`: when the call was sent. `ends_s` counts from then, so that it is never too late. `renewing`: a renewal is
    running. `hands`: the handler calls that still need their leases, in the order in which they were leased.
    """

    def __init__(
        self, tasks_of_hands: Iterable[list[Task]], asked_s: float, answered_s: float, lease_s: float
    ) -> None:
        self.asked_s, self.lease_s = asked_s, lease_s
        self.hands = {Hand(tasks, self, list(tasks)): None for tasks in tasks_of_hands}
        self.renewed(asked_s, answered_s)

    @property
    def tasks(self) -> list[Task]:
        """The tasks of these handler calls."""
        return [task for hand in self.hands for task in hand.tasks]

    def renewed(self, asked_s: float, answered_s: float) -> None:
        """Restart the leases, by a call that was sent at `asked_s`, and whose response came at `answered_s`."""
        self.renewing = False
        self.ends_s = asked_s + self.lease_s
        self.renew_s = asked_s + self.lease_s * RENEW_AFTER
        self.answered_s = answered_s

    @property
    def is_over_s(self) -> float:
        """When the leases have ended for certain: never too early, where `ends_s` is never too late."""
        return self.answered_s + self.lease_s * (2 if self.renewing else 1)

    def is_due(self, now_s: float) -> bool:
        """Whether its leases need a renewal."""
        return not self.renewing and now_s >= self.renew_s


class Hand(msgspec.Struct, eq=False):
    """The tasks of one handler call. `held`: those whose leases are not known as lost. `given_back`: no handler
    started."""

    tasks: list[Task]
    haul: Haul
    held: list[Task]
    given_back: bool = False

    def drop_lost(self) -> int:
        """Forget the tasks whose leases are lost, and return their number. Another worker handles them."""
        count = len(self.tasks) - len(self.held)
        self.tasks = list(self.held)
        return count

    @property
    def may_share(self) -> bool:
        """Whether it may travel with others: none of these tasks was leased before, or allows only few attempts."""
        is_first = all(task.dispatch_count == 1 for task in self.tasks)
        return is_first and self.own_attempts >= FEWEST_ATTEMPTS

    @property
    def own_attempts(self) -> float:
        """The fewest attempts that a task allows itself; infinite if they all allow any number, or say nothing."""
        return min(attempts_of(task.retry_config, math.inf) for task in self.tasks)


class Bundle(msgspec.Struct, eq=False):
    """Handler calls that an executor makes one after the other. In threads it is one call.

    `began_s`: the start of the first one. `is_late`: it ran too long, and its tasks were given back.
    `is_taken_back`: it was cancelled before it began, and its tasks wait again.
    """

    hands: list[Hand]
    began_s: float
    future: Future[Ended] | None = None
    is_late: bool = False
    is_taken_back: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether all its handlers returned or raised."""
        return self.future is not None and self.future.done()

    @property
    def is_queued(self) -> bool:
        """Whether the executor has not started it, as far as its future tells."""
        return self.future is not None and not (self.future.running() or self.future.done())
