"""Derive the outcome of a task from its log entries. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from ..shown import Shown
from .entries import LogEntry

if TYPE_CHECKING:
    from ..render import Card
    from .audit import AuditEvent

CLOSED = ("done", "given up", "deleted")
REMOVING = ("PurgeQueue", "DeleteQueue")
LONGEST_ATTEMPT = {"HTTP": timedelta(minutes=31)}
"""After this time an attempt has a response or its dispatch deadline has passed. One minute is added for log delay."""
_LONGEST_ELSEWHERE = timedelta(hours=24, minutes=16)
_NEVER = datetime.min.replace(tzinfo=UTC)


class LoggedTask(Struct, Shown, frozen=True, kw_only=True):
    """The outcome of one task, derived from its log entries.

    `outcome` is one of: "done", "given up", "waiting", "lost" (sent, without a response), "deleted", "unknown".

    Example:
        >>> tasks = queue.log(since="1h").tasks()
        >>> [task.task for task in tasks if task.outcome == "given up"]
        []
    """

    task: str
    """The id of the task."""
    created: datetime | None = None
    """When it was created; None if the log does not contain that."""
    first_dispatch: datetime | None = None
    """When its first attempt was sent, as far back as the log goes."""
    last_answer: datetime | None = None
    """When its last attempt got a response."""
    attempts: int = 0
    """How many attempts were made."""
    last_status: str = ""
    """The google.rpc code of its last attempt; empty without a response."""
    retry_at: datetime | None = None
    """When its next attempt is due."""
    outcome: str = "unknown"
    """The outcome."""
    why: str = ""
    """The reason for the outcome."""
    waited: timedelta | None = None
    """The delay of its first attempt: the time from due to sent."""
    total: timedelta | None = None
    """The time from its creation to its last response, if it is done."""
    name: str = ""
    """The full name of the task."""

    @property
    def last_seen(self) -> datetime | None:
        """The time of its last log entry."""
        seen = (self.created, self.first_dispatch, self.last_answer)
        return max((at for at in seen if at), default=None)

    def _shape_(self) -> Card:
        from .look import fields_card

        return fields_card(self, self.task, f"logged task: {self.outcome}")


def told(entries: Iterable[LogEntry], now: datetime) -> list[LoggedTask]:
    """One row for each task, in the order of their first entries."""
    by_name: dict[str, list[LogEntry]] = {}
    for entry in entries:
        if entry.name:
            by_name.setdefault(entry.name, []).append(entry)
    return [verdict(held, now) for named in by_name.values() for held in lives(named)]


def lives(entries: Iterable[LogEntry]) -> list[list[LogEntry]]:
    """The entries of each task of one name, oldest first. A name can be used again some time after its task ended."""
    found: list[list[LogEntry]] = []
    for entry in sorted(entries, key=_time):
        if not found or (_is_created(entry) and _time(entry) > _time(found[-1][-1])):
            found.append([])
        found[-1].append(entry)
    return found


def _time(entry: LogEntry) -> datetime:
    return entry.time or _NEVER


def _is_created(entry: LogEntry) -> bool:
    return entry.kind == "created" and entry.status in ("", "OK")


def removed(story: LoggedTask, events: Iterable[AuditEvent]) -> LoggedTask:
    """Set the outcome "deleted" if the outcome was open and the queue was purged or deleted after the creation."""
    if story.outcome in CLOSED or story.last_seen is None:
        return story
    begun = story.created or story.last_seen  # a purge may come while an attempt is in progress
    for event in events:
        if event.action in REMOVING and not event.status and event.time and event.time >= begun:
            by = f" by {event.who}" if event.who else ""
            why = f"{event.action}{by}{_at(event.time)} deleted it"
            return replace(story, outcome="deleted", retry_at=None, why=why)
    return story


def verdict(entries: Sequence[LogEntry], now: datetime) -> LoggedTask:
    """The outcome of the task with these entries. If its name was used several times, the last one counts."""
    ordered = lives(entries)[-1]
    created = next(filter(_is_created, ordered), None) or _first(ordered, "created")
    sent = [entry for entry in ordered if entry.kind == "dispatched"]
    answers = [entry for entry in ordered if entry.kind == "answered"]
    last = answers[-1] if answers else None
    outcome, why = _outcome(ordered, now)
    began, ended = created.time if created else None, last.time if last else None
    first = min((entry.time for entry in sent if entry.time), default=None)
    due = sent[0].scheduled if sent and sent[0].attempt in (None, 1) else None
    return LoggedTask(
        task=ordered[0].task,
        created=began,
        first_dispatch=first,
        last_answer=ended,
        attempts=max([entry.attempt or 0 for entry in ordered] + [len(sent), len(answers)]),
        last_status=last.status if last else "",
        retry_at=last.retry_at if last and outcome == "waiting" else None,
        outcome=outcome,
        why=why,
        waited=max(first - due, timedelta(0)) if first and due else None,
        total=ended - began if outcome == "done" and began and ended else None,
        name=ordered[0].name,
    )


def _first(entries: Sequence[LogEntry], kind: str) -> LogEntry | None:
    return next((entry for entry in entries if entry.kind == kind), None)


def _outcome(ordered: Sequence[LogEntry], now: datetime) -> tuple[str, str]:
    """The outcome and its reason, from the entries of one task, oldest first."""
    if any(entry.kind == "answered" and entry.status == "OK" for entry in ordered):
        return "done", "an attempt succeeded"
    last = _last_attempt(ordered)
    deleted = _first(ordered, "deleted")
    if deleted is not None and not (last is not None and _is_final(last)):
        reason = str(deleted.more.get("deletionReason", "")).lower().replace("_", " ")
        known = f" ({reason})" if reason not in ("", "deleted") else ""
        return "deleted", f"it was deleted{_at(deleted.time)}{known}"
    if last is None:
        return _never_sent(ordered, now)
    if last.kind == "answered":
        return _failed(last, now)
    longest = LONGEST_ATTEMPT.get(last.target_type.upper(), _LONGEST_ELSEWHERE)
    if last.time is not None and now - last.time <= longest:
        return "waiting", f"{_attempt(last)} is in progress"
    return "lost", (
        "its last attempt was sent and no response is logged: the response was not sampled, or the task was deleted"
    )


def _last_attempt(ordered: Sequence[LogEntry]) -> LogEntry | None:
    """The last entry of an attempt. Both entries of a quick attempt can have the same time, in any order."""
    tries = [entry for entry in ordered if entry.kind in ("dispatched", "answered")]
    if not tries:
        return None
    answers = [
        one for one in tries if one.kind == "answered" and one.attempt == tries[-1].attempt is not None
    ]
    return answers[-1] if answers else tries[-1]


def _is_final(last: LogEntry) -> bool:
    """Whether this is the failure of the last attempt."""
    used_up = (last.attempt or 0) >= (last.max_attempts or 0)
    return last.kind == "answered" and last.retry_at is None and used_up


def _failed(last: LogEntry, now: datetime) -> tuple[str, str]:
    """Attempts used up may still be followed by others, until the retry duration has passed."""
    used_up = 0 < (last.max_attempts or 0) <= (last.attempt or 0)
    if last.retry_at is not None and (not used_up or last.retry_at > now):
        return (
            "waiting",
            f"{_attempt(last)} ended with {last.status}; the next one is due{_at(last.retry_at)}",
        )
    if 0 < (last.attempt or 0) < (last.max_attempts or 0):
        return "deleted", (
            f"{_attempt(last)} of {last.max_attempts} ended with {last.status} and no retry followed: the task was "
            "deleted or purged meanwhile"
        )
    limit = f" of {last.max_attempts}" if used_up else ""
    return "given up", f"{_attempt(last)}{limit} ended with {last.status}, and it was the last attempt"


def _attempt(entry: LogEntry) -> str:
    return f"attempt {entry.attempt}" if entry.attempt else "an attempt"


def _never_sent(ordered: Sequence[LogEntry], now: datetime) -> tuple[str, str]:
    created = _first(ordered, "created")
    if created is not None and created.status not in ("", "OK"):
        return "unknown", f"its creation failed with {created.status}"
    if created is not None and created.scheduled is not None and created.scheduled > now:
        return "waiting", f"it is due{_at(created.scheduled)}"
    return "unknown", (
        "only its creation is logged: it waits, it was deleted or purged, or its attempts were not sampled"
    )


def _at(moment: datetime | None) -> str:
    return f" at {moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
