"""Converts the card or table of a panel to plain values, which a saved notebook shows. (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..render.shapes import Card, Shape, Table, Value, alignments
from ..render.values import exact
from ..visible import shown
from .cells import fact_list, plain, section


def saved_view(shape: Shape, read_at: datetime | None) -> dict[str, Any]:
    """Plain values of a shape, and the time of the read, to which its times are relative."""
    card = shape if isinstance(shape, Card) else Card(shape.caption, table=shape)
    table = card.table
    return {
        "title": shown(card.title),
        "kind": shown(card.kind),
        "badge": plain(card.badge) if card.badge is not None else [],
        "facts": fact_list(card.facts),
        "table": _table(table) if table is not None else None,
        "closing": [shown(line) for line in table.closing()] if table is not None else [],
        "sections": [section(part) for part in card.sections],
        "read": exact(read_at.replace(microsecond=0)) if read_at is not None else "",
    }


def _table(table: Table) -> dict[str, Any]:
    body = table.body()
    rows: Sequence[Sequence[Value]] = body
    return {
        "columns": [shown(name) for name in table.columns],
        "rows": [[plain(value) for value in row] for row in rows],
        "align": alignments(body, len(table.columns)),
    }
