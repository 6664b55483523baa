"""Plot of a forecast: when half, most and all of the waiting tasks will be done."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ..diagnosis.forecast_words import between, given_words, sentence
from ..render.values import counted, duration
from .paper import Paper, Theme, axes, say, title
from .schedule import BARS, step_s

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..diagnosis.forecast import Forecast

_DONE = {"all": "all", "most": "90 %", "half": "half"}
_BARS_PER_TICK = BARS / 5
_LEAST_WIDTH = 0.004  # of the axis, so that an interval of no length is visible


def draw_forecast(forecast: Forecast, *, ax: Axes | None = None, theme: Theme | None = None) -> Axes:
    """Intervals as bars over the time from now. Those of the unchanged queue are hatched."""
    ax, paper = axes(ax, theme, rows=4)
    shown = forecast.if_resumed or forecast
    title(
        ax, paper, f"{forecast.queue}: when {counted(forecast.waiting, 'task')} will be done", _more(forecast)
    )
    ax.set_xlabel("from now")
    if shown.all is None or not shown.waiting:
        say(ax, paper, sentence(shown))
        return ax
    before = forecast.as_it_is
    before = (before.if_resumed or before) if before is not None else None
    ends = [one.all[1].total_seconds() for one in (shown, before) if one is not None and one.all is not None]
    longest_s = max(*ends, 1e-3)
    _bars(ax, paper, shown, longest_s, is_before=False, beside=before is not None)
    if before is not None and before.all is not None:
        _bars(ax, paper, before, longest_s, is_before=True, beside=True)
    ax.set_yticks(range(len(_DONE)), list(_DONE.values()))
    ax.set_ylim(-0.6, len(_DONE) - 0.4)
    ax.set_xlim(0, longest_s * 1.45)
    _in_words(ax, longest_s)
    return ax


def _more(forecast: Forecast) -> str:
    if forecast.if_resumed is not None:
        return "if the queue is resumed now"
    if not forecast.given:
        return f"limited by the {forecast.limit}"
    return f"with {given_words(forecast)}; hatched: unchanged"


def _bars(
    ax: Axes, paper: Paper, forecast: Forecast, longest_s: float, *, is_before: bool, beside: bool
) -> None:
    height = 0.3 if beside else 0.5
    for place, name in enumerate(_DONE):
        interval = getattr(forecast, name)
        start_s, end_s = (end.total_seconds() for end in interval)
        width_s = max(end_s - start_s, _LEAST_WIDTH * longest_s)
        at = place + (0.17 * (-1 if is_before else 1) if beside else 0)
        [bar] = ax.barh(at, width_s, left=start_s, height=height, color=paper.blue)
        if is_before:
            bar.set(facecolor=paper.grey, hatch="///", edgecolor=paper.back)
        ax.annotate(
            between(interval),
            (start_s + width_s, at),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            color=paper.dim if is_before else paper.ink,
            fontsize=9,
        )


def _in_words(ax: Axes, longest_s: float) -> None:
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    ax.xaxis.set_major_locator(MultipleLocator(step_s(longest_s * _BARS_PER_TICK)))
    ax.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: duration(timedelta(seconds=round(max(0.0, float(value)), 3))))
    )
    ax.grid(visible=False, axis="y")
