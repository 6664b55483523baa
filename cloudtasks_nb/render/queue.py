"""Queues: the card, the table, and rates and retries in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from ..model import Queue, QueueStats, RateLimits, RetryConfig
from ..visible import elided
from .dispatch import looks
from .shapes import ROWS_SHOWN, Card, Cell, Table, Tone, Value, badge, number
from .target import target_facts
from .values import counted, duration, when

RETRIES_COUNTED = 2_000
KIND_WORDS = {"http": "HTTP", "app_engine": "App Engine", "pull": "pull"}
_TONES: dict[str, Tone] = {"RUNNING": "ok", "PAUSED": "warn", "DISABLED": "bad"}


def parts(name: str) -> dict[str, str]:
    """The parts of any resource name, by collection: {"queues": "emails", …}."""
    segments = name.split("/")
    return dict(zip(segments[::2], segments[1::2], strict=False))


def last(name: str) -> str:
    """The id at the end of a resource name."""
    return name.rpartition("/")[2] or "unnamed"


def verbs(obj: Any, *lines: str) -> list[str]:
    """The lines of code ("queue.tasks()") whose method the object has."""
    names = ((line, line.partition(".")[2].partition("(")[0]) for line in lines)
    return [line for line, name in names if callable(getattr(type(obj), name, None))]


def rate_words(limits: RateLimits) -> str:
    """Such as "500/s, burst 100, 1,000 concurrent"."""
    rate, burst, most = (
        limits.max_tasks_dispatched_per_second,
        limits.max_burst_size,
        limits.max_concurrent_tasks,
    )
    words = [
        f"{rate:,.6g}/s" if rate is not None else "",
        f"burst {burst:,}" if burst is not None else "",
        "" if most is None else f"{most:,} concurrent" if most >= 0 else "unlimited concurrent",
    ]
    return ", ".join(word for word in words if word)


def backoff_words(retry: RetryConfig) -> str:
    """The first delays and the longest: "0.1 s, 0.2 s, 0.4 s … 1 h". Source: SPEC section 5.3."""
    if not retry.min_backoff:
        return ""
    steps = list(islice(retry.backoff(), 4))
    first = [duration(step) for step in steps[:3]]
    if steps[0] == steps[3]:
        return f"{first[0]} each time"
    if steps[2] == steps[3]:
        return f"{', '.join(first[: 2 if steps[1] == steps[2] else 3])} each time after"
    longest = f" … {duration(retry.max_backoff)}" if retry.max_backoff is not None else " …"
    return ", ".join(first) + longest


def attempts_words(retry: RetryConfig) -> str:
    """Such as "100 attempts". With a retry duration, a task is given up only when both limits are passed."""
    attempts = ""
    if retry.unlimited_attempts:
        attempts = "unlimited attempts"
    elif retry.max_attempts is not None:
        attempts = counted(retry.max_attempts, "attempt")
    if not retry.max_retry_duration:
        return attempts
    kept_up = duration(retry.max_retry_duration)
    if retry.unlimited_attempts or not attempts:
        words = f"{attempts}, retry duration {kept_up}".removeprefix(", ")
    else:
        words = f"{attempts} and at least {kept_up}"
    retries = sum(1 for _ in islice(retry.delays(), RETRIES_COUNTED))
    most = (
        f", at most {counted(retries + 1, 'attempt')}"
        if retry.min_backoff and retries < RETRIES_COUNTED
        else ""
    )
    return words + most


def retry_words(retry: RetryConfig) -> str:
    """Such as "0.1 s, 0.2 s, 0.4 s … 1 h, 100 attempts"."""
    return ", ".join(words for words in (backoff_words(retry), attempts_words(retry)) if words)


def stats_facts(stats: QueueStats, now: datetime) -> dict[str, Value]:
    """The service's estimates of a queue's depth and activity."""
    return {
        "tasks (estimate)": f"{int(stats.tasks_count):,}",
        "oldest due (estimate)": when(stats.oldest_estimated_arrival_time, now),
        "last minute (estimate)": f"{counted(int(stats.executed_last_minute_count), 'attempt')}, "
        f"{stats.concurrent_dispatches_count:,d} concurrent, at most {stats.effective_execution_rate:,.6g}/s",
    }


def settings_facts(queue: Queue) -> dict[str, Value]:
    """The rates, the retries, and the overrides for tasks."""
    return {
        "rate": rate_words(queue.rate_limits) if queue.rate_limits is not None else None,
        "retry": retry_words(queue.retry_config) if queue.retry_config is not None else None,
        **target_facts(queue),
    }


def state_badge(state: str) -> Cell:
    """RUNNING, PAUSED or DISABLED, in colour."""
    return badge(state or "STATE_UNSPECIFIED", _TONES.get(state, ""))


@looks(Queue)
def _queue(queue: Queue, now: datetime) -> Card:
    place = parts(queue.name)
    is_running = queue.state != "PAUSED"
    return Card(
        last(queue.name),
        kind=f"{KIND_WORDS[queue.kind]} queue",
        badge=state_badge(queue.state),
        facts={
            **(stats_facts(queue.stats, now) if queue.stats is not None else {}),
            **settings_facts(queue),
            "leases": None
            if queue.kind != "pull" or _leases(queue)
            else 'only in v2beta2: connect with api_version="v2beta2"',
            "last purge": when(queue.purge_time, now),
            "purged to a file": purged.summary() if (purged := getattr(queue, "purged", None)) else None,
            "kept": _kept_words(queue),
            "location": ", project ".join(place[part] for part in ("locations", "projects") if part in place),
        },
        code=verbs(
            queue,
            "queue.tasks()",
            *_filling(queue),
            "queue.panel()",
            "queue.pause()" if is_running else "queue.resume()",
        ),
    )


def _leases(queue: Queue) -> bool:
    """Whether the API version of this queue can lease tasks."""
    return bool(getattr(queue, "offers_leases", True))


def _filling(queue: Queue) -> list[str]:
    if queue.kind != "pull":
        return ["queue.create_task(…)"]
    return ["queue.lease()"] if _leases(queue) else []


def _kept_words(queue: Queue) -> str:
    tasks, names = queue.task_ttl, queue.tombstone_ttl
    words = [
        f"tasks {duration(tasks)}" if tasks is not None else "",
        f"names of finished tasks {duration(names)}" if names is not None else "",
    ]
    return ", ".join(word for word in words if word)


@looks(RateLimits)
def _rate_limits(limits: RateLimits, now: datetime) -> Card:
    most = limits.max_concurrent_tasks
    return Card(
        "Rate limits",
        facts={
            "rate": f"{limits.max_tasks_dispatched_per_second:,.6g}/s"
            if limits.max_tasks_dispatched_per_second is not None
            else None,
            "burst": limits.max_burst_size,
            "concurrent": "unlimited" if most is not None and most < 0 else most,
        },
    )


@looks(RetryConfig)
def _retry_config(retry: RetryConfig, now: datetime) -> Card:
    return Card(
        "Retry settings",
        facts={
            "delays": backoff_words(retry),
            "attempts": attempts_words(retry),
            "shortest delay": duration(retry.min_backoff) if retry.min_backoff is not None else None,
            "longest delay": duration(retry.max_backoff) if retry.max_backoff is not None else None,
            "doublings": retry.max_doublings,
        },
    )


@looks(QueueStats)
def _stats(stats: QueueStats, now: datetime) -> Card:
    return Card("Queue statistics", kind="estimates", facts=stats_facts(stats, now))


def queue_table(queues: Sequence[Queue], *, caption: str, footer: str | None = None, now: datetime) -> Table:
    """Queues as a table. Task counts and the oldest due time appear if the queues have statistics."""
    with_stats = any(queue.stats is not None for queue in queues[:ROWS_SHOWN])
    with_failing = any(getattr(queue, "failing", None) is not None for queue in queues[:ROWS_SHOWN])

    def row(queue: Queue) -> dict[str, Value]:
        failing = {"failing": _failing_cell(queue)} if with_failing else {}
        return _row(queue) | (_stats_cells(queue.stats, now) if with_stats else {}) | failing

    return Table.of(queues, row, caption=caption, footer=footer)


def _row(queue: Queue) -> dict[str, Value]:
    limits, retry = queue.rate_limits or RateLimits(), queue.retry_config or RetryConfig()
    most = limits.max_concurrent_tasks
    return {
        "queue": Cell(elided(last(queue.name), 48), queue.name),
        "location": parts(queue.name).get("locations"),
        "kind": KIND_WORDS[queue.kind],
        "state": state_badge(queue.state),
        "rate/s": limits.max_tasks_dispatched_per_second,
        "concurrent": None if most is not None and most < 0 else most,
        "attempts": Cell("∞", "unlimited", "number") if retry.unlimited_attempts else retry.max_attempts,
    }


def _failing_cell(queue: Queue) -> Value:
    """Such as "12 of 40"; None if it is unknown."""
    lately = getattr(queue, "failing", None)
    if lately is None:
        return None
    if not lately.failed:
        return number(0)
    words = f"{lately.failed:,} of {lately.attempts:,}{' (sample)' if lately.is_sample else ''}"
    title = f"{lately.failed:,} of {lately.attempts:,} {lately.of} failed, mostly with {lately.mostly}"
    return Cell(words, title, "badge", "bad")


def _stats_cells(stats: QueueStats | None, now: datetime) -> dict[str, Value]:
    return {
        "tasks (est.)": number(int(stats.tasks_count)) if stats is not None else None,
        "oldest due": when(stats.oldest_estimated_arrival_time, now) if stats is not None else None,
    }
