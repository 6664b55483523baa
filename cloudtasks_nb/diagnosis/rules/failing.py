"""Rules about attempts that fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ...model.task import Task
from ..attempts import Cause, audience_of, cause_of, deadline_of, last_attempt
from ..causes import HTTP_REQUEST, PITFALLS, meaning_of
from ..facts import GET, Facts, is_ok
from ..fate import delays_of, retries_of, soon_given_up
from ..finding import Finding
from ..words import clock, counted, duration, percent

_MINUTE = timedelta(minutes=1)
_NAMED = 3


class Share(NamedTuple):
    """The share of attempts that fail, and its source. `fair`: the source counts successes, too."""

    value: float
    basis: str
    call: str
    fair: bool


def failure_share(facts: Facts, *, at_least: int = 5) -> Share | None:
    """From the best source: metrics, the last minute, or else the listing, which contains no successes."""
    measured = facts.measured
    if measured is not None and measured.total >= at_least:
        basis = f"{measured.failed:,} of {measured.total:,} attempts in {measured.minutes:g} min"
        return Share(measured.failed / measured.total, basis, "timeSeries.list", fair=True)
    stats, lately = facts.queue.stats, _failed_since(facts, facts.now - _MINUTE)
    answered = int(stats.executed_last_minute_count) if stats is not None else 0
    if answered >= at_least and facts.tasks:
        failed = min(answered, lately if facts.complete else lately * facts.depth // len(facts.tasks))
        return Share(
            failed / answered, f"{failed:,} of {answered:,} attempts in the last minute", GET, fair=True
        )
    if not facts.ended:
        return None
    basis = f"{len(facts.failed):,} of {counted(len(facts.ended), 'last attempt')}; the listing contains no successes"
    return Share(len(facts.failed) / len(facts.ended), basis, facts.sampled, fair=False)


def failing(
    facts: Facts, *, share: float = 0.2, blocks_at: float = 0.95, at_least: int = 5
) -> Finding | None:
    """Too many attempts fail."""
    found = failure_share(facts, at_least=at_least)
    if found is None or found.value < share:
        return None
    if len(facts.failed) < at_least:
        return _failing_unlisted(facts, found, blocks_at, at_least)
    causes = grouped(facts, facts.failed)
    groups = "; ".join(f"{count:,} × {cause.words}" for cause, count in causes[:_NAMED])
    words = causes[0][0].words if len(causes) == 1 else f"the last attempt failed ({groups})"
    since = began(facts.failed)
    when = f" since {clock(since, facts.now)}" if since is not None else ""
    return Finding(
        rule="failing",
        severity="blocks" if found.value >= blocks_at else "slows",
        sentence=f"{len(facts.failed):,} of {counted(len(facts.tasks), 'sampled task')}: {words}{when}.",
        evidence=[
            facts.seen("share of attempts that fail", f"{percent(found.value)}: {found.basis}", found.call),
            *(
                facts.seen(
                    f"last_attempt.response_status: {cause.words}", counted(count, "task"), facts.sampled
                )
                for cause, count in causes
            ),
        ],
        cure=meaning_of(causes[0][0]).cure,
        source=PITFALLS,
    )


def _failing_unlisted(facts: Facts, found: Share, blocks_at: float, at_least: int) -> Finding | None:
    """Attempts fail, and hardly any of their tasks is listed: the queue gives them up soon after a failure."""
    measured, after = facts.measured, soon_given_up(facts.queue)
    if measured is None or measured.failed < at_least or after is None:
        return None
    failed = {code: count for code, count in measured.attempts.items() if not is_ok(code)}
    codes = Counter(failed).most_common()
    groups = "; ".join(f"{count:,} × {code}" for code, count in codes[:_NAMED])
    when = (
        f"{duration(after)} after its first failure, if all attempts fail"
        if after
        else "at its first failure"
    )
    return Finding(
        rule="failing",
        severity="blocks" if found.value >= blocks_at else "slows",
        sentence=f"{found.basis} failed: {groups}. The queue gives up a task {when}. Cloud Tasks keeps no copy, so a "
        "listing does not show these tasks.",
        evidence=[
            facts.seen("share of attempts that fail", percent(found.value), found.call),
            *(
                facts.seen(f"response_code: {code}", counted(count, "attempt"), found.call)
                for code, count in codes
            ),
            facts.seen("first failure to giving up", duration(after), GET),
        ],
        cure='queue.update(retry_config={"max_attempts": 100})',
        source=PITFALLS,
    )


def one_cause(facts: Facts, *, share: float = 0.8, at_least: int = 5) -> Finding | None:
    """Nearly all failures have the same cause."""
    overall = failing(facts, at_least=at_least)
    if overall is None or len(facts.failed) < at_least:
        return None
    (cause, count), *_ = grouped(facts, facts.failed)
    if count / len(facts.failed) < share:
        return None
    meaning, severity = meaning_of(cause), overall.severity
    audience = audiences(facts, cause) if cause.http in (401, 403) else ""
    return Finding(
        rule="one_cause",
        severity=severity,
        sentence=f"{percent(count / len(facts.failed))} of the failures have one cause: {cause.words}. "
        f"{meaning.words}.{audience}",
        evidence=[
            facts.seen(
                "(code, HTTP status, host)", f"({cause.code}, {cause.http}, {cause.host})", facts.sampled
            ),
            facts.seen("failures with this cause", f"{count:,} of {len(facts.failed):,}", facts.sampled),
        ],
        cure=meaning.cure,
        source=meaning.source,
    )


def timeouts(facts: Facts, *, at_least: int = 1) -> Finding | None:
    """Targets do not respond within the deadline."""
    late = facts.timed_out
    if len(late) < at_least:
        return None
    longest = max(map(deadline_of, late))
    hosts = {cause.host for cause, _ in grouped(facts, late)}
    source = f" from {next(iter(hosts))}" if len(hosts) == 1 else ""
    how_many = f"{len(late):,} of {counted(len(facts.tasks), 'sampled task')}"
    return Finding(
        rule="timeouts",
        severity="slows",
        sentence=f"{how_many} got no response{source} within the dispatch deadline of {duration(longest)}. The handler "
        "may still be working when the next attempt begins.",
        evidence=[
            facts.seen(
                "sum(dispatch_count − response_count)",
                sum(task.dispatch_count - task.response_count for task in late),
                facts.sampled,
            ),
            facts.seen("dispatch_deadline", duration(longest), facts.sampled),
        ],
        cure='queue.create_task(payload, url=…, dispatch_deadline="30m")',
        source=HTTP_REQUEST,
    )


def grouped(facts: Facts, tasks: Sequence[Task]) -> list[tuple[Cause, int]]:
    """The causes of the last failures of these tasks, the most frequent first."""
    causes = (cause_of(task, facts.queue) for task in tasks)
    return Counter(cause for cause in causes if cause is not None and cause.code).most_common()


def began(tasks: Sequence[Task]) -> datetime | None:
    """When the first attempt of these tasks failed. A listed task's first attempt failed, or the task would be gone."""
    firsts = (task.status.first_attempt_status for task in tasks if task.status is not None)
    return min((one.dispatch_time for one in firsts if one and one.dispatch_time), default=None)


