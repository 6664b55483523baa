"""Pauses calls after a quota is exhausted. All threads of a client share one pause for each quota.

A quota is identified by the project, the location, and the calls that use it: list calls, run calls, the lease calls
of one queue, and all others. The service refills a quota continuously, so after a pause the calls are sent one by
one, no faster than the documented quota refills.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from ..errors import ResourceExhausted
from .quota_names import is_regional, kind_of

_PER_S = {"list": 9.0, "run": 0.9, "lease": 9.0}  # a tenth less than documented: other clients use them, too
_USUAL_PER_S, _SLOWEST_PER_S = 100.0, 0.1
_FEW, _GROWTH_PER_CALL = (
    5,
    1.05,
)  # accepted calls between rejections; the growth of the rate with each of them
_STEADY_S, _GROWTH_PER_S = 10.0, 1.2  # the rate grows faster after this time without a rejected call
_FORGOTTEN_S = 60.0
_IN_A_SECOND = {"lease": 10}  # documented: so many calls in any second
_MOST_REMEMBERED = 1000  # queues that tasks were leased from
_LONGEST_S = 150.0  # the limit for pauses of other calls, in case a proxy sends a long Retry-After


class Quota(Struct, frozen=True):
    """Calls that share a quota. `location` is empty if all locations share it, `queue` if all queues do."""

    project: str
    location: str
    kind: str
    queue: str = ""


def quota_of(method: str, resource: str) -> Quota:
    """The quota that a call of a REST method uses.

    >>> quota_of("projects.locations.queues.list", "projects/p/locations/us-central1")
    Quota(project='p', location='us-central1', kind='list', queue='')
    """
    parts = resource.split("/")
    names = dict(zip(parts[::2], parts[1::2], strict=False))
    kind = kind_of(method)
    queue = names.get("queues", "") if kind == "lease" else ""
    return Quota(names.get("projects", ""), names.get("locations", ""), kind, queue)


class Policy(Protocol):
    """How long to wait after a number of consecutive rejections."""

    def wait_s(
        self, error: ResourceExhausted, *, tries: int, chance: float, retry_after_s: float
    ) -> float: ...


class Pause:
    """Decides when the next call of a quota may be sent. Pure: the time is an argument, in monotonic seconds.

    Calls that were sent before the pause began and are rejected count as one round. A further round halves the rate if
    fewer than five calls were accepted since the one before. Otherwise the rate is near the quota, or the service
    rejected a single call, and the rate stays. Each accepted call increases it again.

    `used_up_until_s`: until then, calls that were accepted before use up the whole quota.
    """

    def __init__(self, kind: str) -> None:
        self.rounds = 0
        self._most_per_s = self._per_s = _PER_S.get(kind, _USUAL_PER_S)
        self._in_a_row = 0
        self._accepted = 0
        self._refused_s = -math.inf
        self._until_s = -math.inf
        self._free_s = -math.inf
        self.used_up_until_s = -math.inf
        self.error: ResourceExhausted | None = None
        """The last error."""

    def refused(
        self, error: ResourceExhausted, left_s: float, now_s: float, policy: Policy, chance: float
    ) -> None:
        """Record that a call, sent at `left_s`, was rejected now."""
        self.error = error
        asked_s = min(error.retry_after_s, _LONGEST_S)
        if left_s < self._until_s:
            self._free_s = max(self._free_s, now_s + asked_s)
            return
        if self.rounds:
            kept = 0.5 if self._accepted < _FEW else 1.0
            self._per_s = max(_SLOWEST_PER_S, min(self._most_per_s, self._rate(now_s) * kept))
        self._accepted = 0
        self.rounds += 1
        self._in_a_row += 1
        wait_s = policy.wait_s(error, tries=self._in_a_row, chance=chance, retry_after_s=asked_s)
        self._refused_s = now_s
        ends_s = now_s + max(wait_s, 1 / self._per_s)
        if self.used_up_until_s > now_s:  # then the end is known
            ends_s = max(self.used_up_until_s, now_s + asked_s)
        self._until_s = self._free_s = ends_s

    def passed(self, left_s: float) -> None:
        """Record that a call, sent at `left_s`, succeeded."""
        if left_s >= self._until_s:
            self._in_a_row = 0
            self._accepted += 1
            self._per_s = min(self._most_per_s, self._per_s * _GROWTH_PER_CALL)

    def reserve(self, now_s: float, earliest_s: float, within_s: float, turns: int = 1) -> float | None:
        """Reserve the next turn, and return the wait until then. Returns None, without a turn, if that is too late."""
        free_s = max(now_s, self._free_s)
        wait_s = max(free_s, earliest_s) - now_s
        if wait_s >= within_s:
            return None
        self._free_s = free_s + turns / self._rate(free_s)
        return wait_s

    def is_over(self, now_s: float) -> bool:
        """Whether the pause has ended."""
        return now_s > max(self._refused_s, self._free_s) + _FORGOTTEN_S

    def _rate(self, now_s: float) -> float:
        grown_s = min(max(0.0, now_s - self._refused_s - _STEADY_S), _FORGOTTEN_S)
        return float(self._per_s * _GROWTH_PER_S**grown_s)


class Pauses:
    """The pauses of a client. Thread-safe.

    A rejected call pauses its own location. If calls in two locations are rejected at the same time, and the errors do
    not name a regional quota, they share a quota, and all locations of the project are paused.
    """

    def __init__(self) -> None:
        self._pauses: dict[Quota, Pause] = {}
        self._accepted: dict[Quota, deque[float]] = {}
        self._lock = threading.Lock()

    def of(self, method: str, resource: str) -> Pause | None:
        """The pause that applies to a call, if any."""
        if not self._pauses:
            return None
        with self._lock:
            return self._find(quota_of(method, resource))

    def refused(
        self,
        error: ResourceExhausted,
        left_s: float,
        policy: Policy,
        chance: float,
        quota: Quota | None = None,
    ) -> Pause:
        """Record that a call, sent at `left_s`, was rejected. `quota` defaults to that of the error's call."""
        quota, now_s = quota or quota_of(error.method or "", error.resource or ""), time.monotonic()
        with self._lock:
            self._pauses = {held: pause for held, pause in self._pauses.items() if not pause.is_over(now_s)}
            if not is_regional(error.message, error.details):
                self._join(quota)
            pause = self._find(quota) or self._pauses.setdefault(quota, Pause(quota.kind))
            pause.used_up_until_s = self._used_up_until_s(quota)
            pause.refused(error, left_s, now_s, policy, chance)
        return pause

    def passed(self, method: str, resource: str, left_s: float) -> None:
        """Record that a call, sent at `left_s`, succeeded."""
        most = _IN_A_SECOND.get(kind_of(method))
        if most is None and not self._pauses:
            return
        with self._lock:
            quota = quota_of(method, resource)
            if (pause := self._find(quota)) is not None:
                pause.passed(left_s)
            if most is not None:
                if len(self._accepted) >= _MOST_REMEMBERED:
                    self._accepted.clear()
                self._accepted.setdefault(quota, deque(maxlen=most)).append(time.monotonic())

    def _used_up_until_s(self, quota: Quota) -> float:
        """When a second has passed since as many accepted calls as the quota allows in a second."""
        accepted = self._accepted.get(quota)
        return accepted[0] + 1 if accepted is not None and len(accepted) == accepted.maxlen else -math.inf

    def reserve(
        self, pause: Pause, within_s: float, earliest_s: float = -math.inf, turns: int = 1
    ) -> float | None:
        """Reserve the next turn, and return the wait until then; None if that is too late."""
        with self._lock:
            return pause.reserve(time.monotonic(), earliest_s, within_s, turns)

    def _find(self, quota: Quota) -> Pause | None:
        return self._pauses.get(replace(quota, location="")) or self._pauses.get(quota)

    def _join(self, quota: Quota) -> None:
        """If another location is paused for the same kind of calls, extend its pause to all locations."""
        shared = replace(quota, location="")
        if quota.queue or quota in self._pauses or shared in self._pauses:
            return
        alike = [held for held in self._pauses if replace(held, location="") == shared]
        if alike:
            joined = [self._pauses.pop(held) for held in alike]
            self._pauses[shared] = joined[0]
