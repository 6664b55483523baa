"""A call that is tried, perhaps more than once: what is known of it, and what another failure means."""

from __future__ import annotations

import random

from ..errors import CloudTasksError, ResourceExhausted
from .call import Call
from .exchange import Answer
from .retry import Retry


class Trying:
    """How often a call was sent, whether its credentials were renewed, and whether an answer may have been lost."""

    __slots__ = ("call", "renewed", "retry_after_s", "tries", "uncertain")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.tries = 0
        self.renewed = call.brings_token  # a token that came with the call cannot be renewed
        self.uncertain = False
        self.retry_after_s = 0.0

    def begin(self) -> None:
        """Another try is made. How long the last answer asked to wait counts for that answer only."""
        self.tries += 1
        self.retry_after_s = 0.0

    def content(self, answer: Answer) -> bytes:
        """The JSON of a good answer. Errors: what the service refused, or what is no answer of the API."""
        self.retry_after_s = answer.retry_after_s
        return self.call.content(answer)

    def was_done(self, error: CloudTasksError) -> bool:
        """Whether a failure says that an earlier try, whose answer was lost, had succeeded."""
        done = self.uncertain and self.call.was_done(error)
        # From here on this try may have taken effect although no answer said so.
        self.uncertain = self.uncertain or not isinstance(error, ResourceExhausted)
        return done

    def delay_s(self, error: CloudTasksError, policy: Retry, remaining_s: float) -> float | None:
        """How long to wait before the next try; None when the error is final, which then says how many there were."""
        delay_s = policy.delay_s(
            error,
            tries=self.tries,
            repeatable=self.call.repeatable,
            remaining_s=remaining_s,
            chance=random.random(),  # noqa: S311 - jitter, not a secret
            retry_after_s=self.retry_after_s,
        )
        if delay_s is None:
            error.tries = self.tries
        return delay_s
