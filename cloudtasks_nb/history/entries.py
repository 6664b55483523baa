"""Parse entries of the task log. Pure.

Source: Cloud Logging's LogEntry with google.cloud.tasks.logging.v1.TaskActivityLog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from ..discreet import Discreet, discreet
from ..errors import DecodeError
from ..model.json import Duration, Instant, utc
from ..shown import Shown

if TYPE_CHECKING:
    from ..render import Card

T = TypeVar("T")

_KINDS = {
    "taskCreationLog": "created",
    "attemptDispatchLog": "dispatched",
    "attemptResponseLog": "answered",
    "taskDeletionLog": "deleted",
}
_MOST = 2**63 - 1  # a table holds no larger number
_READ = frozenset(
    (
        "status", "scheduleTime", "retryTime", "attemptDuration", "dispatchCount", "responseCount", "maxAttempts",
        "targetAddress", "targetType",
    )
)  # fmt: skip


class LogEntry(Discreet, Struct, Shown, frozen=True, kw_only=True):
    """One line of a queue's task log.

    Example:
        >>> entries = queue.log(since="1h").first(20)
        >>> [(entry.time, entry.kind, entry.task, entry.status) for entry in entries]
        []
    """

    time: datetime | None = None
    """When it happened."""
    kind: str = "other"
    """"created", "dispatched", "answered", "deleted", or "other" for a kind that this version does not support."""
    task: str = ""
    """The id of the task."""
    status: str = ""
    """The google.rpc code of a creation or a response, in capitals; empty for a dispatch."""
    attempt: int | None = None
    """The number of the attempt, from 1."""
    responses: int | None = None
    """How many attempts had a response by then."""
    max_attempts: int | None = None
    """The maximum of attempts at that time; 0 or less means no limit, None means unknown."""
    scheduled: datetime | None = None
    """When the attempt was due."""
    retry_at: datetime | None = None
    """When the next attempt is due; None if no attempt follows."""
    took: timedelta | None = None
    """How long the attempt took."""
    method: str = ""
    """The HTTP method."""
    url: str = ""
    """The URL of the request. Secrets in it are hidden in cards and exports."""
    target_type: str = ""
    """The kind of target, in the service's words: "HTTP"."""
    severity: str = ""
    """The severity in the log: "ERROR" for a failed attempt."""
    insert_id: str = ""
    """The unique id of the entry in its log."""
    name: str = ""
    """The full name of the task."""
    more: dict[str, Any] = {}
    """Members of the entry that this version does not support."""

    def _shape_(self) -> Card:
        from .look import fields_card

        return fields_card(self, self.task or "log entry", f"log entry: {self.kind}")


def read_entries(raw: bytes) -> list[LogEntry]:
    """Parse a page of entries.list. Errors: DecodeError if it is not such a page."""
    return [_entry(one) for one in members(raw)]


def members(raw: bytes) -> list[Mapping[str, Any]]:
    """The entries of a page as raw objects. Errors: DecodeError."""
    try:
        found = msgspec.json.decode(raw)
        held = found.get("entries", [])
        if not all(isinstance(one, dict) for one in held):
            raise ValueError("an entry is not an object")
        return list(held)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise DecodeError(
            f"The response is not a page of log entries: {error}",
            hint="check that the endpoint serves Cloud Logging",
        ) from None


def _entry(one: Mapping[str, Any]) -> LogEntry:
    payload = object_in(one, "jsonPayload")
    log = next((key for key in payload if _kind(key)), "")
    said = object_in(payload, log)
    name = text_in(payload, "task")
    method, url = _address(text_in(said, "targetAddress"))
    unknown = {key: value for key, value in said.items() if key not in _READ}
    unknown |= {key: value for key, value in payload.items() if key not in ("@type", "task", log)}
    return LogEntry(
        time=time_of(one),
        kind=_kind(log) or "other",
        task=name.rpartition("/")[2],
        status=text_in(said, "status").upper(),
        attempt=_read(_whole, said.get("dispatchCount")),
        responses=_read(_whole, said.get("responseCount")),
        max_attempts=_read(_whole, said.get("maxAttempts")),
        scheduled=_instant(said.get("scheduleTime")),
        retry_at=_instant(said.get("retryTime")),
        took=_took(said.get("attemptDuration")),
        method=method,
        url=url,
        target_type=text_in(said, "targetType"),
        severity=text_in(one, "severity"),
        insert_id=text_in(one, "insertId"),
        name=name,
        more=discreet(unknown),
    )


def _kind(key: str) -> str:
    """The kind of an entry, from a member of its payload. The member for deletions is undocumented."""
    return _KINDS.get(key) or ("deleted" if "delet" in key.lower() and key.endswith("Log") else "")


def time_of(one: Mapping[str, Any]) -> datetime | None:
    """The timestamp of an entry, or else when it was received."""
    return _instant(one.get("timestamp")) or _instant(one.get("receiveTimestamp"))


def object_in(held: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A member as an object; empty if it is not an object."""
    value = held.get(key)
    return value if isinstance(value, dict) else {}


def text_in(held: Mapping[str, Any], key: str) -> str:
    """A member as text; empty if it is not text."""
    value = held.get(key)
    return value if isinstance(value, str) else ""


def _read(parse: Callable[[Any], T], value: Any) -> T | None:
    """A parsed value; None if it is absent or invalid, so that one invalid member does not lose the entry."""
    try:
        return None if value is None else parse(value)
    except (OverflowError, TypeError, ValueError):
        return None


def _whole(value: Any) -> int:
    number = int(value)
    if abs(number) > _MOST:
        raise ValueError(value)
    return number


def _instant(value: Any) -> datetime | None:
    return _read(lambda text: utc(Instant.parse(text)), value)


def _took(value: Any) -> timedelta | None:
    span = _read(Duration.parse, value)
    return timedelta(days=span.days, seconds=span.seconds, microseconds=span.microseconds) if span else span


def _address(text: str) -> tuple[str, str]:
    """Split "POST https://example.com/" into method and URL."""
    method, blank, url = text.partition(" ")
    return (method, url) if blank and method.isalpha() else ("", text)
