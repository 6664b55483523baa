"""When tasks are due, as a histogram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ..render.values import counted, duration
from .paper import Paper, Theme, axes, say, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BARS = 48
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200),
    *(86_400 * days for days in (1, 2, 7, 14, 30)),
)


def draw_schedule(
    times: Sequence[datetime],
    *,
    queue_id: str,
    now: datetime,
    is_whole: bool = True,
    ax: Axes | None = None,
    theme: Theme | None = None,
) -> Axes:
    """A histogram of instants; bars before `now` are overdue and have another colour."""
    ax, paper = axes(ax, theme)
    ax.set_xlabel("due (UTC)")
    ax.set_ylabel("tasks")
    if not times:
        title(ax, paper, f"{queue_id}: when tasks are due")
        say(ax, paper, "no tasks are waiting")
        return ax
    first, last = min(*times, now), max(*times, now)
    step = timedelta(seconds=step_s((last - first).total_seconds()))
    behind, ahead = math.ceil((now - first) / step), math.floor((last - now) / step) + 1
    edges = [now + step * number for number in range(-behind, ahead + 1)]
    counts = _bars(ax, paper, times, edges, behind)
    ax.set_ylim(0, max(counts) * 1.15)
    ax.set_ylabel(f"tasks per {duration(step)}")
    _dates(ax)
    overdue = sum(time < now for time in times)
    which = "" if is_whole else "the first "
    more = f"{counted(overdue, 'task')} overdue (hatched)" if overdue else "0 tasks overdue"
    title(
        ax,
        paper,
        f"{queue_id}: when {which}{counted(len(times), 'task')} {'is' if len(times) == 1 else 'are'} due",
        more,
    )
    return ax


def _bars(
    ax: Axes, paper: Paper, times: Sequence[datetime], edges: Sequence[datetime], behind: int
) -> list[int]:
    """Draw the bars, the first `behind` of them as overdue, and a line at now. Returns their heights."""
    import numpy as np
    from matplotlib.dates import date2num

    places = date2num(edges)
    counts = np.histogram(date2num(times), places)[0].tolist()
    bars = ax.bar(
        places[:-1],
        counts,
        width=np.diff(places),
        align="edge",
        color=paper.blue,
        edgecolor=paper.back,
        linewidth=0.6,
    )
    for bar in list(bars)[:behind]:
        bar.set(facecolor=paper.amber, hatch="///")
    ax.axvline(places[behind], color=paper.ink, linewidth=1.2, linestyle=(0, (4, 3)))
    ax.annotate(" now", (places[behind], max(counts) * 1.14), color=paper.ink, fontsize=9.5, va="top")
    return [int(count) for count in counts]


def step_s(span_s: float) -> float:
    """The width of a bar: a round time, so that the span needs at most BARS bars."""
    return next(
        (step for step in _STEPS_S if span_s <= step * BARS), math.ceil(span_s / BARS / 86_400) * 86_400
    )


def _dates(ax: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.ticker import MaxNLocator

    locator = AutoDateLocator(tz=UTC, minticks=3, maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    ax.grid(visible=False, axis="x")
