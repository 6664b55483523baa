"""Which sources could be read, and what is said of those that could not? A refusal becomes a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ApiError, CloudTasksError, NotFound, Unauthenticated
from ..model.choosing import EVERY_FIELD
from ..model.queue import Queue
from ..names import QueueName
from ..rest.answers import NotServed
from ..rest.session import Session
from .series import SeriesSet

METRICS, AUDIT_LOG = "metrics", "audit log"


def passable(found: Any) -> bool:
    """Whether a report goes on without this answer. Errors: the error itself, where nothing else would help either."""
    if not isinstance(found, CloudTasksError):
        return False
    if isinstance(found, ApiError | NotServed) and not isinstance(found, Unauthenticated):
        return True
    raise found


def refused(error: CloudTasksError) -> str:
    """A refusal as a sentence, with the role or the switch that helps."""
    if isinstance(error, NotServed):
        return "not read: this endpoint does not serve it"
    hint = f"; {error.hint}" if error.hint else ""
    return f"not read: {error.message.rstrip('.')}{hint}"


def metrics_source(found: Sequence[Any], lag: str) -> str:
    """How reading metrics went, in words."""
    if errors := [one for one in found if passable(one)]:
        return refused(errors[0])
    problems = dict.fromkeys(
        problem for one in found if isinstance(one, SeriesSet) for problem in one.problems
    )
    partial = f"; the answer is partial: {', '.join(problems)}" if problems else ""
    return f"{len(found)} calls of Cloud Monitoring, {lag}{partial}"


def queue_now(session: Session, name: QueueName, *, is_told: bool) -> Queue | None:
    """The queue as it is now; None where it cannot be read, or is gone and something else tells of it.

    Errors: NotFound when there is no such queue, and nothing tells of it.
    """
    query = {"readMask": EVERY_FIELD if session.speaking.offers_stats else None}
    try:
        return session.call("projects.locations.queues.get", Queue, path={"name": str(name)}, query=query)
    except CloudTasksError as error:
        if isinstance(error, NotFound) and not is_told:
            raise
        return None


def still_known(queue: Queue | None) -> str:
    """What is known of a queue without its metrics."""
    if queue is None:
        return ""
    from ..render.values import counted, exact

    waiting = f", about {counted(int(queue.stats.tasks_count), 'task')} in it" if queue.stats else ""
    purged = f", last purged {exact(queue.purge_time)}" if queue.purge_time else ""
    return f"it is {queue.state} now{waiting}{purged}"
