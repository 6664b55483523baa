"""How leases go on, and how they end: acknowledged, given back, or lost. Tries again until the lease is over."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ..errors import CloudTasksError, NotFound
from ..rest.retry import is_passing, may_have_run
from .refill import backoff_s

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


_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 2.0
_AT_ONCE = 8

T = TypeVar("T")


class Settled(msgspec.Struct):
    """What became of a handler call's tasks. `due_again`: when those that were given back may be leased again."""

    done: int = 0
    lost: list[tuple[Task, str]] = []
    due_again: list[tuple[Task, float]] = []


def settle(hand: Hand, *, given_back: bool, on_error: str) -> Settled:
    """End the leases of a hand. Never raises for what the service says: that is in the answer."""
    if not given_back:
        failed = _of_each(hand.tasks, lambda task: _until_over(hand, task.acknowledge))
        lost = [(task, why) for task, why in zip(hand.tasks, failed, strict=True) if why is not None]
        return Settled(done=len(failed) - len(lost), lost=lost)
    if on_error == "leave":
        return Settled(due_again=[(task, hand.ends_s) for task in hand.tasks])
    due_s = _of_each(hand.tasks, lambda task: _give_back(hand, task))
    return Settled(due_again=list(zip(hand.tasks, due_s, strict=True)))


def renew(hand: Hand) -> list[Task]:
    """Let the leases of a hand go on; the tasks whose leases do. Errors: a failure that may pass."""

    def goes_on(task: Task) -> bool:
        try:
            task.renew_lease(hand.lease_s)
        except CloudTasksError as error:
            if is_passing(error):
                raise
            return False
        return True

    held = hand.held
    return [task for task, on in zip(held, _of_each(held, goes_on), strict=True) if on]


def _of_each(tasks: list[Task], call: Callable[[Task], T]) -> list[T]:
    """What a call says of each task; several at once where there are many, because all leases end at the same time."""
    if len(tasks) <= 1:
        return [call(task) for task in tasks]
    with ThreadPoolExecutor(min(_AT_ONCE, len(tasks)), "leases") as pool:
        return list(pool.map(call, tasks))


def _give_back(hand: Hand, task: Task) -> float:
    """Offer a task again, after a while that grows with its attempts: the lease is cut down to that while.

    So the task comes back even when this process ends meanwhile.
    """
    wait_s = backoff_s(task.dispatch_count)
    call: Callable[[], Any] = partial(task.renew_lease, wait_s) if wait_s else task.cancel_lease
    failed = _until_over(hand, call)
    return time.monotonic() + wait_s if failed is None else hand.ends_s


def _until_over(hand: Hand, call: Callable[[], Any]) -> str | None:
    """Make a call, again and again while its failure may pass and the lease goes on; why it failed, else None."""
    wait_s = _FIRST_WAIT_S
    unanswered = False  # whether an earlier try may have taken effect
    while True:
        try:
            call()
            return None
        except NotFound as error:
            return None if unanswered else f"the task was gone: {error.message}"
        except CloudTasksError as error:
            unanswered = unanswered or may_have_run(error)
            wait_s = max(wait_s, error.retry_after_s)
            if not is_passing(error) or hand.is_over(time.monotonic() + wait_s):
                return f"the lease was lost: {error.message}"
        threading.Event().wait(wait_s)
        wait_s = min(_LONGEST_WAIT_S, wait_s * 2)
