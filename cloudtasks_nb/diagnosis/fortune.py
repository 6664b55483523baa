"""Explain why a task in its queue has not run, and when it will. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from ..model.task import Task
from .attempts import audience_of, cause_of, deadline_of, host_of, is_running, last_attempt, timed_out
from .causes import HTTP_TARGETS, PITFALLS, meaning_of
from .facts import GET_TASK, Facts
from .fate import Soon, fate_of, retries_of
from .finding import Evidence
from .rules.pace import concurrency_bound, idle_with_due, rate_bound, throttled
from .rules.state import paused_with_backlog
from .words import clock, counted, duration, moment, per_second, relative

_HOLDING = (idle_with_due, throttled, concurrency_bound, rate_bound)
_EVER = Soon(attempts_left=1_000_000, within=timedelta(days=3650))
_DELAYS_TOLD = 2
_SHORT = timedelta(minutes=1)
LEASING = (
    "https://docs.cloud.google.com/tasks/docs/reference/rest/v2beta2/projects.locations.queues.tasks/lease"
)


class Said(NamedTuple):
    """An explanation without the task's name and the count of calls."""

    cause: str
    sentence: str
    evidence: Sequence[Evidence] = ()
    cure: str = ""
    source: str = ""


def fortune(task: Task, facts: Facts) -> Said:
    """Why this task, which is still in its queue, has not run (again)."""
    if is_running(task):
        return _under_way(task, facts)
    paused = paused_with_backlog(facts)
    if paused is not None:
        waits = _waiting(task, facts)
        state = paused.sentence.partition(" and holds ")[0].replace("The queue", "Its queue")
        later = f" {waits.sentence}" if task.dispatch_count or _is_ahead(task, facts) else ""
        verb = "leased" if task.kind == "pull" else "sent"
        words = f"{state}: no task is {verb} until queue.resume().{later}"
        return Said(paused.rule, words, [*paused.evidence[:1], *waits.evidence], paused.cure, paused.source)
    if task.kind == "pull":
        return _pulled(task, facts)
    if not _is_ahead(task, facts):
        return _due(task, facts)
    return _waiting(task, facts)


def _waiting(task: Task, facts: Facts) -> Said:
    """Until when a task waits, whatever the state of its queue is."""
    if task.kind == "pull":
        return _pulled(task, facts)
    return _retrying(task, facts) if task.dispatch_count else _scheduled(task, facts)


def _is_ahead(task: Task, facts: Facts) -> bool:
    return task.schedule_time is not None and task.schedule_time > facts.now


def _seen(task: Task, facts: Facts, *fields: str) -> list[Evidence]:
    return [facts.seen(field, getattr(task, field), GET_TASK) for field in fields]


def _scheduled(task: Task, facts: Facts) -> Said:
    when = task.schedule_time or facts.now
    words = (
        f"It is scheduled for {clock(when, facts.now)}, {relative(when, facts.now)}. task.run() runs it now."
    )
    return Said(
        "scheduled", words, _seen(task, facts, "schedule_time", "dispatch_count"), "task.run()", HTTP_TARGETS
    )


def _under_way(task: Task, facts: Facts) -> Said:
    last = last_attempt(task)
    began = (last.dispatch_time if last is not None else None) or facts.now
    limit, running = deadline_of(task), facts.now - began
    words = (
        f"Attempt {task.dispatch_count:,} is in progress: it was sent {relative(began, facts.now)}, and its deadline "
        f"is {duration(limit)}."
    )
    if running > limit:
        words = (
            f"Attempt {task.dispatch_count:,} was sent {relative(began, facts.now)} and got no response within its "
            f"deadline of {duration(limit)}. The next attempt follows soon."
        )
    evidence = [
        facts.seen("last_attempt.dispatch_time", began.isoformat(), GET_TASK),
        facts.seen("dispatch_deadline", duration(limit), GET_TASK),
    ]
    return Said("timeouts" if running > limit else "due", words, evidence, "task.refresh()", PITFALLS)


def _retrying(task: Task, facts: Facts) -> Said:
    """Such as "Attempt 4 of 100 ended with 503 from …, the next is in 40 s, then after 80 s, 160 s …"."""
    cause, host = cause_of(task, facts.queue), host_of(task, facts.queue)
    ended = f"ended with {cause.words}" if cause is not None else "got no response"
    if timed_out(task, facts.now):
        ended = f"got no response from {host} within {duration(deadline_of(task))}"
    refused = _token_words(task, facts) if cause is not None and cause.http == 401 else ""
    meaning = meaning_of(cause) if cause is not None else None
    return Said(
        "retrying",
        f"{_attempt(task, facts)} {ended}. {_next(task, facts)}{_end(task, facts)}{refused}",
        [
            *_seen(task, facts, "dispatch_count", "response_count", "schedule_time"),
            facts.seen("last_status.message", task.last_status.message if task.last_status else "", GET_TASK),
        ],
        meaning.cure if meaning is not None else "task.run()",
        meaning.source if meaning is not None else PITFALLS,
    )


