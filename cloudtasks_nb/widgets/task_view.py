"""What the page shows of one task: the detail pane."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..model import Task
from ..render.json_tree import headers_section
from ..render.payload import payload_sections, raw_text
from ..render.queue import KIND_WORDS
from ..render.task import task_facts
from ..render.visible import visible_lines
from .cells import fact_list, section

URL_LONGEST = 2_083
"""The API takes no longer ones."""


def task_detail(task: Task, now: datetime) -> dict[str, Any]:
    """The detail pane of a task that was read with view FULL. `now` is what times are relative to."""
    return {
        "id": task.id,
        "kind": KIND_WORDS[task.kind],
        "can_run": task.kind != "pull",
        "facts": fact_list(task_facts(task, now, URL_LONGEST)),
        "headers": [section(part) for part in headers_section(task.headers)],
        "payload": _payload(task.payload),
    }


def _payload(data: bytes | None) -> dict[str, Any] | None:
    """The payload decoded, and as raw text where that differs."""
    if data is None:
        return None
    held, *inner = [section(part) for part in payload_sections(data)]
    raw = raw_text(data)
    return {**held, "raw": visible_lines(raw) if raw is not None else None, "inner": inner}
