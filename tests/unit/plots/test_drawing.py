"""Plots show all their data with labels, and are readable in light and dark."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import matplotlib as mpl
import pytest

from cloudtasks_nb.installation import install_command

mpl.use("agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

import cloudtasks_nb as ct
from cloudtasks_nb.plots.backoff import draw_backoff
from cloudtasks_nb.plots.bars import draw_attempts, draw_depth
from cloudtasks_nb.plots.paper import PAPERS
from cloudtasks_nb.plots.schedule import BARS, draw_schedule, step_s
from tests.specimens import NOW, queue, stats

TIMES = [NOW + timedelta(seconds=37 * n) for n in range(-20, 80)]
TRIED = [(0, 0, None)] * 3 + [(4, 4, 14)] * 2 + [(1, 0, None), (1, 1, 0)]
QUEUES = [
    queue("emails", stats=stats(18_234)),
    queue("slow", state="PAUSED", stats=stats(940)),
    queue("idle", stats=stats(0)),
]
RETRY = ct.RetryConfig(max_attempts=100, min_backoff=0.1, max_backoff=3600, max_doublings=16)
PICTURES: dict[str, Callable[..., Axes]] = {
    "schedule": lambda **how: draw_schedule(TIMES, queue_id="emails", now=NOW, **how),
    "schedule of none": lambda **how: draw_schedule([], queue_id="emails", now=NOW, **how),
    "schedule of one": lambda **how: draw_schedule([NOW], queue_id="emails", now=NOW, **how),
    "attempts": lambda **how: draw_attempts(TRIED, queue_id="emails", **how),
    "attempts of none": lambda **how: draw_attempts([], queue_id="emails", **how),
    "backoff": lambda **how: draw_backoff(RETRY, name="emails", **how),
    "backoff without": lambda **how: draw_backoff(ct.RetryConfig(), **how),
    "depth": lambda **how: draw_depth(QUEUES, place="us-central1", **how),
    "depth of none": lambda **how: draw_depth([], place="us-central1", **how),
}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def luminance(colour: Any) -> float:
    channels = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgba(colour)[:3]]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one: Any, other: Any) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def words(ax: Axes) -> str:
    texts = [*ax.texts, *ax.get_yticklabels(), ax.title, ax._left_title]  # type: ignore[attr-defined]
    return "\n".join(text.get_text() for text in texts)


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("theme", PAPERS)
def test_every_word_and_mark_can_be_read(picture: str, theme: str) -> None:
    """WCAG AA: 4.5 for words, 3 for marks."""
    ax = PICTURES[picture](theme=theme)
    ax.figure.canvas.draw()
    back = ax.get_facecolor()
    assert ax.figure.get_facecolor() == back
    labels = [
        *ax.get_xticklabels(),
        *ax.get_yticklabels(),
        ax.xaxis.label,
        ax.yaxis.label,
        ax._left_title,
        *ax.texts,
    ]  # type: ignore[attr-defined]
    for label in labels:
        assert contrast(label.get_color(), back) >= 4.5, label
    for mark in [*(bar.get_facecolor() for bar in ax.patches), *(line.get_color() for line in ax.lines)]:
        assert contrast(mark, back) >= 3, mark


@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_has_a_title_and_says_what_its_axes_are(picture: str) -> None:
    ax = PICTURES[picture]()
    assert isinstance(ax, Axes)
    assert ax.get_title(loc="left")
    assert ax.get_xlabel()
    assert ax.get_ylabel()


@pytest.mark.parametrize("picture", PICTURES)
def test_axes_that_are_passed_are_drawn_into_and_returned(picture: str) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    before = figure.get_facecolor()
    assert PICTURES[picture](ax=right) is right
    assert not left.has_data()
    assert figure.get_facecolor() == before
    assert figure.axes == [left, right]


def test_the_style_of_matplotlib_is_followed() -> None:
    with plt.style.context("dark_background"):
        assert PICTURES["depth"]().figure.get_facecolor() == to_rgba(PAPERS["dark"].back)
        assert PICTURES["depth"](theme="light").figure.get_facecolor() == to_rgba(PAPERS["light"].back)
    assert PICTURES["depth"]().figure.get_facecolor() == to_rgba(PAPERS["light"].back)


def test_every_task_stands_in_a_bar_and_overdue_ones_are_told_apart() -> None:
    ax = PICTURES["schedule"]()
    bars = [(bar.get_height(), bar.get_hatch()) for bar in ax.patches]
    assert sum(height for height, _ in bars) == len(TIMES)
    assert sum(height for height, hatch in bars if hatch) == 20
    assert "when 100 tasks are due" in words(ax)
    assert "20 tasks overdue" in words(ax)
    assert ax.get_ylabel() == "tasks per 2 min"


def test_a_picture_of_the_first_tasks_says_so() -> None:
    ax = draw_schedule(TIMES, queue_id="emails", now=NOW, is_whole=False)
    assert "when the first 100 tasks are due" in words(ax)
    assert "the first 7 waiting tasks" in words(draw_attempts(TRIED, queue_id="emails", is_whole=False))


@pytest.mark.parametrize("span_s", [0, 1, 59, 3_600, 86_400, 40 * 86_400, 5_000 * 86_400])
def test_bars_are_round_times_and_not_too_many(span_s: float) -> None:
    assert span_s / step_s(span_s) <= BARS


def test_attempts_count_for_the_last_outcome() -> None:
    ax = PICTURES["attempts"]()
    drawn = {
        label.get_text(): bar.get_width() for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)
    }
    assert drawn == {"UNAVAILABLE": 8, "OK": 1, "no response yet": 1, "not sent yet": 0}
    assert "8  (2 tasks)" in words(ax)
    assert "0  (3 tasks)" in words(ax)


def test_the_backoff_curve_is_the_one_of_the_retry_settings() -> None:
    (line,) = PICTURES["backoff"]().lines
    assert len(line.get_xdata()) == 99  # the first attempt is not a retry
    assert list(line.get_ydata())[:3] == pytest.approx([0.1, 0.2, 0.4])
    assert max(line.get_ydata()) == 3_600


@pytest.mark.parametrize(
    ("shortest", "longest", "tick"), [(0.1, 3_600, "1 h"), (0.1, 1, "0.2 s"), (10, 300, "30 s")]
)
def test_backoff_axes_are_in_units_of_time(shortest: float, longest: float, tick: str) -> None:
    ax = (
        ct.RetryConfig(max_attempts=30, min_backoff=shortest, max_backoff=longest, max_doublings=16)
        .plot()
        .draw()
    )
    ax.figure.canvas.draw()
    assert tick in words(ax).splitlines()


@pytest.mark.parametrize(
    ("retry", "said"),
    [
        (ct.RetryConfig(max_attempts=1, min_backoff=1), "no retries"),
        (ct.RetryConfig(), "no delays are set"),
        (ct.RetryConfig(unlimited_attempts=True, min_backoff=10, max_backoff=10), "24 retries in 4 min, and so on"),
        (ct.RetryConfig(max_attempts=2, min_backoff=10, max_backoff=10), "1 retry in 10 s"),
        (ct.RetryConfig(unlimited_attempts=True, min_backoff=10, max_backoff=10, max_retry_duration=40),
         "4 retries in 40 s"),
        (ct.RetryConfig(max_attempts=2, min_backoff=10, max_backoff=10, max_retry_duration=40), "4 retries in 40 s"),
        (ct.RetryConfig(max_attempts=6, min_backoff=10, max_backoff=10, max_retry_duration=40), "5 retries in 50 s"),
    ],
)  # fmt: skip
def test_retries_that_never_come_or_never_end(retry: ct.RetryConfig, said: str) -> None:
    assert said in words(retry.plot().draw()).splitlines()


def test_depths_are_sorted_and_paused_queues_named() -> None:
    ax = PICTURES["depth"]()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["idle", "slow", "emails"]
    assert "940  PAUSED" in words(ax)
    assert "19,174 tasks in 3 queues" in words(ax)


def test_names_are_no_formulas() -> None:
    ax = draw_depth([queue("emails", stats=stats(1))], place=r"$\frac{1}{2}$ \u202e")
    ax.figure.canvas.draw()
    assert r"$\frac{1}{2}$" in words(ax)


def test_a_picture_shows_itself_for_light_and_for_dark_pages_and_leaves_no_figure_open() -> None:
    picture = RETRY.plot()
    html = picture._repr_html_()
    (light, dark) = re.findall(r"<img [^>]+>", html)
    assert "display:none" in dark and "display" not in light  # also if the style sheet is removed
    assert light.split('src="')[1].split('"')[0] != dark.split('src="')[1].split('"')[0]
    assert 'alt="Retry settings: delay before each retry, ' in light
    assert html == picture._repr_html_()
    assert str(picture).startswith("Retry settings: delay before each retry, ")
    assert plt.get_fignums() == []
    assert len(html) < 40_000


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(ct.ConfigError, match="blue"):
        ct.RetryConfig().plot().draw(theme="blue")  # type: ignore[arg-type]


def test_without_matplotlib_the_error_says_what_to_install() -> None:
    code = """
import sys
sys.modules["matplotlib"] = None
import cloudtasks_nb as ct
try:
    ct.RetryConfig().plot()
except ct.MissingExtra as error:
    print(error.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == install_command("plot") + "\n"
