"""Cards of errors: the request, the response, and the next step."""

from __future__ import annotations

from datetime import datetime

from ..errors import ApiError, CloudTasksError, InvalidRows
from .dispatch import looks
from .json_tree import json_section
from .shapes import Card, Plain, Table, badge, code


@looks(CloudTasksError)
def _error(error: CloudTasksError, now: datetime) -> Card:
    answered = error if isinstance(error, ApiError) else None
    wrong = error if isinstance(error, InvalidRows) else None
    return Card(
        type(error).__name__,
        badge=badge(f"{answered.code} {answered.status}" if answered else "error", "bad"),
        facts={
            "request": _request(error),
            "response" if answered else "message": error.message,
            "tries": f"{error.tries}" if error.tries > 1 else None,
            "next": error.hint,
        },
        table=Table(
            columns=["item", "problem"],
            rows=[[at, words] for at, words in wrong.problems],
            more=wrong.count - len(wrong.problems),
        )
        if wrong
        else None,
        sections=json_section("details", answered.details) if answered else (),
    )


def _request(error: CloudTasksError) -> list[Plain] | None:
    method = code(error.method) if error.method else None
    if not error.resource:
        return [method] if method else None
    return [method, "of" if method else None, error.resource]
