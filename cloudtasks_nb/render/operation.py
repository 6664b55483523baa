"""Cards of operations: their state and their failures."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..errors import DecodeError
from ..model import Operation
from ..model.json import from_dict
from ..visible import elided
from .dispatch import looks
from .json_tree import json_section
from .queue import verbs
from .shapes import Card, Section, Table, Tone, Value, badge
from .status import status_badge, status_words
from .values import counted, when

_TONES: dict[str, Tone] = {
    "SUCCEEDED": "ok",
    "RUNNING": "warn",
    "PARTIALLY_SUCCEEDED": "warn",
    "FAILED": "bad",
    "CANCELLED": "bad",
}
_TOLD = ("state", "startTime", "endTime", "failedRequests", "@type")


@looks(Operation)
def _operation(operation: Operation, now: datetime) -> Card:
    failed, made = operation.failures, (operation.response or {}).get("tasks")
    rest = {name: value for name, value in operation.metadata.items() if name not in _TOLD}
    return Card(
        elided(operation.id, 20) or "Operation",
        kind="operation",
        badge=badge(operation.state, _TONES.get(operation.state, "")),
        facts={
            "error": status_words(operation.error) if operation.error is not None else None,
            "started": _when(operation.metadata.get("startTime"), now),
            "ended": _when(operation.metadata.get("endTime"), now),
            "created": counted(len(made), "task") if isinstance(made, list) and made else None,
            "failed": counted(len(failed), "request") if failed else None,
            "name": operation.name,
        },
        sections=[
            *_failures(operation),
            *json_section("response", operation.response),
            *json_section("metadata", rest),
        ],
        code=[] if operation.done else verbs(operation, "operation.wait()", "operation.refresh()"),
    )


def _failures(operation: Operation) -> list[Section]:
    failed = operation.failures
    if not failed:
        return []
    rows: list[list[Value]] = [
        [index, status_badge(status), status.message] for index, status in failed.items()
    ]
    table = Table(columns=["request", "status", "message"], rows=rows)
    return [Section(f"{counted(len(rows), 'request')} failed", table, open=len(rows) <= 10)]


def _when(text: Any, now: datetime) -> Value:
    try:
        return when(from_dict(text, datetime), now) if text else None
    except DecodeError:  # not an instant: it is shown as text
        return str(text)
