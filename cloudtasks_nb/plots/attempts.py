"""How often tasks were tried, by how their last attempt ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..model import Status
from ..render.values import counted
from .paper import Paper, Theme, axes, counts_along, say, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOT_SENT, NO_ANSWER = "not sent yet", "no answer yet"


def draw_attempts(
    tried: Iterable[tuple[int, int, int | None]],
    *,
    queue_id: str,
    is_whole: bool = True,
    ax: Axes | None = None,
    theme: Theme | None = None,
) -> Axes:
    """Bars of attempts by outcome, from (attempts sent, answers, last code) of each task.

    The service keeps only the first and the last outcome of a task: all its attempts count for the last one.
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
    bars = ax.barh(
        outcomes,
        [attempts[outcome] for outcome in outcomes],
        color=[_colour(paper, outcome) for outcome in outcomes],
        height=0.62,
    )
    labels = [f"{attempts[outcome]:,}  ({counted(tasks[outcome], 'task')})" for outcome in outcomes]
    ax.bar_label(bars, labels, padding=6, color=paper.ink, fontsize=9.5)
    ax.set_xlim(0, max(*attempts.values(), 1) * 1.3)
    counts_along(ax)
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
    """The last attempt in one word: a google.rpc code, "no answer yet" or "not sent yet"."""
    if code is not None:
        return Status(code=code).code_name
    return NO_ANSWER if sent or answered else NOT_SENT


def _colour(paper: Paper, outcome: str) -> str:
    named = {"OK": paper.green, NOT_SENT: paper.grey, NO_ANSWER: paper.amber}
    return named.get(outcome, paper.red)
