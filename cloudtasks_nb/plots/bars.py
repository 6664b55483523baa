"""How many tasks each queue holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..model import Queue, Status
from ..render.values import counted
from ..visible import elided, visible
from .paper import Theme, axes, label_bars, say, title

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

    Uses `depths`, which were counted, or else the service's estimates.
    """
    held = {
        id(queue): depth
        for queue, depth in zip(
            queues,
            depths or [int(queue.stats.tasks_count) if queue.stats else 0 for queue in queues],
            strict=True,
        )
    }

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
    label_bars(ax, paper, bars, marks)
    total = counted(sum(held.values()), "task")
    cut = f", the deepest {QUEUES_SHOWN}" if len(queues) > QUEUES_SHOWN else ""
    title(
        ax,
        paper,
        f"{place}: {total} in {counted(len(queues), 'queue')}{cut}",
        "estimated by the service" if depths is None else "counted",
    )
    return ax


NOT_SENT, NO_ANSWER = "not sent yet", "no response yet"


def draw_attempts(
    tried: Iterable[tuple[int, int, int | None]],
    *,
    queue_id: str,
    is_whole: bool = True,
    ax: Axes | None = None,
    theme: Theme | None = None,
) -> Axes:
    """Bars of attempts by outcome, from (attempts sent, responses, last code) of each task.

    The service keeps only the first and the last outcome of a task, so all its attempts count for the last one.
    """
    attempts: Counter[str] = Counter()
    tasks: Counter[str] = Counter()
    for sent, answered, code in tried:
        outcome = outcome_of(sent, answered, code)
        attempts[outcome] += sent
        tasks[outcome] += 1
    outcomes = sorted(tasks, key=lambda outcome: (attempts[outcome], tasks[outcome]))
    ax, paper = axes(ax, theme, rows=len(outcomes))
    ax.set_xlabel("attempts")
    ax.set_ylabel("last outcome")
    if not outcomes:
        title(ax, paper, f"{queue_id}: attempts by last outcome")
        say(ax, paper, "no tasks are waiting")
        return ax
    colours = {"OK": paper.green, NOT_SENT: paper.grey, NO_ANSWER: paper.amber}
    bars = ax.barh(
        outcomes,
        [attempts[outcome] for outcome in outcomes],
        color=[colours.get(outcome, paper.red) for outcome in outcomes],
        height=0.62,
    )
    labels = [f"{attempts[outcome]:,}  ({counted(tasks[outcome], 'task')})" for outcome in outcomes]
    label_bars(ax, paper, bars, labels)
    which = "" if is_whole else "the first "
    waiting = f"{which}{counted(sum(tasks.values()), 'waiting task')}"
    title(
        ax,
        paper,
        f"{queue_id}: {counted(sum(attempts.values()), 'attempt')} by last outcome",
        f"of {waiting}, each by its last outcome",
    )
    return ax


def outcome_of(sent: int, answered: int, code: int | None) -> str:
    """The last outcome: a google.rpc code, "no response yet" or "not sent yet"."""
    if code is not None:
        return Status(code=code).code_name
    return NO_ANSWER if sent or answered else NOT_SENT
