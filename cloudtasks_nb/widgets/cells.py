"""Converts rendered shapes to plain values for the page. All texts in them are already escaped and redacted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from ..model import Task
from ..render.json_tree import headers_section
from ..render.payload import payload_sections, raw_text
from ..render.queue import KIND_WORDS
from ..render.shapes import Cell, Image, Json, Node, Section, Table, Value, cells, muted
from ..render.task import task_facts
from ..visible import shown, visible_lines

Plain = dict[str, Any]


def instant(moment: datetime | None) -> str:
    """A time as ISO text for the page; "" for None."""
    return moment.isoformat() if moment is not None else ""


def plain(value: Value | datetime) -> list[Plain]:
    """A value as {"text", "title", "look", "tone"}; a time as {"time"}, which the page keeps up to date.

    An empty title and tone and a plain look are left out: most cells have only a text.
    As in cards, a point stands before muted text; badges have a shape and need none.

    >>> [cell["text"] for cell in plain([Cell("60 s ago"), muted("took 1 s")])]
    ['60 s ago', '·', 'took 1 s']
    """
    if isinstance(value, datetime):
        return [{"time": instant(value)}]
    parts = cells(value)
    apart = [False, *(one.look != "badge" and other.look == "muted" for one, other in pairwise(parts))]
    return [
        _cell(cell)
        for part, is_apart in zip(parts, apart, strict=True)
        for cell in ([muted("·"), part] if is_apart else [part])
    ]


def fact_list(values: Mapping[str, Value | datetime]) -> list[list[Any]]:
    """Pairs of capitalized label and value; absent values are left out."""
    known = ((label, value) for label, value in values.items() if value is not None and value != "")
    return [[label[:1].upper() + label[1:], plain(value)] for label, value in known]


def section(part: Section) -> Plain:
    """A section as {"summary", "open"}, and its body as "text", "tree", "rows" or "picture"."""
    held: Plain = {"summary": shown(part.summary), "open": part.open}
    match part.body:
        case Table() as table:
            rows: Sequence[Sequence[Value]] = table.rows
            held["rows"] = [[plain(value) for value in row] for row in rows]
            held["columns"] = list(table.columns)
        case Image() as image:
            held["picture"] = image.uri
            held["text"] = shown(image.text)
        case Json() as document:
            held["tree"] = tree(document.root)
        case text:
            held["text"] = visible_lines(text)
    return held


def tree(node: Node) -> Plain:
    """A JSON document for the page; rendering has already cut it and chosen the open branches."""
    return {
        "kind": node.kind,
        "text": visible_lines(node.text),
        "key": visible_lines(node.key),
        "note": node.note,
        "comma": node.comma,
        "open": node.open,
        "children": [tree(child) for child in node.children],
    }


def _cell(cell: Cell) -> Plain:
    more = {"title": shown(cell.title), "look": cell.look, "tone": cell.tone}
    return {
        "text": shown(cell.text),
        **{name: value for name, value in more.items() if value not in ("", "plain")},
    }


URL_LONGEST = 2_083
"""The longest URL that the API accepts."""


def task_detail(task: Task, now: datetime) -> dict[str, Any]:
    """The detail pane of a task that was read with view FULL. Times are relative to `now`."""
    return {
        "id": task.id,
        "kind": KIND_WORDS[task.kind],
        "can_run": task.kind != "pull",
        "facts": fact_list(task_facts(task, now, URL_LONGEST)),
        "headers": [section(part) for part in headers_section(task.headers)],
        "payload": _payload(task.payload),
    }


def _payload(data: bytes | None) -> dict[str, Any] | None:
    """The payload decoded, and as raw text where that differs."""
    if data is None:
        return None
    held, *inner = [section(part) for part in payload_sections(data)]
    raw = raw_text(data)
    return {**held, "raw": visible_lines(raw) if raw is not None else None, "inner": inner}
