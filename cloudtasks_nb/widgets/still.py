"""Renders each panel as a card or table, for terminals and saved notebooks. (pure)"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from ..history.lately import Failing
from ..model import Task
from ..render import Card, Cell, Section, Shape, Table, Value, badge, code, muted, queue_table, shape, text
from ..render.payload import preview
from ..render.queue import state_badge
from ..render.shapes import ROWS_SHOWN
from ..render.trend import sparks
from ..render.values import duration, exact, when
from ..visible import elided

if TYPE_CHECKING:
    from ..resources.queue import Queue
    from .lease_workbench import Held
    from .queue_monitor import Sample

SAMPLES_SHOWN = 12
SPARKS = 40


def queue_still(queue: Queue, now: datetime, counted: str, sections: Sequence[Section]) -> Card:
    """The card of a queue; `counted` is the number of tasks counted, if there are no estimates."""
    card = cast(Card, shape(queue, now))
    facts = {"tasks": counted or None, **card.facts}
    return Card(card.title, card.kind, card.badge, facts, sections=sections)


def gone_still(queue: Queue, kind: str) -> Card:
    """The card of a queue that does not exist."""
    return Card(queue.id, kind, badge("NOT FOUND", "bad"), {"location": f"{queue.location}, {queue.project}"})


def folded(title: str, found: Shape | None) -> list[Section]:
    """A folded section with another shape as text; empty for None."""
    return [Section(title, text(found))] if found is not None else []


def queues_still(
    queues: Sequence[Queue],
    counts: Mapping[str, int],
    lately: Mapping[str, Failing] | None,
    *,
    caption: str,
    now: datetime,
) -> Table:
    """The table of queues, with counted tasks and the failed attempts of the last hour, if known."""
    table = queue_table(queues, caption=caption, now=now)
    more: dict[str, list[Value]] = {}
    if counts:
        more["tasks (counted)"] = [counts.get(queue.name) for queue in queues]
    if lately is not None:
        more["failing, last hour"] = [_failing(lately.get(queue.name, Failing())) for queue in queues]
    rows = [
        [*row, *(values[at] for values in more.values())] for at, row in enumerate(table.rows[:ROWS_SHOWN])
    ]
    return Table(columns=[*table.columns, *more], rows=rows, caption=caption, more=table.more)


def _failing(lately: Failing) -> Value:
    if not lately.failed:
        return 0
    return Cell(f"{lately.failed:,} of {lately.attempts:,}", f"mostly {lately.mostly}")


def tasks_words(place: Mapping[str, Any], shown: int, selected: int) -> str:
    """Words for the tasks of a browser: page or all loaded, filter, order, and number selected."""
    whole = place["scope"] == "all" or (
        place["scope"] == "page" and place["number"] == 1 and not place["more"]
    )
    where = f"all {place['count']:,}" if whole else f"{place['count']:,} loaded"
    page = f"page {place['number']}, there are {'more' if place['more'] else 'no more'}"
    query = place["query"].strip()
    order = [f"{name[1:]} descending" if name.startswith("-") else name for name in place["sorting"]]
    words = [
        f"{shown:,} shown of {where}",
        "" if whole or place["scope"] != "page" else page,
        f"filter {query}" if query else "",
        f"by {', then '.join(order)}" if order else "",
        f"{selected:,} selected" if selected else "",
    ]
    return "; ".join(word for word in words if word)


def leases_still(all_held: Iterable[Held], *, caption: str, now: datetime) -> Table:
    """The table of leases: when each ends, and how those that ended were finished."""

    def row(held: Held) -> dict[str, Value]:
        task: Task = held.task
        is_over = held.state == "held" and (held.ends is None or held.ends <= now)
        return {
            "task": Cell(elided(task.id, 40), task.name),
            "tag": code(task.tag) if task.tag else None,
            "state": "expired" if is_over else held.state,
            "lease ends": when(held.ends, now) if held.state == "held" else held.note or None,
            "attempts": task.dispatch_count,
            "payload": code(preview(task.payload, 40)) if task.payload is not None else None,
        }

    leases = list(all_held)
    return Table.of(leases, row, caption=caption, footer=None if leases else "no leases here")


def samples_still(queue: Queue, samples: Sequence[Sample], before: Sequence[int | None], past: str) -> Card:
    """The newest samples, and the known depths of the queue; `before` has one per minute."""
    newest = samples[: -SAMPLES_SHOWN - 1 : -1]
    depths = [depth for depth in [*before, *(one.tasks_count for one in samples)] if depth is not None]
    line = sparks(depths, SPARKS)
    return Card(
        queue.id,
        kind="monitor",
        badge=state_badge(queue.state),
        facts={
            "location": f"{queue.location}, {queue.project}",
            "tasks over time": f"{line} at most {max(depths):,}" if depths else None,
            "the hour before": past or None,
            "samples": len(samples),
        },
        table=Table.of(newest, _sample_row, caption="The newest samples"),
    )


def _sample_row(sample: Sample) -> dict[str, Value]:
    age_s = sample.oldest_age_s
    return {
        "time": Cell(f"{sample.time:%H:%M:%S}", exact(sample.time)),
        "tasks": sample.tasks_count,
        "executed, last minute": sample.executed_last_minute_count,
        "oldest age": duration(timedelta(seconds=round(age_s))) if age_s is not None else None,
    }


def access_still(
    queue: Queue, rows: Sequence[Mapping[str, Any]], who: Mapping[str, Any], checked: Mapping[str, Any]
) -> Card:
    """The bindings with drafted changes, the abilities of each member, and the caller's permissions."""

    def binding(row: Mapping[str, Any]) -> dict[str, Value]:
        mark = {"added": badge("to be added", "ok"), "removed": badge("to be removed", "bad")}
        return {
            "member": row["member"],
            "role": row["role"],
            "condition": row["condition"] or None,
            "change": mark.get(row["mark"]),
        }

    table = Table.of(rows, binding, caption="Bindings of the queue's own policy")
    able = [[one["member"], *one["cells"], ", ".join(one["others"]) or None] for one in who["members"]]
    may = [
        [name, "yes" if is_held else "no", roles or None] for name, is_held, roles in checked.get("rows", [])
    ]
    sections = [
        Section(
            "What each member may do, by this queue's policy",
            _grid(["member", *who["abilities"], "other roles"], able),
        ),
        Section(
            f"What {checked.get('identity', 'you')} may do",
            _grid(["permission", "held", "roles that include it"], may),
        ),
    ]
    return Card(
        queue.id,
        kind="access",
        facts={
            "location": f"{queue.location}, {queue.project}",
            "bindings": None if rows else muted("none: only the project's policy counts"),
        },
        table=table,
        sections=[part for part in sections if isinstance(part.body, Table) and part.body.rows],
    )


def _grid(columns: list[str], rows: list[list[Any]]) -> Table:
    return Table(columns=columns, rows=rows)
