"""Tasks: the card and the table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from ..model import Task
from ..redact import scrub
from .dispatch import looks
from .folded import headers_section
from .payload import payload_sections, preview
from .queue import KIND_WORDS, last, parts, retry_words, verbs
from .shapes import ROWS_SHOWN, Card, Cell, Section, Table, Value, code
from .status import attempt_facts, status_badge
from .target import routing_words, token_words
from .values import counted, duration, moment, relative, when
from .visible import elided


def is_leased(task: Task, now: datetime) -> bool:
    """Whether a worker holds this pull task: it was leased before, and becomes due in the future."""
    return (
        task.kind == "pull"
        and task.dispatch_count > 0
        and task.schedule_time is not None
        and task.schedule_time > now
    )


@looks(Task)
def _task(task: Task, now: datetime) -> Card:
    place = parts(task.name)
    schedule = "lease ends" if is_leased(task, now) else "schedule"
    queue = place.get("queues")
    return Card(
        last(task.name),
        kind=f"{KIND_WORDS[task.kind]} task" + (f" in {queue}" if queue else ""),
        facts={
            **_target_facts(task),
            "tag": code(task.tag) if task.tag else None,
            schedule: when(task.schedule_time, now),
            "created": when(task.create_time, now),
            **(attempt_facts(task.status, now) if task.status is not None else {}),
            "deadline": duration(task.dispatch_deadline) if task.dispatch_deadline is not None else None,
            "retry (this task)": retry_words(task.retry_config) if task.retry_config is not None else None,
            "payload": None if task.payload is not None else _payload_hint(task),
        },
        sections=[*headers_section(task.headers), *_payload(task)],
        code=_lines(task),
    )


def _target_facts(task: Task) -> dict[str, Value]:
    http, app_engine = task.http_request, task.app_engine_http_request
    facts: dict[str, Value] = {}
    if task.method is not None:
        facts["target"] = [task.method, code(elided(scrub(task.url or "/"), 160))]
    if http is not None:
        facts["signed with"] = token_words(http.oauth_token, http.oidc_token)
    if app_engine is not None:
        facts["routing"] = routing_words(app_engine.app_engine_routing)
    return facts


def _payload_hint(task: Task) -> str:
    if task.view == "FULL":
        return "not shown by this version of the API; v2beta2 shows it"
    if callable(getattr(type(task), "refresh", None)):
        return 'not read; task.refresh(view="FULL") reads it'
    return 'not read; needs view="FULL"'


def _payload(task: Task) -> list[Section]:
    if not task.payload:
        return [] if task.payload is None else [Section("payload: empty, 0 B", "")]
    return payload_sections(task.payload)


def _lines(task: Task) -> list[str]:
    if task.kind == "pull" and task.pull_message is None:  # no version that shows so little leases tasks
        return verbs(task, "task.refresh()", "task.delete()")
    if task.kind == "pull":
        return verbs(task, "task.acknowledge()", "task.renew_lease(60)", "task.cancel_lease()")
    return verbs(task, "task.refresh()", "task.run()", "task.delete()")


def task_table(
    tasks: Iterable[Task], *, caption: str, footer: str | None = None, now: datetime | None = None
) -> Table:
    """Tasks as a table; columns that would be empty or the same throughout are left out."""
    listed, now = list(tasks), moment(now)
    rows = listed[:ROWS_SHOWN]
    columns = _columns(rows)
    narrow = {"target", "payload"} <= set(columns)
    return Table(
        caption=caption,
        columns=columns,
        rows=[[_cell(task, column, now, narrow) for column in columns] for task in rows],
        footer=footer,
        more=max(0, len(listed) - ROWS_SHOWN),
    )


def lease_table(
    tasks: Iterable[Task], *, caption: str, footer: str | None = None, now: datetime | None = None
) -> Table:
    """Leased tasks as a table: when each lease ends, how often the task was leased so far, and what it holds."""
    listed, now = list(tasks), moment(now)
    held = [task for task in listed if is_leased(task, now)]
    soonest = min((task.schedule_time for task in held if task.schedule_time is not None), default=None)
    if not footer:
        ends = f", the first ends {relative(soonest, now)}" if soonest is not None else ""
        over = f", {len(listed) - len(held):,} over" if len(held) < len(listed) else ""
        footer = f"{counted(len(held), 'lease')} held{over}{ends}" if listed else "no task was free"
    return Table(
        caption=caption,
        columns=["task", "tag", "lease ends", "attempts", "payload"],
        rows=[_lease_row(task, now) for task in listed[:ROWS_SHOWN]],
        footer=footer,
        more=max(0, len(listed) - ROWS_SHOWN),
    )


def _lease_row(task: Task, now: datetime) -> list[Value]:
    ends = when(task.schedule_time, now)
    if ends is not None and not is_leased(task, now):
        ends = Cell(f"over, {ends.text}" if ends.text != "now" else "over", ends.title)
    return [
        _cell(task, "task", now),
        _cell(task, "tag", now),
        ends,
        task.dispatch_count,
        _cell(task, "payload", now),
    ]


def _columns(tasks: Sequence[Task]) -> list[str]:
    kinds = {task.kind for task in tasks}
    has_payloads = any(task.payload is not None for task in tasks)
    narrow = has_payloads and kinds != {"pull"}
    wanted = {
        "task": True,
        "queue": len({task.name.rpartition("/tasks/")[0] for task in tasks}) > 1,
        "kind": len(kinds) > 1,
        "target": kinds != {"pull"},
        "tag": "pull" in kinds,
        "schedule": True,
        "created": not narrow,
        "sent": True,
        "answered": kinds != {"pull"} and not narrow,
        "last status": any(task.last_status is not None for task in tasks),
        "payload": has_payloads,
    }
    return [column for column, is_wanted in wanted.items() if is_wanted]


def _cell(task: Task, column: str, now: datetime, narrow: bool = False) -> Value:
    """One cell; `narrow` where a target and a payload share the width of a notebook."""
    match column:
        case "task":
            return Cell(elided(last(task.name), 20 if narrow else 40), task.name)
        case "queue":
            return parts(task.name).get("queues")
        case "kind":
            return KIND_WORDS[task.kind]
        case "target":
            return _target(task, 22 if narrow else 34)
        case "tag":
            return code(elided(task.tag, 40), task.tag) if task.tag else None
        case "schedule":
            return when(task.schedule_time, now)
        case "created":
            return when(task.create_time, now)
        case "sent":
            return task.dispatch_count
        case "answered":
            return task.response_count
        case "last status":
            return status_badge(task.last_status) if task.last_status is not None else None
        case _:
            return code(preview(task.payload, 24 if narrow else 40)) if task.payload is not None else None


def _target(task: Task, width: int) -> Value:
    if task.method is None:
        return None
    url = scrub(task.url or "/")
    brief = elided(url.removeprefix("https://"), width)
    return Cell(f"{task.method} {brief}", url if brief != url else "")
