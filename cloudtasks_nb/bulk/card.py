"""The card of a BulkResult."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..render import Card, Cell, Value
    from .result import BulkResult

_REASONS_SHOWN = 10


def card(result: BulkResult) -> Card:
    """Totals, the reasons of failures, and how to continue."""
    from ..render import Card, Table, code, muted, number
    from ..render.values import counted
    from .result import reason

    reasons, examples = result.reasons(), {reason(item): item for item in reversed(result.failed)}
    rows: list[list[Value]] = [
        [
            words.partition(": ")[0],
            words.partition(": ")[2],
            number(count),
            code(examples[words].name.rpartition("/")[2] or f"item {examples[words].index}"),
        ]
        for words, count in reasons[:_REASONS_SHOWN]
    ]
    rate = len(result) / result.elapsed_s if result.elapsed_s else 0
    left = result.not_tried_count
    return Card(
        f"{counted(result.done, 'task')} {result.verb.done}",
        kind="bulk result",
        badge=_badge(result),
        facts={
            "queue": code(result.queue.rpartition("/")[2], result.queue),
            "under new ids": f"{counted(result.renewed, 'task')}, because their own ids are still blocked"
            if result.renewed
            else None,
            "failed": result.failed_count or None,
            "not tried": (left if left is not None else "the rest of the input") if left != 0 else None,
            "arrived meanwhile": f"{counted(result.arrived, 'task')}, not purged" if result.arrived else None,
            "stopped by": result.stopped_by,
            "took": [f"{result.elapsed_s:,.3g} s", muted(f"{rate:,.0f} a second")],
            "tried again": result.repeated or None,
        },
        table=Table(
            columns=["status", "message", "tasks", "such as"], rows=rows, more=len(reasons) - len(rows)
        ),
        code=[
            "result.to_dataframe()",
            *([result.again] if result.again else []),
            *(["result.raise_for_errors()"] if not result.ok else []),
        ],
    )


def _badge(result: BulkResult) -> Cell:
    from ..render import badge

    if result.ok:
        return badge("all done", "ok")
    if result.not_tried_count != 0:
        return badge("ended early", "bad")
    return badge(f"{result.failed_count:,} failed", "bad" if result.done == 0 else "warn")
