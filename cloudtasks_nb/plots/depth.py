"""How many tasks each queue holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..model import Queue
from ..render.values import counted
from ..render.visible import elided, visible
from .paper import Theme, axes, counts_along, say, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUEUES_SHOWN = 40


def draw_depth(
    queues: Sequence[Queue],
    *,
    place: str,
    depths: Sequence[int] | None = None,
    ax: Axes | None = None,
    theme: Theme | None = None,
) -> Axes:
    """Bars of how many tasks each queue holds, the deepest on top; paused queues are hatched.

    The numbers are `depths`, which were counted, or else the service's estimates.
    """
    held = {id(queue): depth for queue, depth in zip(queues, depths or map(_estimate, queues), strict=True)}

    def depth_of(queue: Queue) -> int:
        return held[id(queue)]

    deepest = sorted(queues, key=depth_of, reverse=True)[:QUEUES_SHOWN][::-1]
    ax, paper = axes(ax, theme, rows=len(deepest))
    ax.set_xlabel("tasks (estimate)" if depths is None else "tasks")
    ax.set_ylabel("queue")
    if not deepest:
        title(ax, paper, f"{place}: tasks per queue")
        say(ax, paper, "there are no queues")
        return ax
    several = len({queue.location for queue in deepest}) > 1
    labels = [
        visible(elided(f"{queue.location}/{queue.id}" if several else queue.id, 36)) for queue in deepest
    ]
    bars = ax.barh(range(len(deepest)), [depth_of(queue) for queue in deepest], color=paper.blue, height=0.62)
    ax.set_yticks(range(len(deepest)), labels, parse_math=False)
    for bar, queue in zip(bars, deepest, strict=True):
        if queue.state == "PAUSED":
            bar.set(facecolor=paper.amber, hatch="///", edgecolor=paper.back)
    marks = [f"{depth_of(queue):,}" + f"  {queue.state}" * (queue.state != "RUNNING") for queue in deepest]
    ax.bar_label(bars, marks, padding=6, color=paper.ink, fontsize=9.5)
    ax.set_xlim(0, max(1, *map(depth_of, deepest)) * 1.25)
    counts_along(ax)
    total = counted(sum(held.values()), "task")
    cut = f", the deepest {QUEUES_SHOWN}" if len(queues) > QUEUES_SHOWN else ""
    title(
        ax,
        paper,
        f"{place}: {total} in {counted(len(queues), 'queue')}{cut}",
        "as the service estimates" if depths is None else "counted",
    )
    return ax


def _estimate(queue: Queue) -> int:
    return int(queue.stats.tasks_count) if queue.stats is not None else 0
