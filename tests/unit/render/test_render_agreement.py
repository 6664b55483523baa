"""HTML and text have the same content, in every notebook."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape

import pytest

from cloudtasks_nb import render
from cloudtasks_nb.model import Queue, Task
from cloudtasks_nb.shown import Shown

from .conftest import NOW, Everything, queues, tasks


def _words(text: str) -> set[str]:
    words = re.findall(r"[\w.:/@•…]+", text)
    return {word for word in words if "…" not in word}


def _words_of_html(html: str) -> set[str]:
    """Removes the counts of folded JSON, because text is never folded."""
    without_style = re.sub(
        r'<style>.*?</style>|<span class="ctnb-fold">[^<]*</span>', "", html, flags=re.DOTALL
    )
    titles = " ".join(re.findall(r'title="([^"]*)"', without_style))
    return _words(unescape(f"{re.sub(r'<[^>]*>', ' ', without_style)} {titles}"))


def test_html_and_text_hold_the_same_words(everything: Callable[[str], Everything]) -> None:
    for name, obj in everything("seven").items():
        assert not _words(render.text(obj, NOW)) - _words_of_html(render.html(obj, NOW)), name
        if not isinstance(obj, render.Table):  # a text table has no hover
            assert not _words_of_html(render.html(obj, NOW)) - _words(render.text(obj, NOW)), name


def test_the_same_object_gives_the_same_bytes(everything: Callable[[str], Everything]) -> None:
    first = [render.html(obj, NOW) for obj in everything("seven").values()]
    assert first == [render.html(obj, NOW) for obj in everything("seven").values()]


def test_text_lines_fit_a_terminal() -> None:
    for shape in (
        render.task_table(tasks("a-rather-long-text-" * 9, count=1), caption="Tasks", now=NOW),
        render.queue_table(queues("long" * 20), caption="Queues", now=NOW),
    ):
        assert max(map(len, render.text(shape).splitlines())) <= 100


@pytest.mark.parametrize("table_of", ["tasks", "queues"])
def test_a_thousand_rows_stay_small_and_are_counted(table_of: str) -> None:
    if table_of == "tasks":
        listed = tasks("https://example.com/" + "long" * 30, count=1000)
        table = render.task_table(listed, caption="Tasks", footer="more pages", now=NOW)
    else:
        table = render.queue_table(queues() * 334, caption="Queues", footer="more pages", now=NOW)
    html, text = render.html(table), render.text(table)
    assert len(html.encode()) < 100_000
    assert html.count("<tr") == 51
    assert re.search(r"95[02] more rows", html)
    assert re.search(r"95[02] more rows", text)
    assert "more pages" in html


def test_a_plain_table_is_cut_too() -> None:
    table = render.Table(columns=["n"], rows=[[n] for n in range(60)], caption="Numbers")
    assert "10 more rows" in render.text(table)
    assert "10 more rows" in render.html(table)


def test_styles_stay_in_their_own_corner() -> None:
    sheet = render.style_sheet()
    assert len(sheet) < 3_000
    selectors = re.findall(r"(?:^|[{}])([^{}@]+)\{", sheet)
    for selector in selectors:
        outside_brackets = re.sub(r"\([^()]*\)", "", selector)
        assert all(part.startswith(".ctnb") for part in outside_brackets.split(",")), selector
    assert ":root" not in sheet


def test_layout_survives_untrusted_notebooks(everything: Callable[[str], Everything]) -> None:
    for obj in everything("seven").values():
        html = render.html(obj, NOW)
        assert not any("var(" in style for style in re.findall(r'style="([^"]*)"', html))
        assert not re.search(r"\s(id|role|hidden|aria-\w+|data-\w+)=", html)
        assert "<script" not in html


def test_rendering_is_imported_only_when_something_is_shown() -> None:
    code = """
import sys
for blocked in ("ipywidgets", "IPython", "pandas", "requests"):
    sys.modules[blocked] = None
import cloudtasks_nb.render as render
assert not {"jinja2", "tabulate", "html"} & set(sys.modules), "too early"
card = render.Card("emails", facts={"rate": 5})
assert "rate" in render.text(card) and "jinja2" not in sys.modules
assert "rate" in render.html(card)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


class Panel(Shown):
    def _shape_(self) -> render.Card:
        return render.Card("mine", kind="panel", facts={"unknown": None, "zero": 0, "empty": ""})


def test_an_object_may_bring_its_own_shape() -> None:
    bundle = Panel()._repr_mimebundle_()
    assert bundle["text/plain"] == "mine  panel\n  zero  0"
    assert "zero" in bundle["text/html"]
    assert Panel()._repr_html_() == bundle["text/html"]


def test_an_object_without_a_shape_is_refused() -> None:
    with pytest.raises(TypeError, match="_shape_"):
        render.html(object())


class BoundQueue(Queue):
    def tasks(self) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class BoundTask(Task):
    def refresh(self) -> None: ...


def test_cards_offer_only_the_verbs_that_exist() -> None:
    assert "queue.tasks()  queue.pause()" in render.text(BoundQueue(name="q", state="RUNNING"))
    assert "queue.tasks()  queue.resume()" in render.text(BoundQueue(name="q", state="PAUSED"))
    assert "next" not in render.text(Queue(name="q", state="RUNNING"))
    assert 'task.refresh(view="FULL")' in render.text(BoundTask(name="t"))
    assert 'needs view="FULL"' in render.text(Task(name="t"))


def test_str_is_the_text_card() -> None:
    assert str(Queue(name="projects/p/locations/l/queues/q", state="PAUSED")).startswith(
        "q  HTTP queue  [PAUSED]"
    )


def _luminance(colour: str) -> float:
    digits = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    channels = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(ink: str, paper: str) -> float:
    low, high = sorted((_luminance(ink), _luminance(paper)))
    return (high + 0.05) / (low + 0.05)


def _tinted(paper: str) -> str:
    """The background colour with the translucent grey behind code and payloads."""
    digits = paper if len(paper) == 6 else "".join(digit * 2 for digit in paper)
    return "".join(f"{round(int(digits[at : at + 2], 16) * 0.88 + 0x80 * 0.12):02x}" for at in (0, 2, 4))


def test_colours_can_be_read_in_light_and_dark() -> None:
    """WCAG AA: a contrast of 4.5 for text."""
    blocks = [
        dict(re.findall(r"--ct-(\w+):#([0-9a-f]+)", block)) for block in render.style_sheet().split("{")
    ]
    themes = [block for block in blocks if block]
    assert len(themes) == 3
    for theme in themes:
        for tone in ("ok", "warn", "bad", "other"):
            assert _contrast(theme[tone], theme[f"{tone}b"]) >= 4.5, tone
        for ink in ("1", "2", "key", "ok", "warn"):  # facts, labels, JSON
            for paper in (theme["0"], _tinted(theme["0"])):
                assert _contrast(theme[ink], paper) >= 4.5, (ink, paper)
