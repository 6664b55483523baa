"""Injects faults: delays, errors, and connections that break before or after a call takes effect."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from ....errors import ApiError, InvalidArgument, ResourceExhausted, Unavailable
from ....model import Duration
from ....model.emulated import FaultCounts, Faults
from ....model.methods import METHODS
from ..calls.request import Request, overridden, route
from ..hindrances import Hindrances
from ..telemetry.telemetry import READS

_REFUSALS: dict[str, tuple[type[ApiError], str]] = {
    "exhausted": (ResourceExhausted, "Resource has been exhausted (e.g. check quota)."),
    "unavailable": (Unavailable, "The service is currently unavailable."),
}
_SHARES = ("exhausted", "unavailable", "cut_before", "cut_after")
_LONGEST = timedelta(minutes=1)
_LONGEST_OF_A_TARGET = timedelta(days=1)
_FASTEST = 500.0
_PREFIX = "projects.locations."
BATCH = "batch"
"""The method of a request with several calls. Faults of all methods, and of this one, hit the whole request; faults of
other methods hit single calls in it. Both can be named together."""

T = TypeVar("T")


class Cut(Exception):
    """Breaks the connection, so that the caller gets no response."""


class FaultPlan:
    """Chooses the fault of each call. It uses one random number per call, so a seed makes a run repeatable."""

    def __init__(self, faults: Faults, hindrances: Hindrances | None = None) -> None:
        self._at_start = faults
        self._hindrances = hindrances or Hindrances()
        self.choose(faults)

    def begin_anew(self) -> None:
        """Restores the faults of the start."""
        self.choose(self._at_start)

    def choose(self, faults: Faults) -> None:
        """Starts to use these faults. Errors: InvalidArgument."""
        self.faults = check(faults)
        self.counts = FaultCounts()
        self._some_fail = any(getattr(faults, share) for share in _SHARES)
        self.are_off = not self._some_fail and not faults.latency
        self._random = random.Random(faults.seed)  # noqa: S311 - chance, not a secret
        self._hindrances.choose(faults)

    async def around(self, method: str, answer: Coroutine[Any, Any, T]) -> T:
        """The response, unless a fault hits the call. Errors: Cut; Unavailable, ResourceExhausted."""
        if self.are_off:
            return await answer
        with contextlib.closing(answer):
            if latency_s := self.latency_s(method):
                await asyncio.sleep(latency_s)
            fault = self.fault(method)
            if fault == "cut_before":
                raise Cut
            if error := refused(fault):
                raise error
            reply = await answer
        if fault == "cut_after":
            raise Cut
        return reply

    @property
    def hit_parts(self) -> bool:
        """Whether faults hit single calls of a batch."""
        others = [pattern for pattern in self.faults.methods if pattern != BATCH]
        return bool(others) and not (self.are_off or any(map(_matches(BATCH), others)))

    async def of_parts(self, methods: list[str]) -> list[str]:
        """The faults that hit the calls of a batch, after their delay."""
        await asyncio.sleep(max(map(self.latency_s, methods)))
        return [self.fault(method) for method in methods]

    def latency_s(self, method: str) -> float:
        """The delay of a call."""
        latency = self.faults.latency
        return latency.total_seconds() if latency is not None and self._meant(method) else 0.0

    def fault(self, method: str) -> str:
        """The name of the fault that hits a call of this method; empty for none."""
        if not self._some_fail or not self._meant(method):
            return ""
        chance = self._random.random()
        for share in _SHARES:
            chance -= getattr(self.faults, share)
            if chance < 0:
                setattr(self.counts, share, getattr(self.counts, share) + 1)
                return share
        self.counts.none += 1
        return ""

    def _meant(self, method: str) -> bool:
        patterns = self.faults.methods
        return bool(method) and (not patterns or any(map(_matches(method), patterns)))


def refused(fault: str) -> ApiError | None:
    """The error of a call that this fault hits; None if it gets another response, or none."""
    kind, message = _REFUSALS.get(fault, (None, ""))
    return kind(message) if kind is not None else None


def method_of(call: Request) -> str:
    """The id of the method of a call; empty for an unknown path."""
    try:
        asked = overridden(call)
        return route(asked.http, asked.path)[0].id
    except ApiError:  # the call itself will report it
        return ""


def _matches(method: str) -> Callable[[str], bool]:
    short = method.removeprefix(_PREFIX)
    return lambda pattern: fnmatchcase(short, pattern.removeprefix(_PREFIX))


def check(faults: Faults) -> Faults:
    """The faults, validated. Errors: InvalidArgument."""
    shares = [getattr(faults, share) for share in _SHARES]
    if not all(0 <= share <= 1 for share in shares) or sum(shares) > 1 + 1e-9:
        raise InvalidArgument(
            f"{', '.join(_SHARES)} must each be between 0 and 1, and their sum at most 1: they are shares of all calls."
        )
    if faults.latency is not None and not timedelta() <= faults.latency <= _LONGEST:
        raise InvalidArgument("latency must be between 0 and 60 seconds.")
    if faults.target_latency is not None and not timedelta() <= faults.target_latency <= _LONGEST_OF_A_TARGET:
        raise InvalidArgument("target_latency must be between 0 and 24 hours.")
    if faults.throttled_rate is not None and not 0 < faults.throttled_rate <= _FASTEST:
        raise InvalidArgument("throttled_rate must be above 0 and at most 500 tasks per second.")
    for pattern in faults.methods:
        if not any(_matches(method)(pattern) for method in (*METHODS, BATCH, *(read.id for read in READS))):
            raise InvalidArgument(
                f"No method matches '{pattern}'. Use a pattern such as queues.tasks.create, queues.tasks.* or queues.*"
            )
    return faults


def read_faults(words: list[str]) -> Faults:
    """Faults from command line words NAME=VALUE. Errors: ValueError.

    >>> read_faults(["unavailable=0.1", "methods=queues.tasks.*"]).methods
    ['queues.tasks.*']
    """
    values: dict[str, Any] = {}
    for word in words:
        name, separator, text = word.partition("=")
        if not separator or name not in Faults.__struct_fields__:
            raise ValueError(
                f"{word!r} must be NAME=VALUE; the names are {', '.join(Faults.__struct_fields__)}"
            )
        try:
            values[name] = _READERS[name](text)
        except ValueError:
            raise ValueError(f"{word!r} is not a valid value of {name}") from None
    try:
        return check(Faults(**values))
    except InvalidArgument as error:
        raise ValueError(error.message) from None


_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_SHARES, float),
    **dict.fromkeys(("latency", "target_latency"), Duration.of),
    **dict.fromkeys(("methods", "targets"), lambda text: text.split(",")),
    "throttled_rate": float,
    "seed": int,
}
