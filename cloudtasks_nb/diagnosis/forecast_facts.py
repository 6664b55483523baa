"""The inputs of a forecast: a queue, a sample of its tasks, and metrics, each with its source."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ..model.queue import QueueStats, RateLimits, RetryConfig
from ..render.values import counted
from .facts import CONCURRENT, RATE
from .forecast_metrics import CALLS, Lately, lately
from .forecast_rules import Load, Pace, Range, terms

if TYPE_CHECKING:
    from ..model.queue import Queue as QueueFields
    from ..model.task import Task
    from ..resources.queue import Queue

PAGES = 3
"""The most pages of tasks that a forecast reads."""
BURST = 100
"""Defaults of the service for a queue that sets nothing. Source: SPEC section 2.2."""
_PAGE_SIZE = 1000
_MINUTE = timedelta(minutes=1)
_BINS, _BIN = 10, timedelta(seconds=30)
_UNKNOWN_LATENCY_S = 1.0
_LIKELY_FAILURE = 0.95
_HELD_UP, _BUSY = 0.7, 0.8
_ATTEMPTS_ENOUGH = 20


class Given(msgspec.Struct, frozen=True):
    """The values that the caller passed; None keeps the value that was read."""

    latency: timedelta | None = None
    failure: float | None = None
    rate: float | None = None
    concurrency: int | None = None

    @property
    def changes(self) -> dict[str, object]:
        """The values that were passed, by name."""
        held = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in held.items() if value is not None}


class Known(NamedTuple):
    """A number and its source."""

    range: Range
    source: str


class Seen(msgspec.Struct, frozen=True):
    """A queue as it was read, with the tasks of its first pages."""

    queue: QueueFields
    tasks: Sequence[Task]
    count: int
    is_whole: bool
    now: datetime
    calls: int
    lately: Lately | None = None

    @property
    def stats(self) -> QueueStats | None:
        return self.queue.stats

    @property
    def due(self) -> int:
        """How many tasks are due now, estimated from the sample."""
        due = sum(task.schedule_time is None or task.schedule_time <= self.now for task in self.tasks)
        return round(self.count * due / len(self.tasks)) if self.tasks else 0

    def load(self) -> Load:
        """The tasks that wait."""
        dues = sorted(
            max(0.0, (task.schedule_time - self.now).total_seconds()) if task.schedule_time else 0.0
            for task in self.tasks
        )
        tried = [task.dispatch_count for task in self.tasks] or [0]
        return Load(self.count, dues, Range(min(tried), max(tried)))


def look(queue: Queue) -> Seen:
    """Read the queue with its statistics, the first pages of its tasks, and its metrics if available.

    Errors: NotFound, PermissionDenied.
    """
    from ..resources.queue import read_queue

    offered = queue.offers_stats
    read = read_queue(queue._session, queue._parsed, stats=offered)
    pages = list(islice(read.tasks().pages(), PAGES))
    tasks = [task for page in pages for task in page.items]
    is_whole, calls = not pages[-1].next_page_token, 1 + len(pages)
    count = len(tasks)
    if not is_whole and read.stats is not None:
        count = max(count, int(read.stats.tasks_count))
    elif not is_whole:
        count = read.count_tasks(progress=False)
        calls += math.ceil(count / _PAGE_SIZE)
    measured = lately(queue._session, queue._parsed)
    return Seen(read, tasks, count, is_whole, queue._session.now(), calls + CALLS, measured)


def pace(seen: Seen, given: Given) -> tuple[Pace, Mapping[str, str]]:
    """The pace of the queue, and the source of each number."""
    limits = seen.queue.rate_limits or RateLimits()
    rate = limits.max_tasks_dispatched_per_second or RATE
    latency, failure = _latency(seen, given), _failure(seen, given)
    throttled = seen.stats.effective_execution_rate if seen.stats is not None else 0.0
    found = Pace(
        rate=given.rate or rate,
        concurrency=given.concurrency or limits.max_concurrent_tasks or CONCURRENT,
        latency_s=latency.range,
        failure=failure.range,
        retries=seen.queue.retry_config or RetryConfig(),
        burst=_burst(seen, float(limits.max_burst_size or BURST)),
        # A new rate limit does not end throttling. Without throttling, the effective rate equals the rate limit.
        effective_rate=throttled if 0 < throttled < 0.9 * rate else None,
        arrivals=_arrivals(seen),
    )
    if given.latency is None and given.concurrency is None:
        found = msgspec.structs.replace(found, target=_target(seen, found, rate))
    return found, {"latency": latency.source, "failures": failure.source}


def _latency(seen: Seen, given: Given) -> Known:
    if given.latency is not None:
        return Known(Range(*[given.latency.total_seconds()] * 2), "as passed")
    stats = seen.stats
    if stats is not None and stats.executed_last_minute_count > 0:
        per_second = stats.executed_last_minute_count / 60
        held = stats.concurrent_dispatches_count
        if held:
            latency_s, error = held / per_second, min(0.5, 1 / math.sqrt(held))
            # A queue that began less than a minute ago finished these attempts in less than a minute.
            began = min(1.0, max(0.1, _waited(seen) / _MINUTE))
            said = "requests in progress ÷ responses per second"
            return Known(Range(began * latency_s * (1 - error), latency_s * (1 + error)), said)
        return Known(Range(0.0, min(1 / per_second, _UNKNOWN_LATENCY_S)), "no request was in progress")
    took = [span for task in seen.tasks if (span := _took_s(task)) is not None]
    if took:
        mean = fmean(took)
        said = f"{counted(len(took), 'failed attempt')} in the listing; it contains no others"
        return Known(Range(0.8 * mean, 1.25 * mean), said)
    return Known(Range(0.0, _UNKNOWN_LATENCY_S), "unknown, assumed to be up to 1 s; pass latency= to set it")


def _took_s(task: Task) -> float | None:
    last = task.status.last_attempt_status if task.status is not None else None
    if last is None or last.dispatch_time is None or last.response_time is None:
        return None
    return (last.response_time - last.dispatch_time).total_seconds()


def _failure(seen: Seen, given: Given) -> Known:
    if given.failure is not None:
        return Known(Range(given.failure, given.failure), "as passed")
    if (measured := seen.lately) is not None and measured.attempts >= _ATTEMPTS_ENOUGH:
        return _share(measured.failed, measured.attempts, "attempts in ten minutes, from the metrics")
    tried = [task for task in seen.tasks if task.response_count]
    executed = seen.stats.executed_last_minute_count if seen.stats is not None else 0
    if seen.is_whole and executed:
        failed = min(executed, sum(_failed_lately(task, seen.now) for task in tried))
        return _share(failed, executed, "attempts of the last minute")
    if not tried:
        return Known(Range(0.0, 0.0), "no failed attempt was found, assumed to be 0")
    again = 1 - len(tried) / sum(task.response_count for task in tried)
    worst = min(_LIKELY_FAILURE, max(again, len(tried) / len(seen.tasks)))
    return Known(Range(again / 2, worst), "the listing; it contains no task that succeeded")


def _share(failed: int, total: int, what: str) -> Known:
    """The share of failed attempts, with the uncertainty of a sample of this size."""
    share, spread = failed / total, 2 * math.sqrt(failed + 1) / total
    ends = Range(max(0.0, share - spread), min(_LIKELY_FAILURE, share + spread))
    return Known(ends, f"{failed:,} of {total:,} {what}")


def _failed_lately(task: Task, now: datetime) -> int:
    """How many attempts of a task failed in the last minute, estimated from its backoff."""
    status = task.status
    last, first = (status.last_attempt_status, status.first_attempt_status) if status else (None, None)
    if last is None or last.response_time is None or last.response_time < now - _MINUTE:
        return 0
    began = first.dispatch_time if first is not None else None
    return task.response_count if began is not None and began >= now - _MINUTE else 1


def _burst(seen: Seen, most: float) -> Range:
    """Tokens in the bucket: all if the queue was idle, none if it sends at its rate limit."""
    stats, limits = seen.stats, seen.queue.rate_limits or RateLimits()
    if stats is None:
        return Range(most, 0.0)
    if not stats.executed_last_minute_count and not stats.concurrent_dispatches_count:
        return Range(most, most)
    rate = limits.max_tasks_dispatched_per_second or RATE
    is_busy = stats.executed_last_minute_count >= _BUSY * 60 * rate
    return Range(0.0, 0.0) if is_busy and seen.queue.state == "RUNNING" else Range(most, 0.0)


def _waited(seen: Seen) -> timedelta:
    """How long the oldest due task has waited."""
    due = (task.schedule_time for task in seen.tasks if task.schedule_time is not None)
    return max((seen.now - moment for moment in due), default=timedelta())


def _arrivals(seen: Seen) -> float:
    """New tasks per second: the median over half minutes, so that a single bulk create does not count."""
    found = [0] * _BINS
    for task in seen.tasks:
        if task.create_time is not None:
            place = (seen.now - task.create_time) // _BIN
            if 0 <= place < _BINS:
                found[place] += 1
    usual = median(found) if sum(map(bool, found)) > _BINS // 2 else 0.0
    share = seen.count / len(seen.tasks) if seen.tasks else 1.0
    measured = seen.lately.arrivals if seen.lately is not None else 0.0
    return max(measured, usual * share / _BIN.total_seconds())


def _target(seen: Seen, found: Pace, rate: float) -> float | None:
    """The rate at which the target responds, if tasks wait although no setting limits them."""
    stats = seen.stats
    if stats is None or not stats.executed_last_minute_count or _waited(seen) < 2 * _MINUTE:
        return None
    reached = stats.executed_last_minute_count / 60
    as_it_is = msgspec.structs.replace(found, rate=rate)
    is_held_up = seen.due > 2 * reached and reached < _HELD_UP * min(terms(as_it_is).values())
    return reached if is_held_up else None
