"""The content of each column head: values or bars, counting the tasks that pass the other filters. (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from ..model import Task
from ..query import Query
from ..query.grammar import Term
from ..query.masks import Mask, all_of
from .task_spread import Spread, spread_of
from .task_values import Value, values_of

VALUE_FIELDS = {
    "kind": "kind", "method": "method", "target": "url", "tag": "tag", "status": "code", "message": "message",
}  # fmt: skip
"""The query field of each column of values."""

SPREAD_FIELDS = {
    "schedule": "due", "created": "created", "attempts": "attempts", "last_attempt": "attempted",
}  # fmt: skip
"""The query field of each column of times or numbers."""

CHIPS = ("is", "code", "kind", "tag")
IN_HEAD = 3  # values listed; the rest is "others", if there are at least two more


class Matching(Struct, frozen=True):
    """The tasks, out of `count`, that match each field of a query, and all fields."""

    count: int
    by_field: dict[str, Mask]

    @property
    def mask(self) -> Mask:
        """The tasks that match."""
        return self.without("")

    def without(self, field: str) -> Mask:
        """The tasks that match all fields except one; "" excludes none."""
        found = all_of(self.count)
        for name, mask in self.by_field.items():
            if name != field or not field:
                found &= mask
        return found


class Heads:
    """Values and bars of the loaded tasks. They are computed once; their counts follow the query."""

    def __init__(self, tasks: Sequence[Task], now: datetime) -> None:
        self._tasks, self._now = tasks, now
        self._values: dict[str, list[Value]] = {}
        self._spreads: dict[str, Spread | None] = {}

    def at(self, now: datetime) -> None:
        """Set the time: scheduled tasks become due."""
        self._now = now
        self._values.pop("is", None)

    def values(self, field: str) -> list[Value]:
        """The most frequent values of a field."""
        if field not in self._values:
            self._values[field] = values_of(field, self._tasks, self._now)
        return self._values[field]

    def spread(self, field: str) -> Spread | None:
        """The bars of a field; None if no task has a value."""
        if field not in self._spreads:
            self._spreads[field] = spread_of(field, self._tasks)
        return self._spreads[field]

    def shown(self, columns: Sequence[str], query: Query, matching: Matching) -> list[dict[str, Any]]:
        """The heads of those columns that have a filter."""
        heads = (self._head(column, query, matching) for column in columns)
        return [head for head in heads if head is not None]

    def chips(self, columns: Sequence[str], query: Query, matching: Matching) -> list[dict[str, Any]]:
        """Filter values that no head of these columns shows."""
        below = {VALUE_FIELDS.get(column) for column in columns}
        return [
            {"field": field, **_counted(field, value, query, matching)}
            for field in CHIPS
            if self._tells(field)
            for value in self.values(field)[len(_in_head(self.values(field))) if field in below else 0 :]
        ]

    def offered(self) -> dict[str, str]:
        """Terms to suggest, each with its number of tasks."""
        return {
            str(Term(field, (value.value,))): f"{value.mask.bit_count():,}"
            for field in CHIPS
            if self._tells(field)
            for value in self.values(field)
        }

    def _tells(self, field: str) -> bool:
        """Whether the values of a field distinguish tasks."""
        values = self.values(field)
        if field == "code":
            return [value.value for value in values] != ["none"]
        return len(values) > (field == "kind")

    def _head(self, column: str, query: Query, matching: Matching) -> dict[str, Any] | None:
        if field := VALUE_FIELDS.get(column):
            return self._value_head(column, field, query, matching)
        if field := SPREAD_FIELDS.get(column):
            return self._spread_head(column, field, matching)
        return None

    def _value_head(self, column: str, field: str, query: Query, matching: Matching) -> dict[str, Any] | None:
        values = self.values(field)
        if not values:
            return None
        shown = _in_head(values)
        rest = all_of(matching.count)
        for value in shown:
            rest &= ~value.mask
        return {
            "column": column,
            "field": field,
            "look": "values",
            "values": [_counted(field, value, query, matching) for value in shown],
            "others": [rest.bit_count(), (rest & matching.without(field)).bit_count()],
        }

    def _spread_head(self, column: str, field: str, matching: Matching) -> dict[str, Any] | None:
        spread = self.spread(field)
        if spread is None:
            return None
        others, own = matching.without(field), matching.by_field.get(field)
        return {
            "column": column,
            "field": field,
            "look": "number" if field == "attempts" else "time",
            "edges": spread.edges,
            "all": [mask.bit_count() for mask in spread.masks],
            "counts": [(mask & others).bit_count() for mask in spread.masks],
            "on": [] if own is None else [bool(mask & own) for mask in spread.masks],
        }


def _in_head(values: list[Value]) -> list[Value]:
    return values if len(values) <= IN_HEAD + 1 else values[:IN_HEAD]


def _counted(field: str, value: Value, query: Query, matching: Matching) -> dict[str, Any]:
    return {
        "value": value.value,
        "label": value.label,
        "tone": value.tone,
        "all": value.mask.bit_count(),
        "count": (value.mask & matching.without(field)).bit_count(),
        "mode": query.mode(field, value.value),
    }