def _attempt(task: Task, facts: Facts) -> str:
    most = retries_of(task, facts.queue)
    limited = most.max_attempts is not None and not most.unlimited_attempts
    of = f" of {most.max_attempts:,}" if limited and most.max_attempts is not None else ""
    return f"Attempt {task.dispatch_count:,}{of}"


def _next(task: Task, facts: Facts) -> str:
    when = task.schedule_time or facts.now
    retries, sent = retries_of(task, facts.queue), task.dispatch_count
    later = [duration(one) for one in islice(retries.backoff(), sent, sent + _DELAYS_TOLD)]
    if retries.min_backoff is None and retries.max_backoff is None:
        later = []  # the settings of the queue are unknown
    left = None if retries.max_attempts is None or retries.unlimited_attempts else retries.max_attempts - sent
    if left is not None:
        later = later[: max(0, left - 1)]
    more = " …" if left is None or left > 1 + len(later) else ""
    words = f", then after {', '.join(later)}{more}" if later else ""
    return f"The next is {relative(when, facts.now) if when > facts.now else 'due now'}{words}."


def _end(task: Task, facts: Facts) -> str:
    fate = fate_of(task, facts.queue, facts.now, _EVER)
    ends = [end for end in (fate.gives_up, fate.expires) if end is not None]
    if not ends:
        return ""
    if fate.gives_up == min(ends):
        return f" If all attempts fail, it is given up {moment(min(ends), facts.now)} at the earliest."
    return f" It expires {moment(min(ends), facts.now)}."


def _token_words(task: Task, facts: Facts) -> str:
    """The audience of the token, and the one that the target probably expects."""
    audience, host = audience_of(task, facts.queue), host_of(task, facts.queue)
    if audience is None:
        return f" The task sends no token; {host} expects one."
    if audience == host:
        return f" The audience of its token is {audience}, which is correct. Check the account of the token."
    return f" The audience of its token is {audience}; a target such as Cloud Run expects {host}."


def _pulled(task: Task, facts: Facts) -> Said:
    when, seen = task.schedule_time or facts.now, _seen(task, facts, "schedule_time", "dispatch_count")
    leases = counted(task.dispatch_count, "lease")
    if _is_ahead(task, facts):
        if not task.dispatch_count:
            return _scheduled(task, facts)._replace(cure="queue.lease()")
        words = f"A worker holds it until {clock(when, facts.now)}, {relative(when, facts.now)} ({leases} so far)."
        return Said("scheduled", words, seen, "task.cancel_lease()", LEASING)
    since = f"It has been ready to lease since {clock(when, facts.now)} ({leases} so far)."
    words = f"{since} The order of tasks is not guaranteed."
    return Said("due", words, seen, "queue.lease()", LEASING)


def _due(task: Task, facts: Facts) -> Said:
    when = task.schedule_time or facts.now
    late = facts.now - when
    since = (
        f"It has been due since {clock(when, facts.now)}" if late > timedelta(seconds=1) else "It is due now"
    )
    if task.dispatch_count:
        before = _retrying(task, facts).sentence.partition(" The next is ")[0]
        since = f"{before} {since.replace('It is', 'The next is')}"
    seen = _seen(task, facts, "schedule_time", "dispatch_count")
    for rule in _HOLDING:
        finding = rule(facts)
        if finding is not None:
            words = f"{since}, and waits behind other tasks. {finding.sentence}"
            return Said(finding.rule, words, [*seen, *finding.evidence], finding.cure, finding.source)
    words = f"{since}. {_soon(facts)}"
    return Said("retrying" if task.dispatch_count else "due", words, seen, "task.run()", PITFALLS)


def _soon(facts: Facts) -> str:
    """When a due task is sent, as far as the queue is known."""
    if facts.queue.state != "RUNNING":
        return "Whether its queue runs is unknown."
    takes = timedelta(seconds=round(facts.due_count / facts.rate))
    if takes <= _SHORT:
        return "Its queue runs, so it is sent soon. The order of tasks is not guaranteed."
    return (
        f"Its queue runs, and sends at most {per_second(facts.rate)}: the {counted(facts.due_count, 'task')} in it "
        f"take up to {duration(takes)}. The order of tasks is not guaranteed."
    )
