"""Which failures are repeated, and how long is the wait before the next try? The policy, pure."""

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
    Internal,
    ResourceExhausted,
    TransportError,
    Unavailable,
    Unknown,
)
from ..shown import Shown

if TYPE_CHECKING:
    from ..render import Card

_LEAST = {"initial_s": 0, "multiplier": 1, "maximum_s": 0, "max_tries": 1, "quota_wait_s": 0}


class Retry(Struct, Shown, frozen=True, kw_only=True):
    """When and how often to try again. Units: seconds.

    A call that may safely run twice is repeated on UNAVAILABLE, DEADLINE_EXCEEDED and broken connections; a
    RESOURCE_EXHAUSTED, which refuses before anything runs, is repeated for any call. Delays grow from `initial_s`
    by `multiplier` up to `maximum_s`, each drawn at random between 0 and that value, never below the service's
    Retry-After, and never past the call's deadline. `max_tries=1` switches retries off. A listing that has begun
    waits up to `quota_wait_s` for its quota to refill, so that a long export survives it.

    >>> Retry(initial_s=0.2).ceiling_s(3)
    0.338
    """

    initial_s: float = 0.1
    """The longest delay before the first repetition, in seconds."""
    multiplier: float = 1.3
    """How much longer it is before each further one."""
    maximum_s: float = 10.0
    """The longest delay there is, in seconds."""
    max_tries: int = 100
    """How often a call is sent at most; 1 switches retries off."""
    quota_wait_s: float = 150.0
    """How long a listing that has begun waits for its quota to refill, in seconds."""

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            try:
                usable = least <= value < math.inf
            except TypeError:
                usable = False
            if not usable:
                raise ConfigError(
                    f"{name}={value!r} is not a number from {least} on.",
                    hint="help(ct.Retry) says what it means",
                )

    def ceiling_s(self, tries: int) -> float:
        """The longest delay after this many tries, in seconds.

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
        """How long to wait before the next try, or None when the error is final.

        `chance` is a random number between 0 and 1; `remaining_s` is what is left of the call's deadline.

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
        """How long to wait after so many tries, in seconds, if it is tried again.

        Example:
            >>> from cloudtasks_nb import Unavailable
            >>> Retry().wait_s(Unavailable("later"), tries=2, chance=1)
            0.13
        """
        # A quota refills by the second, not by the tenth: start where waiting makes sense.
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
                "quota wait": f"{duration(timedelta(seconds=self.quota_wait_s))} for a listing that has begun",
            },
        )


def is_passing(error: BaseException) -> bool:
    """Whether the same call may succeed later on: the service was busy, away, or not reached."""
    return isinstance(error, ResourceExhausted | Unavailable | DeadlineExceeded | TransportError)


def may_have_run(error: CloudTasksError) -> bool:
    """Whether the call may have taken effect all the same."""
    if isinstance(error, ApiError):
        return isinstance(error, Unavailable | DeadlineExceeded | Internal | Unknown | Cancelled)
    return not isinstance(error, AuthError | ConfigError) and getattr(error, "reached", True)


def may_repeat(error: CloudTasksError, *, repeatable: bool) -> bool:
    """Whether the same call may be sent again after this error."""
    if isinstance(error, ResourceExhausted):
        return True
    broken = isinstance(error, TransportError) and error.reached
    return repeatable and (broken or isinstance(error, Unavailable | DeadlineExceeded))
