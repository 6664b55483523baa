"""The delay before each retry."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..model import RetryConfig
from ..render.queue import retry_words
from ..render.values import duration
from .paper import Theme, axes, say, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RETRIES_SHOWN = 100
RETRIES_WITHOUT_LIMIT = 24
_TICKS_S = (
    *(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 60, 300, 900),
    *(3_600, 10_800, 43_200, 86_400, 604_800, 2_592_000),
)
_TICKS_SHOWN = 7
_LOG_FROM = 20
"""The axis is logarithmic if the delays differ by at least this factor."""


def draw_backoff(
    retry: RetryConfig, *, name: str = "Retry settings", ax: Axes | None = None, theme: Theme | None = None
) -> Axes:
    """The delay before each retry of a task that keeps failing, and the total time of the retries."""
    ax, paper = axes(ax, theme)
    title(ax, paper, f"{name}: delay before each retry", retry_words(retry))
    ax.set_xlabel("retry")
    ax.set_ylabel("delay")
    delays_s = [delay.total_seconds() for delay in islice(retry.delays(), RETRIES_SHOWN + 1)]
    more, delays_s = len(delays_s) > RETRIES_SHOWN, delays_s[: _shown(retry, len(delays_s))]
    if not delays_s or not retry.min_backoff:
        say(ax, paper, "no retries" if retry.max_attempts == 1 else "no delays are set")
        return ax
    retries = range(1, len(delays_s) + 1)
    ax.plot(retries, delays_s, color=paper.blue, linewidth=1.6, marker="o", markersize=4)
    _scale(ax, delays_s)
    ax.set_xlim(0.5, max(len(delays_s), 2) + 0.5)
    count = "1 retry" if len(delays_s) == 1 else f"{len(delays_s)} retries"
    words = f"{count} in {duration(timedelta(seconds=sum(delays_s)))}"
    ax.annotate(
        words + ", and so on" * more,
        (1, 0),  # delays never fall, so this corner is free
        xycoords="axes fraction",
        xytext=(-8, 8),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=paper.ink,
        fontsize=9.5,
    )
    return ax


def _shown(retry: RetryConfig, count: int) -> int:
    """How many retries are drawn. Of endless retries, only enough to show how they continue."""
    ends = count <= RETRIES_SHOWN or (retry.max_attempts is not None and not retry.unlimited_attempts)
    return RETRIES_SHOWN if ends else RETRIES_WITHOUT_LIMIT


def _scale(ax: Any, delays_s: list[float]) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=10))
    in_words = FuncFormatter(lambda value, _: duration(timedelta(seconds=round(float(value), 6))))
    if max(delays_s) < _LOG_FROM * min(delays_s):
        ax.set_ylim(0, max(delays_s) * 1.15)
        ax.yaxis.set_major_formatter(in_words)
        return
    ax.set_yscale("log")
    low, high = min(delays_s) * 0.7, max(delays_s) * 1.6
    ticks = [tick for tick in _TICKS_S if low <= tick <= high]
    ax.set_yticks(ticks[:: -1 - len(ticks) // (_TICKS_SHOWN + 1)])
    ax.yaxis.set_major_formatter(in_words)
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_ylim(low, high)
