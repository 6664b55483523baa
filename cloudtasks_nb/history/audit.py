"""Read the audit log: who paused, purged, changed or deleted a queue.

Source: logging.v2 entries.list, log cloudaudit.googleapis.com/activity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..errors import BY_RPC_CODE
from ..model.instants import InstantLike
from ..names import QueueName
from ..rest.session import Session
from ..shown import Shown
from .entries import members, object_in, text_in, time_of
from .log_calls import bounds, entry_pages
from .rows import Rows
from .services import log_entries
from .windows import Window, written

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Card, Value

_PAGES_READ = 20
_RECENT = 20


class AuditEvent(Struct, Shown, frozen=True, kw_only=True):
    """One admin call.

    Example:
        >>> queue.pause()
        >>> [(event.action, event.who) for event in queue.audit()]
        [('CreateQueue', 'anonymous'), ('PauseQueue', 'anonymous')]
    """

    time: datetime | None = None
    """When it was called."""
    action: str = ""
    """The API method without its service, such as "PurgeQueue", "PauseQueue" or "UpdateQueue"."""
    who: str = ""
    """The identity of the caller; empty if the log does not contain it."""
    queue: str = ""
    """The id of the queue; empty if the call is not about a queue."""
    status: str = ""
    """The google.rpc code of a call that failed; empty for one that succeeded."""
    location: str = ""
    """The location of the queue."""
    method: str = ""
    """The full name of the method, with the API version."""
    name: str = ""
    """The full name of the resource."""
    insert_id: str = ""
    """The unique id of the entry in its log."""

    def _shape_(self) -> Card:
        from .look import fields_card

        return fields_card(self, self.queue or "project", f"admin call: {self.action}")


class AuditTrail(Rows[AuditEvent]):
    """A list of admin calls, oldest first. Notebooks show it as a table; `to_dataframe()` and others export it.

    Example:
        >>> queue.audit(since="7d").to_dataframe()
    """

    noun = "admin call"

    def _own_columns(self) -> Columns[Any]:
        from .columns import AUDIT

        return AUDIT

    def _row(self, item: AuditEvent) -> dict[str, Value]:
        from .look import event_row

        return event_row(item)


def audit(session: Session, project: str, queue: QueueName | None, since: InstantLike) -> AuditTrail:
    """The admin calls about a queue, or about a whole project, since then. Errors: any ApiError, ConfigError."""
    window = Window.of(since, None, session.now())
    about = f"{queue.location}/{queue.queue}" if queue else project
    events, is_whole = read_audit(session, project, queue, window)
    note = "" if is_whole else "there are more; pass a shorter time"
    return AuditTrail(events, f"admin calls of {about}", note)


def read_audit(
    session: Session, project: str, queue: QueueName | None, window: Window
) -> tuple[list[AuditEvent], bool]:
    """The admin calls in a window, oldest first, and whether the list is complete. Errors: any ApiError."""
    query = " AND ".join(
        [
            f'logName="projects/{project}/logs/cloudaudit.googleapis.com%2Factivity"',
            'protoPayload.serviceName="cloudtasks.googleapis.com"',
            *bounds(window),
        ]
    )
    found: list[AuditEvent] = []
    pages = entry_pages(session, project, {"filter": query}, "audit log")
    for number, raw in enumerate(pages, 1):
        found += [event for event in _events(raw) if queue is None or _is_about(event, queue)]
        if number == _PAGES_READ:
            return found, next(pages, None) is None
    return found, True


def last_change(
    session: Session, queue: QueueName, actions: Sequence[str], within: timedelta
) -> AuditEvent | None:
    """The last of these calls that succeeded; None without one. Makes one call. Errors: any ApiError."""
    since = session.now() - within
    terms = [
        f'logName="projects/{queue.project}/logs/cloudaudit.googleapis.com%2Factivity"',
        f'protoPayload.methodName=~"({"|".join(actions)})$"',
        f'protoPayload.resourceName=~"/locations/{queue.location}/queues/{queue.queue}$"',
        f'timestamp>="{written(since)}"',
    ]
    body = {"filter": " AND ".join(terms), "orderBy": "timestamp desc", "pageSize": _RECENT}
    events = _events(log_entries(session, queue.project, body))
    return next((event for event in events if _is_about(event, queue) and not event.status), None)


def _events(raw: bytes) -> Iterator[AuditEvent]:
    for one in members(raw):
        payload = object_in(one, "protoPayload")
        name = _resource(payload)
        parts = name[max(0, name.find("projects/")) :].split("/")
        place = dict(zip(parts[::2], parts[1::2], strict=False))
        yield AuditEvent(
            time=time_of(one),
            action=text_in(payload, "methodName").rpartition(".")[2],
            who=_caller(object_in(payload, "authenticationInfo")),
            queue=place.get("queues", ""),
            location=place.get("locations", ""),
            status=_status(object_in(payload, "status").get("code")),
            method=text_in(payload, "methodName"),
            name=name,
            insert_id=text_in(one, "insertId"),
        )


def _is_about(event: AuditEvent, queue: QueueName) -> bool:
    """Whether a call changed this queue. The log may name its project by its number."""
    return (event.location, event.queue) == (queue.location, queue.queue)


def _caller(info: Mapping[str, Any]) -> str:
    """The identity of the caller. Identities of other providers (workload identity federation) have no address."""
    return text_in(info, "principalEmail") or text_in(info, "principalSubject")


def _resource(payload: Mapping[str, Any]) -> str:
    """The full name of the changed resource. For a creation, the log may contain only its location."""
    name, created = text_in(payload, "resourceName"), text_in(_request_queue(payload), "name")
    return created if created and "/queues/" not in name else name


def _request_queue(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return object_in(object_in(payload, "request"), "queue")


def _status(code: Any) -> str:
    if not code:
        return ""
    error = BY_RPC_CODE.get(code) if isinstance(code, int) else None
    return error.rpc_status if error else f"CODE_{code}"
