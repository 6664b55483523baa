"""Cards of errors: the request, the response, and the next step."""

from __future__ import annotations

from datetime import datetime

from ..errors import ApiError, CloudTasksError, InvalidRows
from ..unlisted import by_reason
from .dispatch import looks
from .json_tree import json_section
from .shapes import Card, Plain, Table, badge, code


@looks(CloudTasksError)
def _error(error: CloudTasksError, now: datetime) -> Card:
    answered = error if isinstance(error, ApiError) else None
    return Card(
        type(error).__name__,
        badge=badge(f"{answered.code} {answered.status}" if answered else "error", "bad"),
        facts={
            "request": _request(error),
            "response" if answered else "message": error.message,
            "tries": f"{error.tries}" if error.tries > 1 else None,
            "next": error.hint,
        },
        table=_table(error),
        sections=json_section("details", answered.details) if answered else (),
    )


def _request(error: CloudTasksError) -> list[Plain] | None:
    method = code(error.method) if error.method else None
    if not error.resource:
        return [method] if method else None
    return [method, "of" if method else None, error.resource]


def _table(error: CloudTasksError) -> Table | None:
    if isinstance(error, InvalidRows):
        rows = [[at, words] for at, words in error.problems]
        return Table(columns=["item", "problem"], rows=rows, more=error.count - len(rows))
    if len(error.not_listed) > 1:
        return Table(columns=["not listed", "reason"], rows=by_reason(error.not_listed))
    return None
