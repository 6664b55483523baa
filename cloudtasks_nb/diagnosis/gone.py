"""Find out how a task that is not in its queue ended. The most reliable source comes first."""

from __future__ import annotations

from ..emulator.client.emulator import Emulator
from ..errors import CloudTasksError
from ..history.one_task import task_history
from ..model.emulated import AttemptRecord
from ..resources.task import Task
from .attempts import http_status
from .facts import GET, GET_TASK, Facts, Unseen
from .fortune import Said
from .rules.clients import QUOTAS, USED_UP
from .rules.state import LOGGING, PURGING
from .words import clock, counted, duration, moment

RETRIES = "https://docs.cloud.google.com/tasks/docs/configuring-queues#retry"
_REMEMBERED = "existed recently"
_SINCE = "7d"


def what_became(task: Task, facts: Facts, missing: str) -> Said:
    """Why the task does not exist. `missing` is the message of the 404 response."""
    for ask in (_by_emulator, _by_log, _by_purge, _by_refusal):
        said = ask(task, facts)
        if said is not None:
            return said
    seen = [facts.seen("response", f"404 {missing}", GET_TASK)]
    if facts.queue_is_missing:
        words = "Its queue does not exist, so its tasks do not exist either."
        return Said("gone", words, seen, "client.queues()", QUOTAS)
    turn_on = 'queue.update(stackdriver_logging_config={"sampling_ratio": 1.0})'
    if _REMEMBERED in missing or task.create_time is not None:
        words = "It no longer exists: it succeeded, was given up, or was deleted. No log shows which."
        return Said("gone", words, seen, turn_on, LOGGING)
    words = "This task does not exist, and no record of it was found. It never existed, or it ended long ago."
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
    """From the log of the queue, if logging was on and the task was sampled."""
    config = facts.queue.stackdriver_logging_config
    if config is None or not config.sampling_ratio:
        return None
    facts.calls += 2  # the task log, and the audit log
    try:
        history = task_history(task._session, task._parsed, _SINCE, config.sampling_ratio)
    except CloudTasksError as error:
        facts.unseen.append(Unseen("its log", error.message.rstrip(".")))
        return None
    story, tries = history.story, counted(history.story.attempts, "attempt")
    seen = [facts.seen("log entries", len(history), "entries.list"), facts.seen("outcome", history.outcome)]
    if history.outcome == "done" and story.last_response is not None:
        words = f"It finished {moment(story.last_response, facts.now)} after {tries}."
        return Said("finished", words, seen, "task.history()", LOGGING)
    if history.outcome in ("given up", "deleted", "lost"):
        gone = {"given up": "It was given up", "deleted": "It was deleted", "lost": "Its outcome is unknown"}
        words = f"{gone[history.outcome]} after {tries}: {history.why}."
        return Said("gone", words, seen, "task.history()", LOGGING)
    return None


def _ended(last: AttemptRecord, facts: Facts, call: str) -> Said | None:
    ended, tries = last.response_time, counted(last.attempt, "attempt")
    at = f" at {clock(ended, facts.now)}" if ended is not None else ""
    seen = [facts.seen("last attempt", f"{last.attempt} {last.outcome}", call)]
    if last.outcome == "SUCCEEDED":
        return Said("finished", f"It finished{at} after {tries}.", seen, "queue.tasks()", LOGGING)
    why = ""
    if last.status is not None:
        http = http_status(last.status)
        why = f"; the last one ended with {http or last.status.code_name}"
    if last.outcome == "GIVEN_UP":
        words = f"It was given up{at} after {tries}{why}. Cloud Tasks keeps no copy."
        return Said("gone", words, seen, "queue.at_risk()", RETRIES)
    return Said("gone", f"It was deleted after {tries}{why}.", seen, "queue.tasks()", LOGGING)


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
