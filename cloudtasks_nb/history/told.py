"""Describe which sources of a report were read, and why others could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ApiError, CloudTasksError, NotFound, Unauthenticated
from ..model.choosing import EVERY_FIELD
from ..model.queue import Queue
from ..names import QueueName
from ..redact import scrub
from ..rest.answers import NotServed
from ..rest.session import Session
from .series import SeriesSet

METRICS, AUDIT_LOG = "metrics", "audit log"


def passable(found: Any) -> bool:
    """Whether a result is an error without which the report can continue. Raises the error if it cannot."""
    if not isinstance(found, CloudTasksError):
        return False
    if isinstance(found, ApiError | NotServed) and not isinstance(found, Unauthenticated):
        return True
    raise found


def refused(error: CloudTasksError) -> str:
    """An error as a sentence, with its hint."""
    if isinstance(error, NotServed):
        return "not read: this endpoint does not serve it"
    hint = f"; {error.hint}" if error.hint else ""
    return f"not read: {error.message.rstrip('.')}{hint}"


def metrics_source(found: Sequence[Any], lag: str) -> str:
    """The result of reading metrics, in words."""
    from ..render.values import counted

    if errors := [one for one in found if passable(one)]:
        return refused(errors[0])
    problems = dict.fromkeys(
        scrub(problem) for one in found if isinstance(one, SeriesSet) for problem in one.problems
    )
    partial = f"; the response is partial: {', '.join(problems)}" if problems else ""
    return f"{counted(len(found), 'call')} of Cloud Monitoring, {lag}{partial}"


def queue_now(session: Session, name: QueueName, *, is_told: bool) -> Queue | None:
    """Read the queue; None if it cannot be read. `is_told`: other sources have data about the queue.

    Errors: NotFound if the queue does not exist and no other source has data about it.
    """
    query = {"readMask": EVERY_FIELD if session.speaking.offers_stats else None}
    try:
        return session.call("projects.locations.queues.get", Queue, path={"name": str(name)}, query=query)
    except CloudTasksError as error:
        if isinstance(error, NotFound) and not is_told:
            raise
        return None


def still_known(queue: Queue | None) -> str:
    """The state of a queue in words, for a report without metrics."""
    if queue is None:
        return ""
    from ..render.values import counted, exact

    waiting = f", about {counted(int(queue.stats.tasks_count), 'task')} in it" if queue.stats else ""
    purged = f", last purged {exact(queue.purge_time)}" if queue.purge_time else ""
    return f"it is {queue.state} now{waiting}{purged}"
