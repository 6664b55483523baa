"""Finds the quota that an error names, and the advice for an exhausted quota. Pure.

Source: SPEC sections 2.9, 4 and 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

_LIMIT = re.compile(r"\blimit '([^']+)'")
_METRIC = re.compile(r"\bquota metric '([^']+)'")
_RATED = re.compile(r"\bper\b|Per")
_LONGEST_NAME = 120
_REFILLS = ("persecond", "perminute", "perhour", "perday")

# The documented limits, and how to use less of them.
_DOCUMENTED = {
    "list": ("the project's quota of 600 list calls per minute", "list less often"),
    "run": ("the project's quota of 60 run calls per minute", "resume the queue, which then runs its tasks by itself"),
    "lease": ("the queue's quota of 10 lease calls per second", "lease more tasks with each call"),
    "rest": ("a quota on the calls of this project", "lower the rate (begin with 500/s, grow by half every 5 minutes)"),
}  # fmt: skip


@cache
def kind_of(method: str) -> str:
    """The quota that a REST method uses: "list", "run", "lease" or "rest". Other services have their own quota.

    >>> kind_of("projects.locations.queues.tasks.list"), kind_of("projects.locations.queues.get")
    ('list', 'rest')
    """
    if not method.startswith(("projects.", "api.", "batch")):
        return method
    verb = method.rpartition(".")[2]
    return verb if verb in _DOCUMENTED else "rest"


def quota_named(message: str, details: list[dict[str, Any]]) -> str:
    """The limit or metric in an error; empty if it names none."""
    for name in _names(message, details):
        if isinstance(name, str) and name.strip():
            return " ".join(name.split())[:_LONGEST_NAME]
    return ""


def is_regional(message: str, details: list[dict[str, Any]]) -> bool:
    """Whether the quota in an error is per region, so that other regions have their own."""
    places = {str(metadata.get("quota_location", "global")) for metadata in _metadata(details)}
    return "region" in quota_named(message, details).lower() or bool(places - {"global", ""})


def quota_hint(message: str, details: list[dict[str, Any]], method: str) -> str:
    """The hint for an exhausted quota; it says "probably" if the error does not name the quota."""
    documented, less = _DOCUMENTED.get(kind_of(method), _DOCUMENTED["rest"])
    name = quota_named(message, details)
    if not name:
        wait = "wait a second" if "per second" in documented else "wait a minute"
        return f"probably {documented} is used up: {wait}, or {less}"
    spelled = name.lower().replace(" ", "")
    if _RATED.search(name) and not any(span in spelled for span in _REFILLS):
        return f"the quota '{name}' is used up, and waiting does not help: delete resources, or request more quota"
    waits = {"persecond": "wait a second", "perday": "wait until tomorrow"}
    wait = next((wait for span, wait in waits.items() if span in spelled), "wait a minute")
    return f"the quota '{name}' is used up: {wait}, or {less}"


def _names(message: str, details: list[dict[str, Any]]) -> Iterator[object]:
    for pattern in (_LIMIT, _METRIC):
        if found := pattern.search(message):
            yield found[1]
    for metadata in _metadata(details):
        yield metadata.get("quota_limit")
        yield metadata.get("quota_metric")
    for detail in details:
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                yield violation.get("description")


def _metadata(details: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [held for detail in details if isinstance(held := detail.get("metadata"), dict)]
