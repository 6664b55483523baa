"""Find out how a task that is not in its queue ended. The most reliable source comes first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from ..emulator.client.emulator import Emulator
from ..errors import CloudTasksError
from ..history.log import TURN_ON
from ..history.one_task import task_history
from ..model.emulated import AttemptRecord
from ..resources.task import Task
from ..rest.answers import NotServed
from .attempts import http_status
from .facts import GET, GET_TASK, Facts, Unseen
from .finding import Evidence
from .fortune import Said
from .rules.clients import QUOTAS, USED_UP
from .rules.state import LOGGING, PURGING
from .words import clock, counted, duration, moment

RETRIES = "https://docs.cloud.google.com/tasks/docs/configuring-queues#retry"
_REMEMBERED = "existed recently"
_DELETED_AT = re.compile(r"it was deleted(.*)\Z")
_KEPT = "30d"
"""How long Cloud Logging keeps entries, unless a project sets another time."""


def what_became(task: Task, facts: Facts, missing: str) -> Said:
    """Why the task does not exist. `missing` is the message of the 404 response."""
    for ask in (_by_log, _by_emulator, _by_purge, _by_refusal):
        said = ask(task, facts)
        if said is not None:
            return said
    seen = [facts.seen("response", f"404 {missing}", GET_TASK)]
    if facts.queue_is_missing:
        words = "Its queue does not exist, so its tasks do not exist either."
        return Said("gone", words, seen, "client.queues()", QUOTAS)
    if _REMEMBERED in missing or task.create_time is not None:
        if facts.queue.kind == "pull":
            words = "It no longer exists: it was acknowledged, was deleted, or used up its leases."
            return Said("gone", words, seen, 'queue.audit(since="24h")', RETRIES)
        shows = "No log that could be read shows which." if facts.unseen else "No log shows which."
        words = f"It no longer exists: it succeeded, was given up, or was deleted. {shows}"
        return Said("gone", words, seen, TURN_ON, LOGGING)
    words = "This task does not exist, and no record of it was found. It never existed, or it ended long ago."
    if facts.unseen:
        words = "This task does not exist. It may never have existed."
    return Said("unknown", words, seen, "queue.tasks()", LOGGING)


def _by_emulator(task: Task, facts: Facts) -> Said | None:
    """From the emulator's history, which keeps every attempt of the tasks that ended last."""
    session = task._session
    if not session.on_emulator:
        return None
    try:
        facts.calls += 1
        records = Emulator(session).history(str(task._parsed.parent), task.name)
    except CloudTasksError:  # an emulator of another vendor
        return None
    if not len(records):
        return None
    return _ended(records[-1], facts, "emulator history")


def _by_log(task: Task, facts: Facts) -> Said | None:
    """From the log of the queue, if logging was on at that time and the task was sampled."""
    if facts.queue.kind == "pull":
        return None
    facts.calls += 2  # the task log, and the audit log
    try:
        history = task_history(task._session, task._parsed, _KEPT, is_gone=True)
    except CloudTasksError as error:
        if not isinstance(error, NotServed):
            facts.unseen.append(Unseen("its log", error.message.rstrip(".")))
        return None
    story, tries = history.story, counted(history.story.attempts, "attempt")
    seen = [facts.seen("log entries", len(history), "entries.list"), facts.seen("outcome", history.outcome)]
    if history.outcome == "done":
        return _finished(story.last_answer, tries, facts, seen, "task.history()")
    if history.outcome == "given up":
        return _given_up(story.last_answer, tries, story.last_status, facts, seen)
    if history.outcome in ("deleted", "lost"):
        at = _DELETED_AT.match(history.why)
        gone = "Its outcome is unknown" if history.outcome == "lost" else "It was deleted"
        words = f"It was deleted{at[1]} after {tries}." if at else f"{gone} after {tries}: {history.why}."
        return Said("gone", words, seen, "task.history()", LOGGING)
    return None


def _ended(last: AttemptRecord, facts: Facts, call: str) -> Said:
    tries = counted(last.attempt, "attempt")
    seen = [facts.seen("last attempt", f"{last.attempt} {last.outcome}", call)]
    if last.outcome == "SUCCEEDED":
        return _finished(last.response_time, tries, facts, seen, "queue.tasks()")
    status = last.status
    code = str(http_status(status) or status.code_name) if status is not None else ""
    if last.outcome == "GIVEN_UP":
        return _given_up(last.response_time, tries, code, facts, seen)
    with_code = f"; the last one ended with {code}" if code else ""
    return Said("gone", f"It was deleted after {tries}{with_code}.", seen, "queue.tasks()", LOGGING)


def _finished(at: datetime | None, tries: str, facts: Facts, seen: Sequence[Evidence], cure: str) -> Said:
    when = f" {moment(at, facts.now)}" if at is not None else ""
    return Said("finished", f"It finished{when} after {tries}.", seen, cure, LOGGING)


def _given_up(at: datetime | None, tries: str, code: str, facts: Facts, seen: Sequence[Evidence]) -> Said:
    when = f" {moment(at, facts.now)}" if at is not None else ""
    with_code = f"; the last one ended with {code}" if code else ""
    words = f"It was given up{when} after {tries}{with_code}. Cloud Tasks keeps no copy."
    return Said("gone", words, seen, "queue.at_risk()", RETRIES)


def _by_purge(task: Task, facts: Facts) -> Said | None:
    purged = facts.queue.purge_time
    if purged is None or task.create_time is None or task.create_time > purged:
        return None
    seen = [
        facts.seen("purge_time", purged.isoformat(), GET),
        facts.seen("create_time", task.create_time.isoformat()),
    ]
    words = f"The purge at {clock(purged, facts.now)} deleted it, or it ended before that."
    return Said("gone", words, seen, 'queue.audit(since="24h")', PURGING)


def _by_refusal(task: Task, facts: Facts) -> Said | None:
    used = [one for one in facts.refused if USED_UP in one.message]
    if not used:
        return None
    held = facts.queue.tombstone_ttl
    for_long = duration(held) if held else "up to 24 hours"
    words = (
        f"It was never created: the service rejected the create at {clock(used[-1].at, facts.now)}, because a task "
        f"with this name existed too recently. The name stays blocked for {for_long}; use another name."
    )
    seen = [facts.seen("rejected create", f"{used[-1].code} {used[-1].message}", "tasks.create")]
    return Said("tombstone", words, seen, "queue.create_task(payload, url=…)  # without task_id", QUOTAS)
