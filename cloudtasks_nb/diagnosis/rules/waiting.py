"""Rules about tasks that are scheduled for later."""

from __future__ import annotations

from datetime import timedelta

from ..causes import PITFALLS
from ..facts import Facts
from ..finding import Finding
from ..words import clock, counted, percent, relative
from .failing import grouped

_SCHEDULE = "https://docs.cloud.google.com/tasks/docs/creating-http-target-tasks"


def all_future(facts: Facts, *, ahead: timedelta = timedelta(seconds=5)) -> Finding | None:
    """Every task is scheduled for later."""
    times = [task.schedule_time for task in facts.tasks if task.schedule_time is not None]
    if not times or len(times) < len(facts.tasks) or min(times) <= facts.now + ahead:
        return None
    if any(task.dispatch_count for task in facts.tasks):
        return None
    first = min(times)
    held = "The only task is" if len(times) == 1 else f"All {len(times):,} tasks are"
    if not facts.complete:
        held = f"All {len(times):,} sampled tasks are"
    return Finding(
        rule="all_future",
        severity="info",
        sentence=f"{held} scheduled for later; the first is due {relative(first, facts.now)}, at "
        f"{clock(first, facts.now)}.",
        evidence=[
            facts.seen("min(schedule_time)", first.isoformat(), facts.sampled),
            facts.seen("max(dispatch_count)", 0, facts.sampled),
        ],
        cure="queue.run_tasks(queue.tasks())",
        source=_SCHEDULE,
    )


def retry_wait(facts: Facts, *, share: float = 0.5) -> Finding | None:
    """Most tasks failed and wait for a retry."""
    waiting, sampled = len(facts.retrying), len(facts.tasks)
    if facts.queue.kind == "pull" or not sampled or waiting / sampled <= share:
        return None
    soonest = min(task.schedule_time for task in facts.retrying if task.schedule_time is not None)
    causes = grouped(facts, facts.retrying)
    why = f" Their last attempt ended with {causes[0][0].words}." if len(causes) == 1 else ""
    how_many = (
        f"{waiting:,} of {counted(sampled, 'sampled task')} failed and {'waits' if waiting == 1 else 'wait'}"
    )
    return Finding(
        rule="retry_wait",
        severity="slows",
        sentence=f"{how_many} for a retry; the first retry is {relative(soonest, facts.now)}, at "
        f"{clock(soonest, facts.now)}.{why}",
        evidence=[
            facts.seen("dispatch_count ≥ 1 and schedule_time > now", waiting, facts.sampled),
            facts.seen("share of the sample", percent(waiting / sampled)),
        ],
        cure="queue.run_tasks(queue.tasks())",
        source=PITFALLS,
    )
