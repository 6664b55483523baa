"""How leases end: acknowledged, given back, or lost. Tries again until the lease is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import CloudTasksError, NotFound, TransportError
from ..rest.retry import is_passing
from .hand import Hand
from .pace import backoff_s

if TYPE_CHECKING:
    from ..resources.task import Task

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 2.0


class Settled(msgspec.Struct):
    """What became of a handler call's tasks. `due_again`: when those that were given back may be leased again."""

    done: int = 0
    lost: list[tuple[Task, str]] = []
    due_again: list[tuple[Task, float]] = []


def settle(hand: Hand, *, given_back: bool, on_error: str) -> Settled:
    """End the leases of a hand. Never raises for what the service says: that is in the answer."""
    settled = Settled()
    for task in hand.tasks:
        if not given_back:
            lost = _until_over(hand, task.acknowledge)
            settled.done += lost is None
            settled.lost += [(task, lost)] if lost is not None else []
        elif on_error == "leave":
            settled.due_again.append((task, hand.ends_s))
        else:
            settled.due_again.append((task, _give_back(hand, task)))
    return settled


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
            unanswered = unanswered or (isinstance(error, TransportError) and error.reached)
            if not is_passing(error) or hand.is_over(time.monotonic() + wait_s):
                return f"the lease was lost: {error.message}"
        threading.Event().wait(wait_s)
        wait_s = min(_LONGEST_WAIT_S, wait_s * 2)