def audiences(facts: Facts, cause: Cause) -> str:
    """A sentence about the audience of the tokens of these tasks; empty if unknown."""
    found = {audience_of(task, facts.queue) for task in facts.failed if cause_of(task, facts.queue) == cause}
    if found == {None}:
        return " These tasks send no token."
    one = next(iter(found)) if len(found) == 1 else None
    return f" The audience of the token is {one}." if one else ""


def _failed_since(facts: Facts, moment: datetime) -> int:
    """Estimate of the attempts that failed since then: the last of each task, and earlier ones by its backoff."""
    return sum(_attempts_since(facts, task, moment) for task in (*facts.failed, *facts.timed_out))


def _attempts_since(facts: Facts, task: Task, moment: datetime) -> int:
    last = last_attempt(task)
    if (
        last is None
        or last.response_time is None
        or last.dispatch_time is None
        or last.response_time <= moment
    ):
        return 0
    first = task.status.first_attempt_status if task.status is not None else None
    if first is not None and first.dispatch_time is not None and first.dispatch_time > moment:
        return task.dispatch_count  # all of them, and each failed
    delays = delays_of(retries_of(task, facts.queue))
    sent, count = last.dispatch_time, 1
    for retry in range(task.dispatch_count - 1, 0, -1):
        sent -= delays[min(retry, len(delays)) - 1]
        if sent <= moment:
            break
        count += 1
    return count
