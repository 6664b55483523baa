"""What the page shows of a task: a row in the table, and the detail pane."""

from __future__ import annotations

from typing import Any

from ..model import Task
from ..render.folded import headers_section
from ..render.payload import payload_section, raw_text
from ..render.queue import KIND_WORDS, retry_words
from ..render.shapes import Value, code
from ..render.status import attempt_facts, status_badge
from ..render.target import routing_words, token_words
from ..render.task import is_leased
from ..render.values import moment
from ..render.visible import elided, shown, visible_lines
from .cells import fact_list, instant, plain, section

TARGET_WIDTH = 44


def task_row(task: Task) -> dict[str, Any]:
    """One row: id, kind, target or tag, method, schedule, attempts, last status."""
    target = shown((task.tag if task.kind == "pull" else task.url) or "")
    return {
        "id": task.id,
        "kind": KIND_WORDS[task.kind],
        "target": elided(target.removeprefix("https://"), TARGET_WIDTH),
        "target_title": target,
        "method": task.method or "",
        "schedule": instant(task.schedule_time),
        "leased": is_leased(task, moment(None)),
        "attempts": task.dispatch_count,
        "status": plain(status_badge(task.last_status) if task.last_status is not None else None),
    }


def task_detail(task: Task) -> dict[str, Any]:
    """The detail pane of a task that was read with view FULL."""
    values: dict[str, Any] = {
        "Target": [task.method, code(task.url or "/")] if task.method is not None else None,
        "Tag": code(task.tag) if task.tag else None,
        **_sending(task),
        "Lease ends" if is_leased(task, moment(None)) else "Schedule": task.schedule_time,
        "Created": task.create_time,
        **{label.capitalize(): value for label, value in _attempts(task).items()},
        "Retry (this task)": retry_words(task.retry_config) if task.retry_config is not None else None,
    }
    return {
        "id": task.id,
        "kind": KIND_WORDS[task.kind],
        "can_run": task.kind != "pull",
        "facts": fact_list(values),
        "headers": [section(part) for part in headers_section(task.headers)],
        "payload": _payload(task.payload),
    }


def _sending(task: Task) -> dict[str, Value]:
    if task.http_request is not None:
        return {"Signed with": token_words(task.http_request.oauth_token, task.http_request.oidc_token)}
    if task.app_engine_http_request is not None:
        return {"Routing": routing_words(task.app_engine_http_request.app_engine_routing)}
    return {}


def _attempts(task: Task) -> dict[str, Value]:
    if task.status is None:
        return {"attempts": "none yet"}
    return dict(attempt_facts(task.status, moment(None)))


def _payload(data: bytes | None) -> dict[str, Any] | None:
    """The payload decoded, and as raw text where that differs."""
    if data is None:
        return None
    if not data:
        return {"summary": "payload: empty, 0 B", "text": "", "raw": None}
    held = section(payload_section(data))
    raw = raw_text(data)
    return {**held, "raw": visible_lines(raw) if raw is not None else None}
