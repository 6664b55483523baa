"""The retry policy: which errors to retry, and after which delay. Pure."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from ..errors import (
    ApiError,
    AuthError,
    Cancelled,
    CloudTasksError,
    ConfigError,
    DeadlineExceeded,
    DecodeError,
    Internal,
    PermissionDenied,
    ResourceExhausted,
    TransportError,
    Unavailable,
    Unknown,
)
from ..shown import Shown

if TYPE_CHECKING:
    from ..render import Card

GENERAL = (AuthError, ConfigError, DecodeError, PermissionDenied)
"""Errors of credentials, options or the endpoint: other calls fail in the same way."""

_LEAST = {"initial_s": 0, "multiplier": 1, "maximum_s": 0, "max_tries": 1, "quota_wait_s": 0}


class Retry(Struct, Shown, frozen=True, kw_only=True):
    """When and how often to retry. Units: seconds.

    Idempotent calls are retried on UNAVAILABLE, DEADLINE_EXCEEDED and broken connections. All calls are retried on
    RESOURCE_EXHAUSTED, because the service then did not run them. The maximum delay grows from `initial_s` by
    `multiplier` up to `maximum_s`. Each delay is random between 0 and that value, but at least the service's
    Retry-After, and never beyond the call's deadline. `max_tries=1` disables retries. After its first page, a listing
    waits up to `quota_wait_s` for its quota to refill, so that a long export does not fail.

    >>> Retry(initial_s=0.2).ceiling_s(3)
    0.338
    """

    initial_s: float = 0.1
    """The maximum delay before the first retry, in seconds."""
    multiplier: float = 1.3
    """The factor by which the maximum delay grows with each further retry."""
    maximum_s: float = 10.0
    """The upper limit for all delays, in seconds."""
    max_tries: int = 100
    """How often a call is sent at most; 1 disables retries."""
    quota_wait_s: float = 150.0
    """How long a listing, after its first page, waits for its quota to refill, in seconds."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            try:
                usable = least <= value < math.inf
            except TypeError:
                usable = False
            if not usable:
                raise ConfigError(
                    f"{name} must be a number of at least {least}, not {value!r}.",
                    hint="help(ct.Retry) explains it",
                )

    def ceiling_s(self, tries: int) -> float:
        """The maximum delay after this many tries, in seconds.

        Example:
            >>> [Retry().ceiling_s(tries) for tries in (1, 2, 3)]
            [0.1, 0.13, 0.169]
        """
        return round(min(self.maximum_s, self.initial_s * self.multiplier ** min(tries - 1, 200)), 6)

    def delay_s(
        self,
        error: CloudTasksError,
        *,
        tries: int,
        repeatable: bool,
        remaining_s: float,
        chance: float,
        retry_after_s: float = 0.0,
    ) -> float | None:
        """The delay before the next try; None if the error is final.

        `chance` is a random number between 0 and 1; `remaining_s` is the time until the call's deadline.

        Example:
            >>> from cloudtasks_nb import Unavailable
            >>> Retry().delay_s(Unavailable("later"), tries=1, repeatable=True, remaining_s=20, chance=1)
            0.1
        """
        if tries >= self.max_tries or not may_repeat(error, repeatable=repeatable):
            return None
        delay_s = self.wait_s(error, tries=tries, chance=chance, retry_after_s=retry_after_s)
        return delay_s if delay_s < remaining_s else None

    def wait_s(
        self, error: CloudTasksError, *, tries: int, chance: float, retry_after_s: float = 0.0
    ) -> float:
        """The delay before a retry, after this many tries, in seconds.

        Example:
            >>> from cloudtasks_nb import Unavailable
            >>> Retry().wait_s(Unavailable("later"), tries=2, chance=1)
            0.13
        """
        # A quota takes seconds to refill, not tenths, so start with a longer delay.
        floor_s = max(retry_after_s, 0.5 * self.initial_s if isinstance(error, ResourceExhausted) else 0.0)
        return max(floor_s, chance * self.ceiling_s(tries))

    def _shape_(self) -> Card:
        from ..render import Card
        from ..render.values import duration

        first = ", ".join(duration(timedelta(seconds=self.ceiling_s(tries))) for tries in (1, 2, 3))
        return Card(
            "Retries of calls",
            facts={
                "tries": self.max_tries if self.max_tries > 1 else "one, no retries",
                "delays": f"at random, up to {first} … {duration(timedelta(seconds=self.maximum_s))}",
                "quota wait": f"{duration(timedelta(seconds=self.quota_wait_s))} for a listing after its first page",
            },
        )


def is_passing(error: BaseException) -> bool:
    """Whether the same call may succeed later: the service was busy, unavailable, or not reached."""
    return isinstance(error, ResourceExhausted | Unavailable | DeadlineExceeded | TransportError)


def may_have_run(error: CloudTasksError) -> bool:
    """Whether the call may have taken effect despite the error."""
    if isinstance(error, ApiError):
        return isinstance(error, Unavailable | DeadlineExceeded | Internal | Unknown | Cancelled)
    return not isinstance(error, AuthError | ConfigError) and getattr(error, "reached", True)


def may_repeat(error: CloudTasksError, *, repeatable: bool) -> bool:
    """Whether the call may be retried after this error."""
    if isinstance(error, ResourceExhausted):
        return True
    broken = isinstance(error, TransportError) and error.reached
    return repeatable and (broken or isinstance(error, Unavailable | DeadlineExceeded))
