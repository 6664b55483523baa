"""Errors: what was asked, what was answered, what to do next."""

from __future__ import annotations

from datetime import datetime

from ..errors import ApiError, CloudTasksError, InvalidRows
from .dispatch import looks
from .json_tree import json_section
from .shapes import Card, Plain, Table, Value, badge, code


@looks(CloudTasksError)
def _error(error: CloudTasksError, now: datetime) -> Card:
    return Card(
        type(error).__name__,
        badge=badge("error", "bad"),
        facts=_facts(error, "message"),
    )


@looks(InvalidRows)
def _invalid_rows(error: InvalidRows, now: datetime) -> Card:
    return Card(
        type(error).__name__,
        badge=badge("error", "bad"),
        facts=_facts(error, "message"),
        table=Table(
            columns=["item", "what is wrong"],
            rows=[[at, words] for at, words in error.problems],
            more=error.count - len(error.problems),
        ),
    )


@looks(ApiError)
def _api_error(error: ApiError, now: datetime) -> Card:
    return Card(
        type(error).__name__,
        badge=badge(f"{error.code} {error.status}", "bad"),
        facts=_facts(error, "answered"),
        sections=json_section("details", error.details),
    )


def _facts(error: CloudTasksError, said: str) -> dict[str, Value]:
    return {
        "asked": _asked(error),
        said: error.message,
        "tried": f"{error.tries} times" if error.tries > 1 else None,
        "next": error.hint,
    }


def _asked(error: CloudTasksError) -> list[Plain] | None:
    method = code(error.method) if error.method else None
    if not error.resource:
        return [method] if method else None
    return [method, "of" if method else None, error.resource]
