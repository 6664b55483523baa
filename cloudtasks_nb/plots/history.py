"""Plot of a queue's past: attempts by outcome, depth, and the delay of attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..model.queue import RateLimits
from ..render.values import duration
from .paper import Paper, Theme, axes, say, title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..history.measures import Metrics

SIZE_IN = (8.2, 6.4)
_LIMIT_WITHIN = 8
"""The limit is drawn if it is at most this many times the largest value; else the plot would be flat."""

Points = Mapping[datetime, float]


def draw_history(
    metrics: Metrics,
    *,
    queue_id: str,
    limits: RateLimits | None = None,
    ax: Axes | None = None,
    theme: Theme | None = None,
) -> Axes:
    """Three plots over one time axis: attempts per second by outcome, depth, delays. Returns the first axes.

    Errors: ConfigError when axes are passed.
    """
    if ax is not None:
        raise ConfigError("The history is drawn on three axes; one was given.", hint="call draw() without ax")
    first, paper, rest = _sheet(theme)
    depth, delay = rest
    step_s = metrics.step / timedelta(seconds=1)
    rates = {
        code: {time: count / step_s for time, count in points.items()}
        for code, points in metrics.of("attempts").items()
    }
    title(first, paper, f"{queue_id}: what happened", _words(metrics))
    _attempts(first, paper, rates, metrics.step)
    _limit(first, paper, limits.max_tasks_dispatched_per_second if limits else None, _highest(rates))
    first.margins(y=0.2)  # room for the legend above the bars
    _depth(depth, paper, metrics.of("depth"), metrics.step)
    _delays(delay, paper, metrics)
    for one, name in ((first, "attempts / s"), (depth, "tasks"), (delay, "delay, s")):
        one.set_ylabel(name)
        one.set_xlim(metrics.since, metrics.until)  # type: ignore[arg-type]
        _legend(one, paper)
    _times(delay)
    return first


def _sheet(theme: Theme | None) -> tuple[Axes, Paper, list[Axes]]:
    """Three axes below one another, in one style."""
    blank, paper = axes(None, theme)  # raises MissingExtra without matplotlib
    figure: Any = blank.figure
    figure.clear()
    figure.set_size_inches(*SIZE_IN)
    made = figure.subplots(3, 1, sharex=True, height_ratios=[3, 2, 2])
    for ax in made:
        axes(ax, theme or ("dark" if paper.back != "#ffffff" else "light"))
    return made[0], paper, list(made[1:])


def _words(metrics: Metrics) -> str:
    return f"{metrics.since:%d %b %H:%M} to {metrics.until:%d %b %H:%M} UTC, in steps of {duration(metrics.step)}"


def _attempts(ax: Any, paper: Paper, rates: Mapping[str, Points], step: timedelta) -> None:
    if not _highest(rates):
        say(ax, paper, "no attempts")
        return
    foot: dict[datetime, float] = {}
    codes = sorted(rates, key=lambda code: (code != "OK", -sum(rates[code].values())))
    colours = iter(_failures(paper))
    for code in codes:
        points = rates[code]
        colour = paper.blue if code == "OK" else next(colours, paper.grey)
        times = list(points)
        bottoms = [foot.get(time, 0.0) for time in times]
        ax.bar(
            times, list(points.values()), width=step, bottom=bottoms, align="edge", color=colour, label=code,
            linewidth=0,
        )  # fmt: skip
        foot |= {time: foot.get(time, 0.0) + value for time, value in points.items()}


def _failures(paper: Paper) -> Sequence[str]:
    return (paper.red, paper.amber, paper.grey, paper.green)


def _limit(ax: Any, paper: Paper, rate: float | None, highest: float) -> None:
    """The queue's rate limit, if it is close enough to the values."""
    if rate and highest and rate <= _LIMIT_WITHIN * highest:
        ax.axhline(rate, color=paper.ink, linewidth=1, linestyle="--", label=f"limit {rate:g}/s")


def _highest(rates: Mapping[str, Points]) -> float:
    """The most attempts per second, of all outcomes together."""
    totals: dict[datetime, float] = {}
    for points in rates.values():
        for time, value in points.items():
            totals[time] = totals.get(time, 0.0) + value
    return max(totals.values(), default=0.0)


def _depth(ax: Any, paper: Paper, depths: Mapping[str, Points], step: timedelta) -> None:
    points = depths.get("", {})
    if not points:
        say(ax, paper, "the depth is unknown")
        return
    times = list(points)
    ax.fill_between(times, list(points.values()), step="post", color=paper.blue, alpha=0.25, linewidth=0)
    ax.step(times, list(points.values()), where="post", color=paper.blue, linewidth=1.4, label="depth")
    ax.set_ylim(bottom=0)


def _delays(ax: Any, paper: Paper, metrics: Metrics) -> None:
    colours = {"50": paper.green, "95": paper.amber, "99": paper.red}
    drawn = False
    for percent, colour in colours.items():
        points = metrics.of(f"delay_p{percent}_s").get("", {})
        drawn = drawn or bool(points)
        times, values = _with_gaps(points, metrics.step)
        ax.plot(
            times, values, color=colour, linewidth=1.3, marker="o", markersize=3,
            label=f"{percent} %",
        )  # fmt: skip
    if not drawn:
        say(ax, paper, "the delays are unknown")
    else:
        ax.set_ylim(bottom=0)


def _with_gaps(points: Points, step: timedelta) -> tuple[list[datetime], list[float]]:
    """The points, with a gap between distant ones: no line crosses time without attempts."""
    times: list[datetime] = []
    values: list[float] = []
    for time, value in points.items():
        if times and time - times[-1] > step:
            times.append(times[-1] + step)
            values.append(float("nan"))
        times.append(time)
        values.append(value)
    return times, values


def _legend(ax: Any, paper: Paper) -> None:
    if ax.get_legend_handles_labels()[1]:
        ax.legend(
            loc="upper left", frameon=True, framealpha=0.85, facecolor=paper.back, edgecolor=paper.line,
            labelcolor=paper.ink, fontsize=8.5, ncols=4,
        )  # fmt: skip


def _times(ax: Any) -> None:
    from datetime import UTC

    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(tz=UTC)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))
