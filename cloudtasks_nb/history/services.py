"""Call Cloud Monitoring and Cloud Logging, through the client's session.

Source: monitoring.v3 projects.timeSeries.list, logging.v2 entries.list.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any
from urllib.parse import urlsplit

from ..model.messages import Empty
from ..model.methods import Method
from ..rest.call import Call
from ..rest.session import Session

GOOGLE_HOSTS = ".googleapis.com"
TIME_SERIES = Method(
    id="monitoring.projects.timeSeries.list",
    http="GET",
    path="v3/{name=projects/*}/timeSeries",
    response=Empty,
    repeatable=True,
    versioned=False,
)
ENTRIES = Method(
    id="logging.entries.list",
    http="POST",
    path="v2/entries:list",
    request=Empty,
    response=Empty,
    repeatable=True,
    versioned=False,
)
LOG_CALLS_PER_MINUTE = 60
_MINUTE_S = 60.0


def endpoint_of(service: str, endpoint: str) -> str:
    """The endpoint of "monitoring" or "logging": Google's host if Cloud Tasks is Google's, else the same endpoint.

    So credentials for Google reach only Google, and credentials for another endpoint reach only that endpoint.

    >>> endpoint_of("monitoring", "https://cloudtasks.googleapis.com")
    'https://monitoring.googleapis.com'
    >>> endpoint_of("logging", "http://127.0.0.1:8123")
    'http://127.0.0.1:8123'
    """
    parts = urlsplit(endpoint)
    is_google = parts.scheme == "https" and (parts.hostname or "").endswith(GOOGLE_HOSTS)
    return f"https://{service}{GOOGLE_HOSTS}" if is_google else endpoint


def time_series(session: Session, project: str, query: dict[str, Any]) -> bytes:
    """A page of time series. Errors: any CloudTasksError."""
    there = session.beside(endpoint_of("monitoring", session.endpoint))
    return there.send(Call(TIME_SERIES, path={"name": f"projects/{project}"}, query=query))


def log_entries(session: Session, project: str, body: dict[str, Any]) -> bytes:
    """A page of log entries. Waits if the quota is used up. Errors: any CloudTasksError."""
    there = session.beside(endpoint_of("logging", session.endpoint))
    call = Call(ENTRIES, path={}, query={}, body={"resourceNames": [f"projects/{project}"], **body})
    call.resource, call.continues_listing = f"projects/{project}", True
    if not session.on_emulator:
        _turn(session.endpoint, project).take()
    return there.send(call)


class Turns:
    """Rate limiter: at most this many calls per minute; further calls wait. Thread-safe."""

    def __init__(
        self, most: int = LOG_CALLS_PER_MINUTE, clock: Any = time.monotonic, sleep: Any = time.sleep
    ) -> None:
        self._lock = threading.Lock()
        self._clock, self._sleep = clock, sleep
        self._last: deque[float] = deque(maxlen=most)

    def take(self) -> None:
        """Wait until the next call is allowed."""
        with self._lock:
            now = self._clock()
            free = self._last[0] + _MINUTE_S if len(self._last) == self._last.maxlen else now
            self._last.append(max(now, free))
        if free > now:
            self._sleep(free - now)


_turns: dict[tuple[str, str], Turns] = {}


def _turn(endpoint: str, project: str) -> Turns:
    """The rate limiter of a project, shared by all clients of this process, as its quota is."""
    return _turns.setdefault((endpoint, project), Turns())
