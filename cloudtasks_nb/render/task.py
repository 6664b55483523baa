"""Tasks: the card and the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..model import Task, TaskStatus
from ..model.task import is_leased
from ..redact import scrub
from ..visible import elided
from .dispatch import looks
from .json_tree import headers_section
from .payload import payload_sections, preview
from .queue import KIND_WORDS, last, parts, retry_words, verbs
from .shapes import ROWS_SHOWN, Card, Cell, Table, Value, code
from .status import attempt_facts, status_badge
from .target import routing_words, token_words
from .task_columns import TASK_COLUMNS
from .values import counted, duration, relative, timed, when


@looks(Task)
def _task(task: Task, now: datetime) -> Card:
    queue = parts(task.name).get("queues")
    return Card(
        last(task.name),
        kind=f"{KIND_WORDS[task.kind]} task" + (f" in {queue}" if queue else ""),
        facts={
            **timed(task_facts(task, now, url_width=160), now),
            "queue": _queue_words(task),
            "payload": None if task.payload is not None else _payload_hint(task),
        },
        sections=[
            *headers_section(task.headers),
            *(payload_sections(task.payload) if task.payload is not None else []),
        ],
        code=_lines(task),
    )


def task_facts(task: Task, now: datetime, url_width: int) -> dict[str, Value | datetime]:
    """The facts of a task, in words; instants stay datetimes."""
    http, app_engine = task.http_request, task.app_engine_http_request
    url = code(elided(scrub(task.url or "/"), url_width))
    return {
        "target": [task.method, url] if task.method is not None else None,
        "signed with": token_words(http.oauth_token, http.oidc_token) if http is not None else None,
        "routing": routing_words(app_engine.app_engine_routing) if app_engine is not None else None,
        "tag": code(task.tag) if task.tag else None,
        "lease ends" if is_leased(task, now) else "schedule": task.schedule_time,
        "created": task.create_time,
        **attempt_facts(task.status or TaskStatus(), now),
        "deadline": duration(task.dispatch_deadline) if task.dispatch_deadline is not None else None,
        "retry (this task)": retry_words(task.retry_config) if task.retry_config is not None else None,
    }


def _queue_words(task: Task) -> str | None:
    """Why the task does not run now, as far as this is known without a request."""
    state = getattr(task, "queue_state", "")
    return None if state in ("", "RUNNING") else f"{state}: its tasks wait until queue.resume()"


def _payload_hint(task: Task) -> str:
    if task.view == "FULL":
        return "this API version does not return it; v2beta2 does"
    if callable(getattr(type(task), "refresh", None)):
        return 'not read; task.refresh(view="FULL") reads it'
    return 'not read; needs view="FULL"'


def _lines(task: Task) -> list[str]:
    if task.kind == "pull" and task.pull_message is None:  # a version without pull_message cannot lease tasks
        return verbs(task, "task.refresh()", "task.delete()")
    if task.kind == "pull":
        return verbs(task, "task.acknowledge()", "task.renew_lease(60)", "task.cancel_lease()")
    return verbs(task, "task.refresh()", "task.run()", "task.delete()")


def task_table(
    tasks: Sequence[Task],
    *,
    caption: str,
    footer: str | None = None,
    columns: Sequence[str] | None = None,
    now: datetime,
    of_queues: bool = False,
) -> Table:
    """Tasks as a table in these columns. By default, it leaves out columns that are empty or constant.

    `of_queues`: the listing covers many queues, so each row names its queue and location.
    """
    names = columns if columns is not None else _columns(tasks[:ROWS_SHOWN], of_queues=of_queues)
    narrow = {"target", "payload"} <= set(names)

    def row(task: Task) -> dict[str, Value]:
        cells: dict[str, Value] = {TASK_COLUMNS[name].head: _cell(task, name, now, narrow) for name in names}
        if of_queues:
            cells["queue"] = "/".join(task.name.split("/")[3:6:2])
        return cells

    return Table.of(tasks, row, caption=caption, footer=footer)


def lease_table(tasks: Sequence[Task], *, caption: str, now: datetime) -> Table:
    """Leased tasks as a table: the end of the lease, the number of attempts, and the payload."""
    held = [task for task in tasks if is_leased(task, now)]
    soonest = min((task.schedule_time for task in held if task.schedule_time is not None), default=None)
    ends = f", the first ends {relative(soonest, now)}" if soonest is not None else ""
    over = f", {len(tasks) - len(held):,} ended" if len(held) < len(tasks) else ""

    def row(task: Task) -> dict[str, Value]:
        return {
            "task": _cell(task, "task", now),
            "tag": _cell(task, "tag", now),
            "lease ends": _lease_end(task, now),
            "attempts": task.dispatch_count,
            "payload": _cell(task, "payload", now),
        }

    footer = f"{counted(len(held), 'lease')} held{over}{ends}" if tasks else "no task is available"
    return Table.of(tasks, row, caption=caption, footer=footer)


def _lease_end(task: Task, now: datetime) -> Cell | None:
    ends = when(task.schedule_time, now)
    if ends is None or is_leased(task, now):
        return ends
    return Cell(f"ended {ends.text}", ends.title)


def _columns(tasks: Sequence[Task], *, of_queues: bool = False) -> list[str]:
    kinds = {task.kind for task in tasks}
    has_payloads = any(task.payload is not None for task in tasks)
    narrow = has_payloads and kinds != {"pull"}
    wanted = {
        "task": True,
        "queue": of_queues or len({task.name.rpartition("/tasks/")[0] for task in tasks}) > 1,
        "kind": len(kinds) > 1,
        "target": kinds != {"pull"},
        "tag": "pull" in kinds,
        "schedule": True,
        "created": not narrow,
        "attempts": True,
        "responses": kinds != {"pull"} and not narrow,
        "status": any(task.last_status is not None for task in tasks),
        "payload": has_payloads,
    }
    return [column for column, is_wanted in wanted.items() if is_wanted]


def _cell(task: Task, column: str, now: datetime, narrow: bool = False) -> Value:
    """One cell; `narrow` if a row shows both a target and a payload."""
    match column:
        case "task":
            return Cell(elided(last(task.name), 20 if narrow else 40), task.name)
        case "target":
            return _target(task, 20 if narrow else 34)
        case "tag":
            return code(elided(task.tag, 40), task.tag) if task.tag else None
        case "status":
            return status_badge(task.last_status) if task.last_status is not None else None
        case "payload":
            return code(preview(task.payload, 22 if narrow else 40)) if task.payload is not None else None
    value: datetime | str | int | None = TASK_COLUMNS[column].value(task)
    return when(value, now) if isinstance(value, datetime) else value


def _target(task: Task, width: int) -> Value:
    if task.method is None:
        return None
    url = scrub(task.url or "/")
    brief = elided(url.removeprefix("https://"), width)
    return Cell(f"{task.method} {brief}", url if brief != url else "")
