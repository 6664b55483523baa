"""Tasks in hand: one handler call, the leases it holds, and when they must be renewed. No I/O."""

from __future__ import annotations

import math
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from ..resources.task import Task

RENEW_AFTER = 2 / 3
"""The part of a lease after which it is renewed."""


class Hand(msgspec.Struct, eq=False, gc=True):
    """The tasks of one handler call. Times are of this process's monotonic clock, in seconds.

    `held` are the tasks whose leases were not found lost. `ends_s`: when the leases end; told carefully, from before
    the call that took them. `renewing` is set while a renewal is under way, `future` is the handler's.
    """

    tasks: list[Task]
    held: list[Task]
    lease_s: float
    ends_s: float = 0.0
    renew_s: float = 0.0
    renewing: bool = False
    future: Future[Any] | None = None
    finished: bool = False

    @classmethod
    def of(cls, tasks: list[Task], asked_s: float, lease_s: float) -> Hand:
        """Tasks leased by a call that was made at `asked_s`."""
        hand = cls(tasks, tasks, lease_s)
        hand.renewed(asked_s, tasks)
        return hand

    def renewed(self, asked_s: float, held: list[Task]) -> None:
        """The leases of these tasks begin anew, with a call made at `asked_s`; others were lost."""
        self.renewing = False
        self.held = held
        self.ends_s = asked_s + self.lease_s
        self.renew_s = asked_s + self.lease_s * RENEW_AFTER

    def lost(self) -> None:
        """No lease is held any more: what the handler does is done for nothing, or by two; settling will tell."""
        self.renewing = False
        self.held = []
        self.renew_s = math.inf

    def again(self, now_s: float, wait_s: float) -> None:
        """A renewal failed for a reason that may pass: try once more before the end."""
        self.renewing = False
        self.renew_s = now_s + wait_s

    def is_over(self, now_s: float) -> bool:
        return now_s >= self.ends_s
