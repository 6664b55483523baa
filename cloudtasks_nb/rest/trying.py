"""Something that is tried, perhaps more than once: how often, whether again, and how long to wait before that."""

from __future__ import annotations

import random
import time

from ..errors import CloudTasksError, ResourceExhausted, Unauthenticated
from .call import Call
from .deadline import Deadline
from .retry import Retry, may_have_run


class Trying:
    """How often something was tried, and how long to wait before the next try.

    `repeatable`: two tries do no more than one. `outlasts_quota`: it waits up to the policy's `quota_wait_s` for an
    exhausted quota, and this time does not count towards its deadline.
    """

    __slots__ = ("outlasts_quota", "policy", "quota_left_s", "repeatable", "tries")

    def __init__(self, policy: Retry, *, repeatable: bool = True, outlasts_quota: bool = False) -> None:
        self.policy = policy
        self.repeatable = repeatable
        self.outlasts_quota = outlasts_quota
        self.quota_left_s = policy.quota_wait_s
        self.tries = 0

    def delay_s(self, error: CloudTasksError, deadline: Deadline) -> float | None:
        """How long to wait before the next try. None when the error is final: then it says how many tries there were.

        Every wait between two tries is decided here: of a call, of a part of a batch, of a bulk call, of a sign-in.
        """
        waits_for_quota = self.outlasts_quota and isinstance(error, ResourceExhausted)
        delay_s = self.policy.delay_s(
            error,
            tries=self.tries,
            repeatable=self.repeatable,
            remaining_s=self.quota_left_s if waits_for_quota else deadline.left_s,
            chance=random.random(),  # noqa: S311 - jitter, not a secret
            retry_after_s=error.retry_after_s,
        )
        if delay_s is None:
            error.tries = self.tries
        elif waits_for_quota:
            self.quota_left_s -= delay_s
            deadline.extend(delay_s)
        return delay_s

    def wait(self, error: CloudTasksError, deadline: Deadline) -> None:
        """Wait before the next try. Errors: the error itself, when it is final."""
        delay_s = self.delay_s(error, deadline)
        if delay_s is None:
            raise error
        time.sleep(delay_s)


class TryingCall(Trying):
    """A call that is tried: whether its credentials were renewed, and whether an answer may have been lost."""

    __slots__ = ("call", "renewed", "uncertain")

    def __init__(self, call: Call, policy: Retry) -> None:
        # A page after the first outlasts an exhausted quota: nothing is lost, nothing doubled.
        super().__init__(policy, repeatable=call.repeatable, outlasts_quota=call.continues_listing)
        self.call = call
        self.renewed = call.brings_token  # a token that came with the call cannot be renewed
        self.uncertain = False

    def may_renew(self, error: CloudTasksError) -> bool:
        """Whether other credentials may help. They are renewed once."""
        refused = isinstance(error, Unauthenticated) and not self.renewed
        self.renewed = self.renewed or refused
        return refused

    def was_done(self, error: CloudTasksError) -> bool:
        """Whether a failure says that an earlier try, whose answer was lost, had succeeded."""
        done = self.uncertain and self.call.was_done(error)
        self.uncertain = self.uncertain or may_have_run(error)
        return done
