"""Rules about how fast a queue sends, and which limit holds it back."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..causes import PITFALLS
from ..facts import GET, METRICS_LAST, Facts
from ..finding import Finding
from ..words import clock, counted, duration, per_second

SCALING = "https://docs.cloud.google.com/tasks/docs/manage-cloud-task-scaling"
_LEASING = (
    "https://docs.cloud.google.com/tasks/docs/reference/rest/v2beta2/projects.locations.queues.tasks/lease"
)


def idle_with_due(facts: Facts, *, patience: timedelta = timedelta(seconds=120)) -> Finding | None:
    """Tasks are due, and the queue sends none although it runs."""
    stats, oldest = facts.queue.stats, facts.oldest_due
    if not facts.is_running or not facts.due_count or oldest is None or facts.now - oldest <= patience:
        return None
    if facts.queue.kind == "pull":
        return _nobody_leases(facts, oldest)
    if stats is None and facts.now - oldest <= METRICS_LAST:
        return None
    at_once = int(stats.concurrent_dispatches_count) if stats is not None else 0
    if facts.executed is None or facts.executed or at_once or facts.running:
        return None
    counted_by = (
        ("stats.executed_last_minute_count", GET) if stats else ("attempts in ten minutes", "timeSeries.list")
    )
    return Finding(
        rule="idle_with_due",
        severity="blocks",
        sentence=f"Due: {counted(facts.due_count, 'task')}, the oldest since {clock(oldest, facts.now)}. The queue "
        "runs, but sends none. Possible causes: a disabled key (CMEK), API or billing account, or a regional outage.",
        evidence=[
            facts.seen("tasks that are due", facts.due_count, facts.sampled),
            facts.seen("oldest schedule_time that is due", oldest.isoformat(), facts.sampled),
            facts.seen(counted_by[0], 0, counted_by[1]),
            facts.seen("attempts in progress", 0, GET if stats else facts.sampled),
        ],
        cure="queue.diagnose(deep=True)",
        source=PITFALLS,
    )


def _nobody_leases(facts: Facts, oldest: datetime) -> Finding | None:
    if facts.retrying:
        return None  # a worker holds some of them
    ready = f"Ready to lease: {counted(facts.due_count, 'task')}"
    leased = max(task.dispatch_count for task in facts.tasks)
    words = (
        f"{ready}, the oldest since {clock(oldest, facts.now)}. No worker holds a lease: workers stopped, or leases "
        "ended without an acknowledgement."
        if leased
        else f"{ready}. No worker has leased any of them."
    )
    return Finding(
        rule="idle_with_due",
        severity="blocks",
        sentence=words,
        evidence=[
            facts.seen("tasks that are due", facts.due_count, facts.sampled),
            facts.seen("oldest schedule_time that is due", oldest.isoformat(), facts.sampled),
            facts.seen("tasks with a lease", 0, facts.sampled),
            facts.seen("max(dispatch_count)", leased, facts.sampled),
        ],
        cure="queue.worker(handler).run()",
        source=_LEASING,
    )


def throttled(facts: Facts, *, share: float = 0.9) -> Finding | None:
    """The service sends more slowly than the rate limit of the queue."""
    stats = facts.queue.stats
    if stats is None or not facts.is_running or not facts.due_count or facts.queue.kind == "pull":
        return None
    effective = stats.effective_execution_rate
    is_unknown = (
        not effective and stats.executed_last_minute_count > 0
    )  # a queue without a rate sends nothing
    if effective > share * facts.rate or is_unknown:
        return None
    return Finding(
        rule="throttled",
        severity="slows",
        sentence=f"The service throttles the queue to {per_second(effective)}; its rate limit is "
        f"{per_second(facts.rate)}. The service throttles a queue while its target fails or is slow. The rate recovers "
        "once the target does.",
        evidence=[
            facts.seen("stats.effective_execution_rate", effective, GET),
            facts.seen("rate_limits.max_tasks_dispatched_per_second", facts.rate, GET),
            facts.seen("tasks that are due", facts.due_count, facts.sampled),
        ],
        cure='queue.log(since="1h", status="UNAVAILABLE")',
        source=PITFALLS,
    )


def concurrency_bound(facts: Facts, *, share: float = 0.95) -> Finding | None:
    """The queue sends as many concurrent attempts as its limit allows, and more tasks than that are due."""
    stats, limit = facts.queue.stats, facts.concurrency
    if stats is None or not facts.is_running or facts.queue.kind == "pull":
        return None
    running = int(stats.concurrent_dispatches_count)
    if running < share * limit or facts.due_count <= limit:
        return None
    executed = int(stats.executed_last_minute_count)
    takes_s = 60 * running / executed if executed else None
    pace = (
        f" An attempt takes up to about {duration(timedelta(seconds=round(takes_s, 2)))}, so {limit:,} concurrent "
        f"attempts complete at least {per_second(limit / takes_s)}."
        if takes_s
        else ""
    )
    return Finding(
        rule="concurrency_bound",
        severity="slows",
        sentence=f"In progress: {counted(running, 'attempt')} of at most {limit:,}. Due: "
        f"{counted(facts.due_count, 'task')}.{pace}",
        evidence=[
            facts.seen("stats.concurrent_dispatches_count", running, GET),
            facts.seen("rate_limits.max_concurrent_tasks", limit, GET),
            facts.seen("tasks that are due", facts.due_count, facts.sampled),
        ],
        cure=f'queue.update(rate_limits={{"max_concurrent_tasks": {min(5000, 2 * limit)}}})',
        source=PITFALLS,
    )


def rate_bound(facts: Facts, *, share: float = 0.9, backlog: float = 2.0) -> Finding | None:
    """The queue sends at its rate limit, and a backlog is due."""
    stats = facts.queue.stats
    if stats is None or not facts.is_running or facts.queue.kind == "pull":
        return None
    sent = int(stats.executed_last_minute_count) / 60
    if sent < share * facts.rate or facts.due_count <= backlog * facts.rate:
        return None
    lasts = timedelta(seconds=round(facts.due_count / facts.rate))
    return Finding(
        rule="rate_bound",
        severity="slows",
        sentence=f"The queue sends {per_second(sent)}, and its rate limit is {per_second(facts.rate)}: "
        f"the backlog of {counted(facts.due_count, 'due task')} takes at least {duration(lasts)}.",
        evidence=[
            facts.seen("stats.executed_last_minute_count ÷ 60", f"{sent:.3g}", GET),
            facts.seen("rate_limits.max_tasks_dispatched_per_second", facts.rate, GET),
            facts.seen("tasks that are due", facts.due_count, facts.sampled),
        ],
        cure=f'queue.update(rate_limits={{"max_tasks_dispatched_per_second": {min(500, 2 * facts.rate):g}}})',
        source=PITFALLS,
    )


def beyond_500(facts: Facts, *, most: float = 500.0, at_least_s: float = 2.0) -> Finding | None:
    """More tasks are created per second than one queue can dispatch."""
    measured = facts.measured
    if measured is not None and measured.created is not None and measured.minutes:
        rate, call = measured.created / (60 * measured.minutes), "timeSeries.list"
    else:
        created = [task.create_time for task in facts.tasks if task.create_time is not None]
        span_s = (max(created) - min(created)).total_seconds() if created else 0.0
        rate, call = (len(created) / span_s if span_s >= at_least_s else 0.0), facts.sampled
    if rate <= most:
        return None
    return Finding(
        rule="beyond_500",
        severity="warns",
        sentence=f"Tasks are created at {per_second(rate)}, and one queue dispatches at most 500 per second. Use "
        "several queues.",
        evidence=[facts.seen("tasks created per second", f"{rate:,.0f}", call)],
        cure='[client.create_queue(f"{queue.id}-{n}") for n in range(4)]',
        source=SCALING,
    )
