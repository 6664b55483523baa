"""Holds the leases of a run: renews them, and ends them, with calls in batches."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Literal

from .events import Events
from .hand import Hand, Haul
from .settling import Gathered, LeaseCall, Settling

if TYPE_CHECKING:
    from ..resources.task import Task
    from ..rest.session import Session

_LONGEST_BACKOFF_S = 60

End = Literal["acknowledge", "give_back", "give_back_later"]
"""How a lease ends. A failed task is given back after its backoff."""


class Holding:
    """The leases of one run. For the coordinating thread only.

    Calls `settled` with each batch of calls that ended leases, and `renewed` with the number of renewed leases and the
    handler calls that lost some.
    """

    def __init__(
        self,
        session: Session,
        events: Events,
        settled: Callable[[list[LeaseCall]], None],
        renewed: Callable[[int, list[Hand]], None],
    ) -> None:
        self.unsettled = 0
        """Tasks with a running call that ends their lease."""
        self._settling = Settling(session)
        self._events = events
        self._on_settled = settled
        self._on_renewed = renewed
        self._hauls: dict[Haul, list[tuple[Hand, End]]] = {}  # with the hands that ended during a renewal
        self._gathered = Gathered()

    def add(self, haul: Haul) -> None:
        """Add the leases of a lease call."""
        if haul.hands:
            self._hauls[haul] = []

    def next_s(self) -> float:
        """When act() is needed next."""
        renewals = [haul.renew_s for haul in self._hauls if not haul.renewing]
        return min([math.inf, self._gathered.due_s(self._settling.most), *renewals])

    def act(self, now_s: float, *, at_once: bool) -> None:
        """Make the due renewals, and send the collected calls. `at_once`: no more calls come soon, so send all now."""
        for haul in [haul for haul in self._hauls if haul.is_due(now_s)]:
            self._renew(haul, now_s)
        while calls := self._gathered.take(self._settling.most, math.inf if at_once else now_s):
            self._events.submit(partial(self._settling.settle, calls), partial(self._settled, calls))

    def end(self, hand: Hand, how: End) -> None:
        """End the leases of a handler call."""
        haul = hand.haul
        self.unsettled += len(hand.tasks)
        if haul.renewing:  # a call must name the latest end of its lease, which the renewal returns
            self._hauls[haul].append((hand, how))
            return
        self._forget(hand)
        self._gathered.add([_ending(hand, task, how) for task in hand.tasks], time.monotonic())

    def leave(self, hand: Hand) -> None:
        """Let the leases of a handler call run out."""
        self._forget(hand)

    def give_up(self, at_s: float) -> None:
        """Retry no call later than this."""
        self._settling.give_up_s = at_s

    def _forget(self, hand: Hand) -> None:
        haul = hand.haul
        haul.hands.pop(hand, None)
        if not haul.hands and not haul.renewing:
            self._hauls.pop(haul, None)

    def _renew(self, haul: Haul, now_s: float) -> None:
        calls = [
            LeaseCall(hand, task, "renewLease", haul.ends_s, lease_s=haul.lease_s)
            for hand in haul.hands
            for task in hand.held
        ]
        haul.renewing = True
        self._events.submit_renewal(
            partial(self._settling.settle, calls), partial(self._renewed, haul, calls, now_s)
        )

    def _renewed(self, haul: Haul, calls: list[LeaseCall], asked_s: float, called: Future[None]) -> None:
        called.result()
        haul.renewed(asked_s, time.monotonic())
        lost = [call for call in calls if call.lost]
        for call in lost:
            call.hand.held.remove(call.task)
        ended, self._hauls[haul] = self._hauls[haul], []
        for hand, how in ended:
            self.unsettled -= len(hand.tasks)
            self.end(hand, how)
        if not haul.hands:
            self._hauls.pop(haul, None)
        self._on_renewed(len(calls) - len(lost), list({call.hand: None for call in lost}))

    def _settled(self, calls: list[LeaseCall], called: Future[None]) -> None:
        called.result()
        self.unsettled -= len(calls)
        self._on_settled(calls)


def _ending(hand: Hand, task: Task, how: End) -> LeaseCall:
    """The call that ends a lease. A task is given back later by a short lease: so it becomes free even if this process
    ends before."""
    if how == "acknowledge":
        return LeaseCall(hand, task, "acknowledge", hand.haul.ends_s)
    wait_s = backoff_s(task.dispatch_count) if how == "give_back_later" else 0
    return LeaseCall(hand, task, "renewLease" if wait_s else "cancelLease", hand.haul.ends_s, lease_s=wait_s)


def backoff_s(attempts: int) -> int:
    """The delay before a failed task is leased again, in whole seconds: first 0, then 1, 2, 4 … 60.

    >>> [backoff_s(attempts) for attempts in (1, 2, 3, 4, 9)]
    [0, 1, 2, 4, 60]
    """
    return 0 if attempts <= 1 else min(_LONGEST_BACKOFF_S, int(2 ** min(attempts - 2, 20)))
