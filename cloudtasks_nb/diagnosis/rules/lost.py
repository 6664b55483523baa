"""Rules about tasks that may be lost or run twice."""

from __future__ import annotations

from datetime import timedelta

from ...model.task import Task
from ..attempts import took_s
from ..causes import HTTP_REQUEST
from ..facts import Facts
from ..fate import retries_of
from ..finding import Finding
from ..words import counted, duration, percentile

_RETRIES = "https://docs.cloud.google.com/tasks/docs/configuring-queues#retry"


def near_exhaustion(facts: Facts, *, attempts_left: int = 3) -> Finding | None:
    """Some tasks have few attempts left and may be lost."""
    near = [
        (left, task)
        for task in facts.tasks
        if (left := _left(facts, task)) is not None and left <= attempts_left
    ]
    if not near:
        return None
    fewest, task = min(near, key=lambda one: one[0])
    verb = "has" if len(near) == 1 else "have"
    return Finding(
        rule="near_exhaustion",
        severity="warns",
        sentence=f"{len(near):,} of {counted(len(facts.tasks), 'sampled task')} {verb} at most "
        f"{counted(attempts_left, 'attempt')} left (the fewest: {fewest:,}). Cloud Tasks deletes a task after its last "
        "attempt and keeps no copy. Back these tasks up.",
        evidence=[
            facts.seen("max_attempts − dispatch_count", fewest, facts.sampled),
            facts.seen("example", task.id, facts.sampled),
        ],
        cure=f'queue.backup("{facts.queue.id}.parquet")',
        source=_RETRIES,
    )


def _left(facts: Facts, task: Task) -> int | None:
    """Attempts left of a failed task; None without a limit, or while its retry duration has not passed.

    A pull task failed if its lease ended: it is due again.
    """
    is_pull = facts.queue.kind == "pull"
    is_held = is_pull and (task.schedule_time or facts.now) > facts.now
    if not task.dispatch_count or is_held or (task.last_status is None and not is_pull):
        return None
    retries = retries_of(task, facts.queue)
    first = task.status.first_attempt_status if task.status is not None else None
    tried_for = facts.now - (first.dispatch_time or facts.now) if first is not None else timedelta()
    if retries.max_attempts is None or retries.unlimited_attempts:
        return None
    if tried_for < (retries.max_retry_duration or timedelta()):  # both limits must be passed
        return None
    return max(0, retries.max_attempts - task.dispatch_count)


def dup_risk(facts: Facts, *, share: float = 0.9, at_least: int = 5) -> Finding | None:
    """Attempts take nearly as long as their deadline, so a retry may begin while the handler still works."""
    sampled = [took for task in facts.tasks if (took := took_s(task)) is not None]
    durations_s = facts.durations_s or sampled
    if len(durations_s) < at_least:
        return None
    limits = {"dispatch_deadline": facts.deadline}
    if facts.target_timeout is not None:
        limits["template.timeout of Cloud Run"] = facts.target_timeout
    name, limit = min(limits.items(), key=lambda one: one[1])
    p95_s = percentile(durations_s, 0.95)
    if p95_s < share * limit.total_seconds():
        return None
    return Finding(
        rule="dup_risk",
        severity="warns",
        sentence=f"One attempt in twenty takes {duration(timedelta(seconds=round(p95_s, 3)))} or longer, and {name} is "
        f"{duration(limit)}. A handler that times out may continue, and then the retry does the same work again.",
        evidence=[
            facts.seen(
                "p95 of attempt seconds",
                f"{p95_s:.3g}",
                "entries.list" if facts.durations_s else facts.sampled,
            ),
            facts.seen(name, duration(limit)),
        ],
        cure='queue.create_task(payload, url=…, dispatch_deadline="30m")',
        source=HTTP_REQUEST,
    )
