"""The last hour for panels, in as few calls as possible, because panels refresh often and metrics are billed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct

from ..errors import CloudTasksError
from ..model import Task
from ..names import QueueName
from ..rest.session import Session
from .figures import Moment, by_code, moments_of
from .metrics import ATTEMPTS, DEPTH, Reader, all_of
from .report import known_until, metric_window
from .told import refused
from .windows import MINUTE

HOUR = timedelta(hours=1)
LEAST_S = 60.0
"""Metrics are billed by the call, so all panels of a project share one call in this time."""


class Failing(Struct, frozen=True):
    """Failed attempts of a queue in the last hour; without metrics, failed tasks of its first page."""

    attempts: int = 0
    failed: int = 0
    mostly: str = ""
    """The most frequent code of the failures."""
    is_sample: bool = False
    """Whether these are tasks of the first page instead of attempts."""

    @property
    def of(self) -> str:
        """The unit of the counts, in words."""
        return "tasks on the first page (a sample)" if self.is_sample else "attempts in the last hour"


def failing_in(tasks: Sequence[Task]) -> Failing:
    """How many of these tasks failed in their last attempt. Only a sample: it contains no task that succeeded. Pure.

    >>> failing_in([])
    Failing(attempts=0, failed=0, mostly='', is_sample=True)
    """
    ended = Counter(
        task.last_status.code_name for task in tasks if task.last_status and task.last_status.code
    )
    return Failing(len(tasks), ended.total(), next(iter(by_code([ended])), ""), is_sample=True)


def failing(session: Session, project: str) -> dict[str, Failing]:
    """Failed attempts of the last hour, by full queue name, in one call. Errors: CloudTasksError."""
    window = metric_window(session, HOUR)
    series = Reader(session, project).read(ATTEMPTS, window.since, window.until, window.span)
    counts: dict[str, Counter[str]] = {}
    for one in series:
        held = counts.setdefault(str(QueueName(project, *one.queue)), Counter())
        held[one.code] += round(sum(one.numbers().values()))
    found = {}
    for name, held in counts.items():
        failed = [(code, count) for code, count in by_code([held]).items() if code != "OK"]
        found[name] = Failing(held.total(), sum(count for _, count in failed), failed[0][0] if failed else "")
    return found


class FailingShared:
    """The failures of a project, shared by all its panels. It is read on demand, at most once a minute.

    `found` is None until the first ask(). Thread-safe.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._read_at: float | None = None
        self.found: dict[str, Failing] | None = None
        self.why = ""

    @property
    def was_asked(self) -> bool:
        """Whether ask() was called before, so that refreshes update it."""
        return self._read_at is not None

    def ask(self, session: Session, project: str) -> None:
        """Read, unless that was done within the last minute. An error becomes a sentence in `why`."""
        with self._lock:
            now = self._clock()
            if self._read_at is not None and now - self._read_at < LEAST_S:
                return
            self._read_at = now
            try:
                self.found, self.why = failing(session, project), ""
            except CloudTasksError as error:
                self.why = refused(error)


_shared: dict[tuple[str, str, str], FailingShared] = {}


def failing_of(session: Session, project: str) -> FailingShared:
    """The instance for a project, shared by all panels of this process with the same identity."""
    key = session.endpoint, project, session.auth.identity
    return _shared.setdefault(key, FailingShared())


_hours: dict[tuple[str, str], tuple[float, list[Moment]]] = {}


def last_hour(session: Session, queue: QueueName) -> list[Moment]:
    """Depth and attempts of the last hour by the minute: two calls, at most once a minute. Errors: CloudTasksError."""
    key, now = (f"{session.endpoint} {session.auth.identity}", str(queue)), time.monotonic()
    if key not in _hours or now - _hours[key][0] >= LEAST_S:
        _hours[key] = now, _read_hour(session, queue)
    return _hours[key][1]


def _read_hour(session: Session, queue: QueueName) -> list[Moment]:
    window = metric_window(session, HOUR)
    reader = Reader(session, queue.project, queue)
    asked = [partial(reader.read, one, window.since, window.until, MINUTE) for one in (ATTEMPTS, DEPTH)]
    found = all_of(asked)
    for one in found:
        if isinstance(one, CloudTasksError):
            raise one
    attempts, depth = found
    as_of: datetime = known_until(session, window, depth)
    return moments_of(attempts, depth, as_of, MINUTE)
