"""The rows of the explorer: their cells, their form on the wire, and the tasks that they lead to. (pure)"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from ..history.lately import Failing
from ..query.masks import mask_of_flags
from ..render.queue import KIND_WORDS, state_badge
from .action import literal
from .cells import plain
from .task_reader import PAGE_SIZES

if TYPE_CHECKING:
    from ..resources.queue import Queue


Columns = dict[str, dict[str, Any]]
"""Values by the name of the column: `of` with the index of each row in `at`, or `of` for each row."""


def queue_row(queue: Queue, count: int | None = None) -> dict[str, Any]:
    """One row of the table; `count` is the number of tasks counted, if there are no estimates."""
    stats, limits = queue.stats, queue.rate_limits
    oldest = stats.oldest_estimated_arrival_time if stats else None
    return {
        "name": queue.name,
        "id": queue.id,
        "location": queue.location,
        "kind": KIND_WORDS[queue.kind],
        "state": queue.state,
        "badge": plain(state_badge(queue.state)),
        "depth": int(stats.tasks_count) if stats else count,
        "oldest": int(oldest.timestamp()) if oldest else None,
        "rate": limits.max_tasks_dispatched_per_second if limits and queue.kind != "pull" else None,
    }


def columns_of(rows: Sequence[dict[str, Any]]) -> Columns:
    """Rows as columns for the page, with repeated values only once. `rows.js` reads them.

    Names are left out, because the page derives them from location and id. Source: 2,000 queues took 676 kB as rows,
    and take 100 kB as columns.

    >>> columns_of([{"name": "…/a", "id": "a", "state": "RUNNING"}, {"name": "…/b", "id": "b", "state": "RUNNING"}])
    {'id': {'of': ['a', 'b']}, 'state': {'of': ['RUNNING']}}
    """
    names = [name for name in rows[0] if name != "name"] if rows else []
    return {name: _column([row[name] for row in rows]) for name in names}


def ticks_of(rows: Sequence[dict[str, Any]], ticked: Container[str]) -> str:
    """One bit for each row, as hexadecimal digits: the last bit is that of the first row. `rows.js` reads them.

    >>> ticks_of([{"name": "a"}, {"name": "b"}, {"name": "c"}], {"b", "c"})
    '6'
    """
    return f"{mask_of_flags(bytes(row['name'] in ticked for row in rows)):x}"


def _column(values: list[Any]) -> dict[str, Any]:
    place = {repr(value): at for at, value in enumerate(values)}  # a badge is a list, which cannot be a key
    if len(place) == 1:
        return {"of": values[:1]}
    if 2 * len(place) > len(values):
        return {"of": values}
    places = {key: at for at, key in enumerate(place)}
    return {"of": [values[at] for at in place.values()], "at": [places[repr(value)] for value in values]}


def failing_cells(lately: Failing | None) -> dict[str, Any]:
    """The cells about failed attempts; None if they are unknown."""
    if lately is None:
        return {"failed": None, "attempts": None, "mostly": "", "of": ""}
    return {"failed": lately.failed, "attempts": lately.attempts, "mostly": lately.mostly, "of": lately.of}


def browse_options(query: str) -> dict[str, Any]:
    """The options that search tasks in a whole queue: the largest page size."""
    return {"query": query, "page_size": PAGE_SIZES[-1]}


def browsing(query: str) -> str:
    """The same options as Python arguments."""
    return ", ".join(f"{name}={literal(value)}" for name, value in browse_options(query).items())
