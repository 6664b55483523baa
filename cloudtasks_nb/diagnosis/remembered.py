"""Read metrics and logs of a queue, one call each, and only if a rule needs them."""

from __future__ import annotations

from datetime import timedelta

from ..errors import CloudTasksError
from ..history.entries import members, object_in, text_in, time_of
from ..history.metrics import ATTEMPTS, Reader
from ..history.services import log_entries
from ..history.windows import Window
from ..resources.queue import Queue
from .facts import Facts, Measured, Unseen

_LATELY = timedelta(minutes=10)
_ENOUGH = 5


def read_measured(queue: Queue, facts: Facts) -> None:
    """Read how recent attempts ended, if the queue's statistics do not show it."""
    stats = facts.queue.stats
    answered = int(stats.executed_last_minute_count) if stats is not None else 0
    if queue.kind == "pull" or not facts.failed or (answered >= _ENOUGH and facts.complete):
        return
    session = queue._session
    window = Window.of(_LATELY, None, session.now())
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
    session = queue._session
    log = f'logName="projects/{queue.project}/logs/cloudaudit.googleapis.com%2Factivity"'
    since = f'timestamp>="{(session.now() - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")}"'
    about = f'protoPayload.resourceName="{queue.name}" AND protoPayload.methodName=~"PauseQueue$"'
    asked = {"filter": f"{log} AND {about} AND {since}", "orderBy": "timestamp desc", "pageSize": 1}
    facts.calls += 1
    try:
        entries = list(members(log_entries(session, queue.project, asked)))
    except CloudTasksError as error:
        facts.unseen.append(Unseen("who paused it", error.message.rstrip(".")))
        return
    if entries:
        who = object_in(object_in(entries[0], "protoPayload"), "authenticationInfo")
        named = text_in(who, "principalEmail")
        facts.paused_since, facts.paused_by = time_of(entries[0]), named if "@" in named else ""
