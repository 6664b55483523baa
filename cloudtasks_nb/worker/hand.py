"""Tasks in hand: one handler call, the leases it holds, and when they must be renewed. No I/O."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from ..resources.task import Task

RENEW_AFTER = 2 / 3
"""The part of a lease after which it is renewed."""


class Hand(msgspec.Struct, eq=False, gc=True):
    """The tasks of one handler call. Times are of this process's monotonic clock, in seconds.

    `ends_s`: when the leases end; told carefully, from before the call that took them. `renewing` is set while a
    renewal is under way, `future` is the handler's.
    """

    tasks: list[Task]
    lease_s: float
    ends_s: float
    renew_s: float = 0.0
    renewing: bool = False
    future: Future[Any] | None = None
    finished: bool = False

    @classmethod
    def of(cls, tasks: list[Task], asked_s: float, lease_s: float) -> Hand:
        """Tasks leased by a call that was made at `asked_s`."""
        hand = cls(tasks, lease_s, 0.0)
        hand.renewed(asked_s)
        return hand

    def renewed(self, asked_s: float) -> None:
        """The leases begin anew, with a call made at `asked_s`."""
        self.renewing = False
        self.ends_s = asked_s + self.lease_s
        self.renew_s = asked_s + self.lease_s * RENEW_AFTER

    def again(self, now_s: float, wait_s: float) -> None:
        """A renewal failed for a reason that may pass: try once more before the end."""
        self.renewing = False
        self.renew_s = now_s + wait_s

    def is_over(self, now_s: float) -> bool:
        return now_s >= self.ends_s

    @property
    def attempt(self) -> int:
        return max(task.dispatch_count for task in self.tasks)
