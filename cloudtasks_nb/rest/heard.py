"""What the answers of a service tell in passing: how its clock differs from ours, and which calls it refused."""

from __future__ import annotations

import re
from collections import deque
from datetime import datetime, timedelta

from msgspec import Struct

from ..errors import ApiError
from .call import Call

_KEPT = 20
_TASK_NAME = re.compile(rb'"name":"([^"\\]+/tasks/[^"\\]+)"')
_HALF_A_SECOND = timedelta(seconds=0.5)  # a Date header is cut to the second


class Refused(Struct, frozen=True):
    """A call that the service refused."""

    method: str
    """The id of the REST method."""
    resource: str
    """What it was asked of."""
    code: int
    """The HTTP status."""
    message: str
    """What the service said."""
    at: datetime
    """When."""


class Heard:
    """Kept for each client. Any thread may call."""

    def __init__(self) -> None:
        self.skew: timedelta | None = None
        self._refused: deque[Refused] = deque(maxlen=_KEPT)

    def date(self, date: datetime | None, now: datetime) -> None:
        """Take note of the time that an answer was given at; `now` is what we took it to be."""
        if date is not None:
            self.skew = date + _HALF_A_SECOND - now

    def refused(self, call: Call, error: ApiError, now: datetime) -> None:
        """Take note of a refusal. A create is asked of the queue, and is about the task that it names."""
        named = _TASK_NAME.search(call.body or b"")
        about = named[1].decode() if named is not None else call.resource
        self._refused.append(Refused(call.method.id, about, error.code, error.message, now))

    def refusals(self, resource: str) -> list[Refused]:
        """The latest refusals of calls about a resource or what is in it, the oldest first."""
        return [one for one in list(self._refused) if f"{one.resource}/".startswith(f"{resource}/")]
