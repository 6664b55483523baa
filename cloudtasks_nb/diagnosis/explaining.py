"""Explain one task: read it and its queue. If the task no longer exists, look for records of it."""

from __future__ import annotations

from ..errors import ApiError, NotFound
from ..resources.queue import queue_unread, read_queue
from ..resources.task import Task, read_task
from .explanation import Explanation
from .facts import GET, GET_TASK, Facts, Unseen
from .fortune import Said, fortune
from .gathering import told_time
from .gone import what_became
from .remembered import read_pause


def explain(task: Task) -> Explanation:
    """Why a task has not run, or how it ended. Errors: PermissionDenied, AuthError, TransportError."""
    session, name = task._session, task._parsed
    facts = Facts(queue=queue_unread(session, name.parent, None), now=session.now(), complete=False, calls=1)
    try:
        facts.tasks = [read_task(session, name, "BASIC")]
    except NotFound as error:
        missing = error.message
    facts.read_at[GET_TASK] = session.now()
    _read_queue(task, facts)
    facts.now = told_time(session)
    if facts.tasks:
        return _explained(task, facts, fortune(facts.tasks[0], facts))
    facts.refused = session.heard.refusals(task.name)
    return _explained(task, facts, what_became(task, facts, missing))


def _read_queue(task: Task, facts: Facts) -> None:
    session, name = task._session, task._parsed.parent
    facts.calls += 1
    try:
        facts.queue = queue = read_queue(session, name, stats=session.speaking.offers_stats)
        facts.read_at[GET] = session.now()
        if facts.tasks:
            read_pause(queue, facts)
    except NotFound:
        facts.queue_is_missing = True
    except ApiError as error:
        facts.unseen.append(Unseen("the queue", error.message))


def _explained(task: Task, facts: Facts, said: Said) -> Explanation:
    unseen = "".join(f" Could not read {one.what}: {one.why.rstrip('.')}." for one in facts.unseen)
    return Explanation(
        task=task.name,
        cause=said.cause,
        sentence=said.sentence + unseen,
        evidence=said.evidence,
        cure=said.cure,
        source=said.source,
        calls=facts.calls,
    )
