"""Read metrics and logs of a queue, one call each, and only if a rule needs them."""

from __future__ import annotations

from datetime import timedelta

from ..errors import CloudTasksError
from ..history.audit import last_change
from ..history.metrics import ATTEMPTS, Reader
from ..history.windows import Window
from ..resources.queue import Queue
from .facts import METRICS_LAST, Facts, Measured, Unseen
from .fate import soon_given_up

_ENOUGH = 5
_REMEMBERED = timedelta(days=30)
_STATE_CALLS = ("PauseQueue", "ResumeQueue", "CreateQueue", "DeleteQueue")


def read_measured(queue: Queue, facts: Facts) -> None:
    """Read how recent attempts ended, if neither the queue's statistics nor its tasks show it."""
    stats = facts.queue.stats
    answered = int(stats.executed_last_minute_count) if stats is not None else 0
    is_told = not facts.failed or (answered >= _ENOUGH and facts.complete)
    waits = facts.oldest_due is not None and facts.now - facts.oldest_due > METRICS_LAST
    if queue.kind == "pull" or (
        is_told and soon_given_up(facts.queue) is None and not (stats is None and waits)
    ):
        return
    session = queue._session
    window = Window.of(METRICS_LAST, None, session.now())
    facts.calls += 1
    try:
        reader = Reader(session, queue.project, queue._parsed)
        series = reader.read(ATTEMPTS, window.since, window.until, window.span)
    except CloudTasksError as error:
        facts.unseen.append(Unseen("the metrics", error.message.rstrip(".")))
        return
    codes: dict[str, int] = {}
    for one in series:
        codes[one.code] = codes.get(one.code, 0) + round(sum(one.numbers().values()))
    facts.measured = Measured(minutes=window.span / timedelta(minutes=1), attempts=codes)
    facts.also.append("its metrics")


def read_pause(queue: Queue, facts: Facts) -> None:
    """Read who paused the queue, and when."""
    if facts.queue.state != "PAUSED" or not facts.depth:
        return
    facts.calls += 1
    try:
        last = last_change(queue._session, queue._parsed, _STATE_CALLS, _REMEMBERED)
    except CloudTasksError as error:
        facts.unseen.append(Unseen("who paused it", error.message.rstrip(".")))
        return
    if last is not None and last.action == "PauseQueue":
        facts.paused_since, facts.paused_by = last.time, last.who if "@" in last.who else ""
