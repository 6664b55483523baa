"""Shapes as plain text for terminals: aligned with tabulate, at most 100 columns if possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from textwrap import fill, indent
from typing import TYPE_CHECKING, Any

from ..visible import elided, shown, visible_lines
from .dispatch import shape
from .shapes import Card, Cell, Image, Json, Section, Table, alignments, between
from .values import counted

if TYPE_CHECKING:
    from datetime import datetime

WIDTH = 100
LINES_SHOWN = 40


def text(obj: Any, now: datetime | None = None) -> str:
    """An object as plain text. Relative times count from `now`."""
    found: Any = shape(obj, now)
    match found:
        case Card():
            return _card(found)
        case Table():
            return _table(found)
    return shown(found.text)


def _card(card: Card) -> str:
    badge = f"[{shown(card.badge.text)}]" if card.badge else ""
    blocks = ["  ".join(part for part in (shown(card.title), shown(card.kind), badge) if part)]
    if card.lines():
        blocks.append(indent(_facts(card), "  "))
    if card.table is not None:
        blocks.append(indent(_table(card.table, fold=True), "  "))
    blocks += [_section(section) for section in card.sections]
    if card.code:
        blocks.append("  next: " + "  ".join(shown(line) for line in card.code))
    return "\n".join([*blocks, *([f"  {card.as_of}"] if card.as_of else [])])


def _facts(card: Card) -> str:
    facts = [(shown(label), _joined(value, _with_title)) for label, value in card.lines()]
    room = max(40, WIDTH - 4 - max(len(label) for label, _ in facts))
    return _aligned([(label, _folded(value, room)) for label, value in facts], ["left", "left"])


def _section(section: Section) -> str:
    if not section.body or (isinstance(section.body, Image) and section.body.text in section.summary):
        return f"  {shown(section.summary)}"
    if isinstance(section.body, Table):
        body = _table(section.body, fold=True)
    else:
        body = section.body.text if isinstance(section.body, Json | Image) else section.body
        lines = visible_lines(body).split("\n")
        cut = len(lines) - LINES_SHOWN
        body = "\n".join(lines[:LINES_SHOWN] + ([f"… {counted(cut, 'more line')}"] if cut > 0 else []))
    return f"  {shown(section.summary)}\n{indent(body, '    ')}"


def _table(table: Table, fold: bool = False) -> str:
    rows = table.body()
    written = [[_joined(value, lambda cell: shown(cell.text)) for value in row] for row in rows]
    blocks = [shown(table.caption)] if table.caption else []
    if rows:
        heads = [shown(column) for column in table.columns]
        fitted = _fitted(heads, written, fold)
        rules = [
            "-" * max(len(line) for value in column for line in value.split("\n"))
            for column in zip(heads, *fitted, strict=True)
        ]
        blocks.append(_aligned([heads, rules, *fitted], alignments(rows, len(heads))))
    closing = [*table.closing(), *([table.as_of] if table.as_of else [])]
    return "\n".join([*blocks, *(shown(line) for line in closing)])


def _joined(value: Sequence[Cell], write: Callable[[Cell], str]) -> str:
    return write(value[0]) + "".join(between(one, other) + write(other) for one, other in pairwise(value))


def _with_title(cell: Cell) -> str:
    return f"{shown(cell.text)} ({shown(cell.title)})" if cell.title else shown(cell.text)


def _fitted(heads: Sequence[str], rows: Sequence[Sequence[str]], fold: bool) -> list[list[str]]:
    """Rows with the widest columns elided (inside cards: folded) until a line is at most WIDTH wide."""
    floors = [len(head) for head in heads]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cap, room = max(widths), WIDTH - 4 * fold - 2 * (len(widths) - 1)
    while cap > 8 and sum(map(max, floors, (min(width, cap) for width in widths))) > room:
        cap -= 1
    fit = _folded if fold else elided
    return [[fit(value, cap) for value in row] for row in rows]


def _folded(value: str, width: int) -> str:
    return fill(value, width, break_long_words=False, break_on_hyphens=False)


def _aligned(rows: Sequence[Sequence[str]], align: Sequence[str]) -> str:
    from tabulate import tabulate

    written = tabulate(rows, tablefmt="plain", colalign=align, disable_numparse=True)
    return "\n".join(line.rstrip() for line in written.splitlines())
