"""Read recent metrics of a queue: the unbiased failure rate, and new tasks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from statistics import median

import msgspec

from ..errors import CloudTasksError
from ..history.figures import OK
from ..history.metrics import ATTEMPTS, CREATED, Reader, all_of
from ..history.report import metric_window
from ..history.series import Series
from ..names import QueueName
from ..rest.session import Session

WINDOW = timedelta(minutes=10)
CALLS = 2
_STEP = timedelta(minutes=1)


class Lately(msgspec.Struct, frozen=True):
    """The attempts of the last ten minutes, and the median of new tasks per second."""

    attempts: int
    failed: int
    arrivals: float


def lately(session: Session, queue: QueueName) -> Lately | None:
    """Read the metrics in two calls. None if they cannot be read, or are empty."""
    try:
        window = metric_window(session, WINDOW)
    except CloudTasksError:
        return None
    reader = Reader(session, queue.project, queue)
    asked = [partial(reader.read, one, window.since, window.until, _STEP) for one in (ATTEMPTS, CREATED)]
    ended, came = all_of(asked)
    if isinstance(ended, CloudTasksError) or isinstance(came, CloudTasksError):
        return None
    total, succeeded = (
        round(sum(sum(one.numbers().values()) for one in ended if not code or one.code == code))
        for code in ("", OK)
    )
    failed = total - succeeded
    return Lately(total, failed, _usual(came, window.until) / _STEP.total_seconds())


def _usual(series: Iterable[Series], until: datetime) -> float:
    """The median of new tasks per minute. A single bulk create is only one minute of ten."""
    counts: dict[datetime, float] = {}
    for one in series:
        for end, value in one.numbers().items():
            counts[end] = counts.get(end, 0.0) + value
    minutes = [counts.get(until - _STEP * number, 0.0) for number in range(WINDOW // _STEP)]
    return median(minutes)
