"""The common parts of all plots: axes, readable colours, titles, and texts for missing data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from ..errors import ConfigError, MissingExtra
from ..visible import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Theme = Literal["light", "dark"]


class Paper(Struct, frozen=True):
    """The colours of one theme. Text and marks have the contrast that WCAG AA requires."""

    back: str
    ink: str
    dim: str
    line: str
    blue: str
    green: str
    amber: str
    red: str
    grey: str


PAPERS: dict[Theme, Paper] = {
    "light": Paper("#ffffff", "#1f2328", "#57606a", "#d8dce1", "#2f6db3", "#2b7d49", "#a8660d", "#b4302f", "#78818b"),
    "dark": Paper("#111111", "#e6e9ec", "#abb2bb", "#34393f", "#6fa8e8", "#64c088", "#e0a647", "#f0817a", "#8f98a3"),
}  # fmt: skip

HEIGHT_IN = 3.4
SUBTITLE = "subtitle"
"""Marks the second line of a title among the texts of axes."""
ROW_IN = 0.36


def axes(ax: Axes | None, theme: Theme | None, *, rows: int | None = None) -> tuple[Axes, Paper]:
    """The axes to draw into (those passed, or new ones, tall enough for `rows`), and the colours.

    The theme defaults to that of the axes that were passed, or of matplotlib's current style.

    Errors: MissingExtra without matplotlib, ConfigError for an unknown theme.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtra("A plot", "plot") from None
    if theme is not None and theme not in PAPERS:
        raise ConfigError(f"theme={theme!r} is unknown.", hint='use theme="light" or theme="dark"')
    given = ax
    if ax is None:
        height_in = HEIGHT_IN if rows is None else max(2.0, 1.2 + ROW_IN * rows)
        _, ax = plt.subplots(figsize=(7.2, height_in), dpi=110, layout="constrained")
    paper = PAPERS[theme or ("dark" if _is_dark(ax.get_facecolor()) else "light")]
    if given is None:
        ax.figure.set_facecolor(paper.back)
    _dress(ax, paper, recolour=given is None or theme is not None)
    return ax, paper


def say(ax: Axes, paper: Paper, words: str) -> None:
    """Write words in the middle of axes without data."""
    ax.text(
        0.5,
        0.5,
        words,
        transform=ax.transAxes,
        ha="center",
        va="center",
        color=paper.dim,
        fontsize=11,
        parse_math=False,
    )
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(visible=False)


def title(ax: Axes, paper: Paper, words: str, more: str = "") -> None:
    """Write a title at the left, with `more` as a second line."""
    ax.set_title(
        visible(words), loc="left", color=paper.ink, fontsize=11.5, pad=24 if more else 10, parse_math=False
    )
    if more:
        ax.annotate(
            visible(more), (0, 1), xycoords="axes fraction", xytext=(0, 8), textcoords="offset points",
            color=paper.dim, fontsize=9.5, parse_math=False, annotation_clip=False, gid=SUBTITLE,
        )  # fmt: skip


def label_bars(ax: Axes, paper: Paper, bars: Any, labels: Sequence[str]) -> None:
    """Write labels behind horizontal bars, on an axis of whole numbers with thousands separators."""
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    ax.bar_label(bars, labels, padding=6, color=paper.ink, fontsize=9.5)
    ax.set_xlim(0, max(1, *(bar.get_width() for bar in bars)) * 1.3)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.grid(visible=False, axis="y")


def _dress(ax: Axes, paper: Paper, *, recolour: bool) -> None:
    if recolour:
        ax.set_facecolor(paper.back)
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(paper.dim)
    ax.tick_params(colors=paper.dim, labelcolor=paper.ink, labelsize=9.5)
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set_color(paper.ink)
        axis.label.set_fontsize(10)
        axis.get_offset_text().set_color(paper.dim)
    ax.grid(visible=True, color=paper.line, linewidth=0.8)
    ax.set_axisbelow(True)


def _is_dark(colour: Any) -> bool:
    from matplotlib.colors import to_rgba

    red, green, blue, alpha = to_rgba(colour)
    return alpha > 0 and 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
