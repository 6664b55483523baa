"""Until when is a quota paused? One pause for each quota, shared by all threads of a client.

A quota is known by the project, the location, and which calls use it: list calls, run calls, the lease calls of one
queue, and the rest. The service refills a quota all the time, so after a pause the calls leave one by one, no faster
than the documented quota refills.
"""

from __future__ import annotations

import math
import threading
import time
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from ..errors import ResourceExhausted
from .quota_names import is_regional, kind_of

_PER_S = {"list": 9.0, "run": 0.9, "lease": 9.0}  # a tenth less than documented: others use them too
_USUAL_PER_S, _SLOWEST_PER_S = 100.0, 0.1
_STEADY_S, _GROWTH_PER_S = 10.0, 1.2  # the rate grows again when nothing was refused for so long
_FORGOTTEN_S = 60.0
_LONGEST_S = 150.0  # what a proxy says in Retry-After stops no other call for longer


class Quota(Struct, frozen=True):
    """Calls that share a quota. `location` is empty where all locations share it, `queue` where all queues do."""

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
    """How long to wait after so many refusals in a row."""

    def wait_s(
        self, error: ResourceExhausted, *, tries: int, chance: float, retry_after_s: float
    ) -> float: ...


class Pause:
    """When the next call that uses a quota may leave. Pure: the time is an argument, of any monotonic clock in seconds.

    Refusals of calls that left before the first turn of a pause belong to it: they are one round. After each further
    round the rate is halved.
    """

    def __init__(self, kind: str) -> None:
        self.rounds = 0
        self._most_per_s = self._per_s = _PER_S.get(kind, _USUAL_PER_S)
        self._in_a_row = 0
        self._refused_s = -math.inf
        self._until_s = -math.inf
        self._free_s = -math.inf
        self.error: ResourceExhausted | None = None
        """The last refusal."""

    def refused(
        self, error: ResourceExhausted, left_s: float, now_s: float, policy: Policy, chance: float
    ) -> None:
        """A call that left then was refused now."""
        self.error = error
        asked_s = min(error.retry_after_s, _LONGEST_S)
        if left_s < self._until_s:
            self._free_s = max(self._free_s, now_s + asked_s)
            return
        if self.rounds:
            self._per_s = max(_SLOWEST_PER_S, min(self._most_per_s, self._rate(now_s) / 2))
        self.rounds += 1
        self._in_a_row += 1
        wait_s = policy.wait_s(error, tries=self._in_a_row, chance=chance, retry_after_s=asked_s)
        self._refused_s = now_s
        self._until_s = self._free_s = now_s + max(wait_s, 1 / self._per_s)

    def passed(self, left_s: float) -> None:
        """A call that left then was answered."""
        if left_s >= self._until_s:
            self._in_a_row = 0

    def reserve(self, now_s: float, earliest_s: float, within_s: float, turns: int = 1) -> float | None:
        """Take the next turn; how long until it comes. None, and no turn taken, when that is not within this time."""
        free_s = max(now_s, self._free_s)
        wait_s = max(free_s, earliest_s) - now_s
        if wait_s >= within_s:
            return None
        self._free_s = free_s + turns / self._rate(free_s)
        return wait_s

    def is_over(self, now_s: float) -> bool:
        """Whether it can be forgotten."""
        return now_s > max(self._refused_s, self._free_s) + _FORGOTTEN_S

    def _rate(self, now_s: float) -> float:
        grown_s = min(max(0.0, now_s - self._refused_s - _STEADY_S), _FORGOTTEN_S)
        return float(self._per_s * _GROWTH_PER_S**grown_s)


class Pauses:
    """The pauses of a client. Any thread may call.

    A refusal pauses its own location. When two locations are refused at a time, and do not say that the quota is one of
    a region, they share it: then it is paused in all locations of the project.
    """

    def __init__(self) -> None:
        self._pauses: dict[Quota, Pause] = {}
        self._lock = threading.Lock()

    def of(self, method: str, resource: str) -> Pause | None:
        """The pause that a call of a method has to respect."""
        if not self._pauses:
            return None
        with self._lock:
            return self._find(quota_of(method, resource))

    def refused(self, error: ResourceExhausted, left_s: float, policy: Policy, chance: float) -> Pause:
        """Take note of the refusal of a call that left then."""
        quota, now_s = quota_of(error.method or "", error.resource or ""), time.monotonic()
        with self._lock:
            self._pauses = {held: pause for held, pause in self._pauses.items() if not pause.is_over(now_s)}
            if not is_regional(error.message, error.details):
                self._join(quota)
            pause = self._find(quota) or self._pauses.setdefault(quota, Pause(quota.kind))
            pause.refused(error, left_s, now_s, policy, chance)
        return pause

    def passed(self, pause: Pause, left_s: float) -> None:
        """Take note that a call which left then was answered."""
        with self._lock:
            pause.passed(left_s)

    def reserve(
        self, pause: Pause, within_s: float, earliest_s: float = -math.inf, turns: int = 1
    ) -> float | None:
        """How long until the next turn, which is taken; None when that is not within this time."""
        with self._lock:
            return pause.reserve(time.monotonic(), earliest_s, within_s, turns)

    def _find(self, quota: Quota) -> Pause | None:
        return self._pauses.get(replace(quota, location="")) or self._pauses.get(quota)

    def _join(self, quota: Quota) -> None:
        """Where another location is paused for the same kind of calls, its pause becomes one of all locations."""
        shared = replace(quota, location="")
        if quota.queue or quota in self._pauses or shared in self._pauses:
            return
        alike = [held for held in self._pauses if replace(held, location="") == shared]
        if alike:
            joined = [self._pauses.pop(held) for held in alike]
            self._pauses[shared] = joined[0]
