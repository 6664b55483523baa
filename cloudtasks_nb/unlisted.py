"""Groups everything that could not be listed by its reason, for errors and their cards. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAMED = 10
_REASONS = 10
_LONGEST = 160

_RESOURCE = re.compile(r"projects/[^\s\"'(),;]+")


def by_reason(not_listed: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names, and the reason that they share; reasons that differ only in the name of the resource are equal.

    >>> by_reason({"a": "403: no a", "b": "403: no a", "c": "400: no view"})
    [('a, b', '403: no a'), ('c', '400: no view')]
    """
    groups: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for name, reason in not_listed.items():
        shared = _RESOURCE.sub("", reason)
        groups.setdefault(shared, []).append(name)
        reasons.setdefault(shared, f"{reason[:_LONGEST]}…" if len(reason) > _LONGEST else reason)
    rows = [(_named(names), reasons[shared]) for shared, names in groups.items()]
    if len(rows) <= _REASONS:
        return rows
    others = [name for names in list(groups.values())[_REASONS:] for name in names]
    return [*rows[:_REASONS], (_named(others), "other reasons")]


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
