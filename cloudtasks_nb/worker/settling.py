"""Calls that renew or end leases (acknowledge, give back), many in one request, retried until the leases end."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from ..bulk.steps import Each, Effect
from ..errors import CloudTasksError, FailedPrecondition, NotFound
from ..model.json import Duration, Message, decode
from ..model.messages import AcknowledgeTaskRequest, CancelLeaseRequest, Empty, RenewLeaseRequest
from ..names import parse_task
from ..rest.call import Call
from ..rest.retry import GENERAL, is_passing, may_have_run
from ..rest.session import Session
from .hand import Hand

if TYPE_CHECKING:
    from ..resources.leased import Lease
    from ..resources.task import Task

Verb = Literal["acknowledge", "cancelLease", "renewLease"]

_TASKS = "projects.locations.queues.tasks"
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 2.0
_GATHERED_S = 0.02


class LeaseCall(msgspec.Struct, eq=False):
    """One call about a lease, and its outcome.

    `until_s`: the end of the lease, and so of the retries. `lease_s`: for renewals. `lost`: why the lease or the task
    was lost; empty when the call succeeded. `is_gone`: the task does not exist any more. `runs_out`: no try succeeded
    before the end of the lease. `unanswered`: an earlier try may have taken effect. `is_late`: it is tried after the
    end of the lease. `denied`: why no acknowledgement can succeed.
    """

    hand: Hand
    task: Task
    verb: Verb
    until_s: float
    lease_s: float = 0.0
    lost: str = ""
    is_gone: bool = False
    runs_out: bool = False
    unanswered: bool = False
    is_late: bool = False
    denied: CloudTasksError | None = None


class Settling:
    """Makes calls about leases. Thread-safe if each thread has its own tasks.

    `give_up_s`: no try starts later, even if the leases allow it; it can be set at any time.
    """

    def __init__(self, session: Session) -> None:
        self.give_up_s = math.inf
        self._session = session.once()  # retries last as long as the lease, not as long as a call
        self._step = Each(self._session, Effect("settle"), self._call, self._take)

    @property
    def most(self) -> int:
        """The number of calls in one request."""
        return self._step.most

    def settle(self, calls: Sequence[LeaseCall]) -> None:
        """Make calls, and retry transient errors until the leases end. It raises no error of the service: each call has
        its outcome."""
        wait_s, pending = _FIRST_WAIT_S, list(calls)
        while pending:
            again: list[LeaseCall] = []
            for call, error in zip(pending, self._once(pending), strict=True):
                if error is not None:
                    wait_s = max(wait_s, error.retry_after_s)
                    if self._goes_on(call, error, wait_s):
                        again.append(call)
            pending = again
            if pending:
                threading.Event().wait(wait_s)
                wait_s = min(_LONGEST_WAIT_S, wait_s * 2)

    def _once(self, calls: list[LeaseCall]) -> list[CloudTasksError | None]:
        most = self.most
        found: list[CloudTasksError | None] = []
        for start in range(0, len(calls), most):
            found += self._step(calls[start : start + most], lambda _: True)
        return found

    def _goes_on(self, call: LeaseCall, error: CloudTasksError, wait_s: float) -> bool:
        """Whether to retry a failed call; otherwise sets `lost`."""
        if isinstance(error, NotFound):
            call.is_gone = True
            was_done = call.unanswered and call.verb == "acknowledge"
            call.lost = "" if was_done else f"the task was gone: {error.message}"
            return False
        call.unanswered = call.unanswered or may_have_run(error)
        if is_passing(error) and self._has_time(call, wait_s):
            return True
        if isinstance(error, FailedPrecondition) and call.unanswered and self._took_effect(call):
            return False
        what = "the lease was lost"
        if call.verb == "acknowledge" and isinstance(error, GENERAL):
            call.denied, what = error, "the task was not acknowledged"
        elif call.verb == "acknowledge" and is_passing(error) and call.unanswered:
            what = "it is unknown whether the task was acknowledged"
        call.lost, call.runs_out = f"{what}: {error.message}", is_passing(error)
        return False

    def _has_time(self, call: LeaseCall, wait_s: float) -> bool:
        """Whether a failed call has time for another try. An acknowledgement without a response has one after the end
        of its lease: the task may be gone, and if nobody leased it again, it can still be acknowledged."""
        next_s = time.monotonic() + wait_s
        if next_s >= self.give_up_s:
            return False
        if next_s < call.until_s:
            return True
        asks = call.verb == "acknowledge" and call.unanswered and not call.is_late
        call.is_late = True
        return asks and wait_s <= _LONGEST_WAIT_S

    def _took_effect(self, call: LeaseCall) -> bool:
        """Whether an earlier try, whose response was lost, gave the task back or renewed its lease. After a renewal the
        task shows the lease's new end, and no other worker leased it."""
        if call.verb != "renewLease":
            return call.verb == "cancelLease"
        from ..resources.task import read_task

        try:
            task = read_task(self._session, parse_task(call.task.name), "BASIC")
        except CloudTasksError:
            return False
        if task.schedule_time is None or task.dispatch_count != call.task.dispatch_count:
            return False
        _lease(call).ends = task.schedule_time
        return True

    def _call(self, call: LeaseCall) -> Call:
        ends = _lease(call).ends
        body: Message
        if call.verb == "acknowledge":
            body = AcknowledgeTaskRequest(schedule_time=ends)
        elif call.verb == "cancelLease":
            body = CancelLeaseRequest(schedule_time=ends, response_view="BASIC")
        else:
            lasts = Duration.of(call.lease_s)
            body = RenewLeaseRequest(schedule_time=ends, lease_duration=lasts, response_view="BASIC")
        method = f"{_TASKS}.{call.verb}"
        return self._session.speaking.call(method, path={"name": call.task.name}, body=body)

    def _take(self, call: LeaseCall, answer: bytes) -> None:
        if call.verb == "renewLease":
            from ..resources.task import Task

            lease = _lease(call)
            lease.ends = decode(answer, Task).schedule_time or lease.ends
        elif call.verb == "acknowledge":
            decode(answer, Empty)


def _lease(call: LeaseCall) -> Lease:
    return call.task._lease(call.verb)


class Gathered:
    """Collects calls for one request: a full request is due at once, a smaller one after 20 ms. Pure."""

    def __init__(self) -> None:
        self._calls: list[LeaseCall] = []
        self._since_s = math.inf

    def add(self, calls: Sequence[LeaseCall], now_s: float) -> None:
        self._since_s = min(self._since_s, now_s)
        self._calls += calls

    def due_s(self, most: int) -> float:
        """When the calls are due; infinite without calls."""
        return -math.inf if len(self._calls) >= most else self._since_s + _GATHERED_S

    def take(self, most: int, now_s: float) -> list[LeaseCall]:
        """The calls of one request, if it is due now."""
        if now_s < self.due_s(most):
            return []
        taken, self._calls = self._calls[:most], self._calls[most:]
        self._since_s = now_s if self._calls else math.inf
        return taken
