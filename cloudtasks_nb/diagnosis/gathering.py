"""Read the facts about a queue: the queue, at most three pages of tasks, and other sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from ..errors import ApiError, NotFound, PermissionDenied
from ..resources.queue import Queue, read_queue
from ..resources.task import list_tasks
from ..rest.session import Session
from .diagnosis import Diagnosis
from .facts import GET, LIST, THE_QUEUE, THE_TASKS, Facts, Unseen
from .remembered import read_measured, read_pause
from .rules import judge

PAGES = 3
PAGE_SIZE = 1000
_NEAR = timedelta(seconds=5)


def diagnose(queue: Queue, *, deep: bool = False) -> Diagnosis:
    """Read the facts about a queue and apply the rules. Errors: NotFound, AuthError, TransportError."""
    facts = gathered(queue, deep=deep)
    return Diagnosis(facts, judge(facts))


def gathered(queue: Queue, *, deep: bool = False) -> Facts:
    """Read the facts about a queue. Errors: NotFound, AuthError, TransportError."""
    session = queue._session
    facts = Facts(queue=queue, now=session.now(), is_deep=deep, tells_logging=False)
    _read_queue(queue, facts)
    _read_tasks(queue, facts)
    facts.skew, facts.now = session.heard.skew, told_time(session)
    facts.refused = session.heard.refusals(queue.name)
    read_measured(queue, facts)
    read_pause(queue, facts)
    if deep:
        from .deep.looking import look_deep

        look_deep(queue, facts)
    return facts


def told_time(session: Session) -> datetime:
    """The current time: the local clock, or the service's clock if they differ."""
    skew = session.heard.skew or timedelta()
    return session.now() + (skew if abs(skew) > _NEAR else timedelta())


def _read_queue(queue: Queue, facts: Facts) -> None:
    session, offers = queue._session, queue.offers_stats
    with facts_or_why(facts, THE_QUEUE, "cloudtasks.queues.get"):
        facts.calls += 1
        facts.queue = read_queue(session, queue._parsed, stats=offers)
        facts.read_at[GET] = session.now()
        facts.tells_logging = session.api_version != "v2beta2" and facts.queue.kind != "pull"
    if not offers:
        facts.unseen.append(
            Unseen("statistics of the queue", f"{session.api_version} has no statistics; use v2beta3")
        )


def _read_tasks(queue: Queue, facts: Facts) -> None:
    session = queue._session
    with facts_or_why(facts, THE_TASKS, "cloudtasks.tasks.list"):
        facts.calls += 1
        listing = list_tasks(session, queue._parsed, view="BASIC", page_size=PAGE_SIZE, order_by=None)
        tasks = []
        for number, page in enumerate(listing.pages(), 1):
            tasks += page.items
            facts.tasks, facts.complete = tasks, not page.next_page_token
            facts.read_at[LIST] = session.now()
            if number == PAGES or facts.complete:
                break
            facts.calls += 1


@contextmanager
def facts_or_why(facts: Facts, what: str, permission: str) -> Iterator[None]:
    """Context manager that records a denied call as unseen data. Errors: NotFound, AuthError, TransportError."""
    try:
        yield
    except NotFound:
        raise
    except PermissionDenied as error:
        needs = f"{error.message.rstrip('.')}; it needs {permission}"
        facts.unseen.append(Unseen(what, needs))
    except ApiError as error:
        facts.unseen.append(Unseen(what, f"{error.code} {error.message.rstrip('.')}"))
