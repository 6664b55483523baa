"""Counts the tries of an operation, and decides the wait before the next try."""

from __future__ import annotations

import math
import random
import time

from ..errors import CloudTasksError, ResourceExhausted, Timeout, Unauthenticated
from .call import Call
from .deadline import Deadline
from .quotas import Pause, Pauses, quota_of
from .retry import Retry, may_have_run

_LEAST_LEFT, _LEAST_LEFT_S = 0.05, 1.0  # a call needs this part of its deadline after a wait for its quota


class Trying:
    """The tries of one operation, and the wait before the next one.

    `repeatable`: the operation is idempotent. `outlasts_quota`: it waits up to the policy's `quota_wait_s` for an
    exhausted quota, and this time does not count towards its deadline. `pauses`: the pauses of the client, because a
    quota that rejects one call is exhausted for the others, too.
    """

    __slots__ = (
        "left_at_s",
        "outlasts_quota",
        "pauses",
        "policy",
        "quota_left_s",
        "repeatable",
        "tries",
        "turns",
    )

    def __init__(
        self,
        policy: Retry,
        *,
        repeatable: bool = True,
        outlasts_quota: bool = False,
        pauses: Pauses | None = None,
    ) -> None:
        self.policy = policy
        self.repeatable = repeatable
        self.outlasts_quota = outlasts_quota
        self.pauses = pauses or Pauses()
        self.quota_left_s = policy.quota_wait_s
        self.tries = 0
        self.turns = 1
        self.left_at_s = 0.0

    def begin(self) -> None:
        """Count a try that starts now."""
        self.tries += 1
        self.left_at_s = time.monotonic()

    def delay_s(self, error: CloudTasksError, deadline: Deadline) -> float | None:
        """The wait before the next try; None if the error is final. The error then gets the number of tries.

        This decides every wait between two tries: of a call, of a part of a batch, of a bulk call, of a sign-in.
        """
        if isinstance(error, ResourceExhausted):
            delay_s = self._turn_s(error, self._refused(error), deadline)
        else:
            delay_s = self.policy.delay_s(
                error,
                tries=self.tries,
                repeatable=self.repeatable,
                remaining_s=deadline.left_s,
                chance=_chance(),
                retry_after_s=error.retry_after_s,
            )
        if delay_s is None:
            error.tries = self.tries
        return delay_s

    def room_s(self, method: str, resource: str, deadline: Deadline) -> float:
        """The wait before the first try of a call while its quota is paused; 0 without retries."""
        pause = self.pauses.of(method, resource) if self.policy.max_tries > 1 else None
        return (self._reserved_s(pause, deadline) if pause is not None else None) or 0.0

    def wait(self, error: CloudTasksError, deadline: Deadline) -> None:
        """Wait before the next try. Errors: the error itself, if it is final."""
        delay_s = self.delay_s(error, deadline)
        if delay_s is None:
            raise error
        time.sleep(delay_s)

    def _refused(self, error: ResourceExhausted) -> Pause:
        return self.pauses.refused(error, self.left_at_s, self.policy, _chance())

    def _turn_s(self, error: ResourceExhausted, pause: Pause, deadline: Deadline) -> float | None:
        """The wait until a rejected call may be sent again; None if it will not be."""
        if self.tries >= self.policy.max_tries:
            return None
        return self._reserved_s(pause, deadline, time.monotonic() + error.retry_after_s)

    def _reserved_s(self, pause: Pause, deadline: Deadline, earliest_s: float = -math.inf) -> float | None:
        if self.outlasts_quota:
            within_s = self.quota_left_s
        else:  # a response takes time, too: a try without time left would raise Timeout
            within_s = deadline.left_s - min(_LEAST_LEFT_S, _LEAST_LEFT * deadline.total_s)
        delay_s = self.pauses.reserve(pause, within_s, earliest_s, self.turns)
        if delay_s is not None and self.outlasts_quota:
            self.quota_left_s -= delay_s
            deadline.extend(delay_s)
        return delay_s


