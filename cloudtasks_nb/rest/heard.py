"""Facts from all responses: the clock difference to the service, and the calls that it rejected."""

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
    """A call that the service rejected."""

    method: str
    """The id of the REST method."""
    resource: str
    """The name of the resource."""
    code: int
    """The HTTP status."""
    message: str
    """The message of the service."""
    at: datetime
    """When."""


class Heard:
    """One per client. Thread-safe."""

    def __init__(self) -> None:
        self.skew: timedelta | None = None
        self._refused: deque[Refused] = deque(maxlen=_KEPT)

    def date(self, date: datetime | None, now: datetime) -> None:
        """Record the Date of a response; `now` is our time."""
        if date is not None:
            self.skew = date + _HALF_A_SECOND - now

    def refused(self, call: Call, error: ApiError, now: datetime) -> None:
        """Record a rejected call. A create is recorded for the task that it names, not for the queue."""
        named = _TASK_NAME.search(call.body or b"")
        about = named[1].decode() if named is not None else call.resource
        self._refused.append(Refused(call.method.id, about, error.code, error.message, now))

    def refusals(self, resource: str) -> list[Refused]:
        """The latest rejected calls about a resource and its children, oldest first."""
        return [one for one in list(self._refused) if f"{one.resource}/".startswith(f"{resource}/")]
