"""What the page shows of one task: the detail pane."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..model import Task
from ..render.folded import headers_section
from ..render.payload import payload_sections, raw_text
from ..render.queue import KIND_WORDS, retry_words
from ..render.shapes import Value, code
from ..render.status import attempt_facts
from ..render.target import routing_words, token_words
from ..render.task import is_leased
from ..render.visible import visible_lines
from .cells import fact_list, section


def task_detail(task: Task, now: datetime) -> dict[str, Any]:
    """The detail pane of a task that was read with view FULL. `now` is what times are relative to."""
    values: dict[str, Any] = {
        "Target": [task.method, code(task.url or "/")] if task.method is not None else None,
        "Tag": code(task.tag) if task.tag else None,
        **_sending(task),
        "Lease ends" if is_leased(task, now) else "Schedule": task.schedule_time,
        "Created": task.create_time,
        **{label.capitalize(): value for label, value in _attempts(task, now).items()},
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


def _attempts(task: Task, now: datetime) -> dict[str, Value]:
    if task.status is None:
        return {"attempts": "none yet"}
    return dict(attempt_facts(task.status, now))


def _payload(data: bytes | None) -> dict[str, Any] | None:
    """The payload decoded, and as raw text where that differs."""
    if data is None:
        return None
    if not data:
        return {"summary": "payload: empty, 0 B", "text": "", "raw": None, "inner": []}
    held, *inner = [section(part) for part in payload_sections(data)]
    raw = raw_text(data)
    return {**held, "raw": visible_lines(raw) if raw is not None else None, "inner": inner}