class TryingCall(Trying):
    """The tries of one call: also whether its credentials were renewed, and whether a response may have been lost."""

    __slots__ = ("_exhausted", "_has_turn", "_waited_s", "call", "renewed", "uncertain")

    def __init__(self, call: Call, policy: Retry, pauses: Pauses | None = None) -> None:
        # A page after the first waits for an exhausted quota, so that the listing is complete.
        super().__init__(
            policy, repeatable=call.repeatable, outlasts_quota=call.continues_listing, pauses=pauses
        )
        self.call = call
        self.renewed = call.brings_token  # the call's own token cannot be renewed
        self.uncertain = False
        self._has_turn = False
        self._waited_s = 0.0
        self._exhausted: ResourceExhausted | None = None

    def ready(self, deadline: Deadline) -> None:
        """Wait until the call's quota is no longer paused. Errors: ResourceExhausted if that would be too late.

        A call without retries does not wait, because its caller has its own policy.
        """
        pause = None if self._has_turn else self.pause()
        if pause is not None and pause.error is not None:
            self._pass(pause, self._unsent(pause.error), deadline)
        self._has_turn = False

    def pause(self) -> Pause | None:
        """The pause of the call's quota, if the call has to wait for it."""
        return self.pauses.of(self.call.method.id, self.call.resource) if self.policy.max_tries > 1 else None

    def passed(self) -> None:
        """Record the success, which ends the series of rejections of its quota."""
        self.pauses.passed(self.call.method.id, self.call.resource, self.left_at_s)

    def wait(self, error: CloudTasksError, deadline: Deadline) -> None:
        """Wait before the next try. Errors: the error itself, if it is final."""
        if (final := self.reason(error)) is not error:
            raise final
        if not isinstance(error, ResourceExhausted):
            super().wait(error, deadline)
            return
        error.tries, pause = self.tries, self._refused(error)
        if self.tries >= self.policy.max_tries:
            raise error
        self._pass(pause, error, deadline, time.monotonic() + error.retry_after_s)
        self._has_turn = True

    def reason(self, error: CloudTasksError) -> CloudTasksError:
        """The reason of a failure: a rejection, of this call or another one, if the wait for the quota left too little
        time."""
        if self._exhausted is None or not isinstance(error, Timeout):
            return error
        if error.reached and not self.repeatable:  # a change may have taken effect
            return error
        self._exhausted.tries = self.tries
        return self._exhausted

    def may_renew(self, error: CloudTasksError) -> bool:
        """Whether new credentials may help. They are renewed once."""
        refused = isinstance(error, Unauthenticated) and not self.renewed
        self.renewed = self.renewed or refused
        return refused

    def was_done(self, error: CloudTasksError) -> bool:
        """Whether an error shows that an earlier try, whose response was lost, succeeded."""
        done = self.uncertain and self.call.was_done(error)
        self.uncertain = self.uncertain or may_have_run(error)
        return done

    def _refused(self, error: ResourceExhausted) -> Pause:
        """The pause of this call's quota; the error may be that of a whole batch."""
        self._exhausted = error
        quota = quota_of(self.call.method.id, self.call.resource)
        return self.pauses.refused(error, self.left_at_s, self.policy, _chance(), quota)

    def _pass(
        self, pause: Pause, error: ResourceExhausted, deadline: Deadline, earliest_s: float = -math.inf
    ) -> None:
        """Wait for a turn, and again if other calls were rejected meanwhile. Errors: the error, if that is too late."""
        passed = None
        while passed != pause.rounds:
            passed = pause.rounds
            delay_s = self._reserved_s(pause, deadline, earliest_s)
            if delay_s is None:
                raise error
            self.waits(pause, delay_s, deadline)
            time.sleep(delay_s)
            if deadline.left_s <= 0:
                raise error

    def waits(self, pause: Pause, delay_s: float, deadline: Deadline) -> None:
        """Record a wait for a quota that rejected another call. If such waits take more than half of the call's time,
        and the rest is then too short, the rejection is the reason of the failure."""
        self._waited_s += 0.0 if self.outlasts_quota else delay_s
        if self._waited_s > deadline.total_s / 2 and self._exhausted is None and pause.error is not None:
            why = "another call was rejected, and the wait for the quota left too little time"
            self._exhausted = self._in_place_of(pause.error, why)

    def _unsent(self, refused: ResourceExhausted) -> ResourceExhausted:
        """The error of a call that was not sent, because another call was rejected."""
        return self._in_place_of(refused, "nothing was sent, because another call was just rejected")

    def _in_place_of(self, refused: ResourceExhausted, why: str) -> ResourceExhausted:
        """The error of this call, because another call was rejected."""
        error = ResourceExhausted(
            refused.message,
            code=refused.code,
            details=refused.details,
            method=self.call.method.id,
            resource=self.call.resource,
            hint=f"{why}; {refused.hint}",
        )
        error.tries = self.tries
        return error


def _chance() -> float:
    return random.random()  # noqa: S311 - jitter, not a secret
