"""The gallery: cards, tables and pictures in a real JupyterLab, light, dark, in an untrusted notebook, without styles.

SCREENSHOTS=docs/images keeps the pictures for docs/gallery.md.
"""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from PIL import Image
from playwright.sync_api import ViewportSize, expect

from cloudtasks_nb import render
from cloudtasks_nb.plots.paper import PAPERS
from tests.specimens import NOW, specimens

from .lab import Lab, Opened

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
GROUPS = {
    "queues": ("queue", "queue-paused", "queues"),
    "tasks": ("task", "tasks", "leases"),
    "payloads": ("task-pubsub", "task-text", "task-picture"),
    "packed": ("task-gzip", "task-binary"),
    "settings": ("client", "location", "locations", "rate-limits", "retry-config", "retry", "task-status"),
    "access": ("policy", "permissions", "operation"),
    "errors": ("error", "error-setup"),
    "many": ("bulk-result", "bulk-result-ended", "error-rows", "batch", "worker"),
    "past": ("report", "logged-task"),
    "emulator": ("emulator", "faults", "history", "inbox", "received"),
}
SETUP = """import sys
sys.path.insert(0, {root!r})
from cloudtasks_nb import render
from tests.specimens import NOW, specimens

def show(*names):
    for name in names:
        found = specimens()[name]
        display({{"text/plain": render.text(found, NOW), "text/html": render.html(found, NOW)}}, raw=True)
"""
PLOTS = """import matplotlib.pyplot as plt
from cloudtasks_nb.plots.bars import draw_attempts
from cloudtasks_nb.plots.backoff import draw_backoff
from cloudtasks_nb.plots.bars import draw_depth
from cloudtasks_nb.plots.schedule import draw_schedule
from tests.specimens import attempts_of, busy_queues, due_times, queue
theme = {theme!r}
figure, places = plt.subplots(2, 2, figsize=(11, 6.6), dpi=84, layout="constrained", facecolor={paper!r})
top, bottom = places
draw_schedule(due_times(), queue_id="emails", now=NOW, ax=top[0], theme=theme)
draw_attempts(attempts_of(), queue_id="emails", ax=top[1], theme=theme)
draw_backoff(queue().retry_config, name="emails", ax=bottom[0], theme=theme)
draw_depth(busy_queues(), place="us-central1", ax=bottom[1], theme=theme)
plt.show()
"""
KILOBYTES = 60
TALL: ViewportSize = {"width": 1280, "height": 1800}


def test_gallery(lab: Lab, page: Page, pictures: Path) -> None:
    cells = [
        SETUP.format(root=str(ROOT)),
        *(f"show{names!r}" for names in GROUPS.values()),
        *(PLOTS.format(theme=theme, paper=PAPERS[theme].back) for theme in ("light", "dark")),
    ]
    notebook = lab.open(page, lab.write("gallery.ipynb", *cells))
    notebook.run_all()
    for theme in ("light", "dark"):
        notebook.theme(f"JupyterLab {theme.capitalize()}")
        for number, (name, shown) in enumerate(GROUPS.items(), 1):
            area = output(notebook, number)
            expect(area.locator(".ctnb")).to_have_count(len(shown))
            shot(area, pictures / f"gallery-{name}-{theme}.png")
        at = 1 + len(GROUPS) + ("light", "dark").index(theme)
        shot(output(notebook, at), pictures / f"gallery-plots-{theme}.png")


def test_gallery_of_a_notebook_that_is_not_trusted(lab: Lab, page: Page, pictures: Path) -> None:
    notebook = lab.open(page, write_untrusted(lab))
    notebook.attach()
    notebook.theme("JupyterLab Light")
    expect(notebook.outputs.get_by_role("table", name="emails").first).to_be_visible()
    expect(notebook.outputs.locator("style")).to_have_count(0)
    for number, name in enumerate(GROUPS):
        shot(output(notebook, number), pictures / f"gallery-{name}-untrusted.png")


def test_gallery_without_any_style(page: Page, pictures: Path) -> None:
    names = ("queue", "task-pubsub", "leases", "error")
    cards = "".join(f"<div>{render.html(specimens()[name], NOW)}</div><br>" for name in names)
    bare = re.sub(r'<style>.*?</style>| style="[^"]*"| class="[^"]*"', "", cards, flags=re.DOTALL)
    page.set_viewport_size({"width": 900, "height": 600})
    page.set_content(
        f"<body style='font-family: system-ui; font-size: 14px; width: max-content'>{bare}</body>"
    )
    for name in ("emails", "push-1", "PermissionDenied"):
        expect(page.get_by_role("table", name=re.compile(name)).first).to_be_visible()
    shot(page.locator("body"), pictures / "gallery-without-styles.png")


def output(notebook: Opened, number: int) -> Locator:
    """The complete output of a cell, scrolled into view."""
    notebook.page.set_viewport_size(TALL)
    area = notebook.page.locator(".jp-Notebook .jp-Cell").nth(number).locator(".jp-OutputArea").first
    area.scroll_into_view_if_needed()
    expect(area.locator(".jp-OutputArea-output").last).to_be_visible()
    return area


def shot(part: Locator, path: Path) -> None:
    """A screenshot reduced to few colours, to keep pictures in the repository small."""
    picture = Image.open(BytesIO(part.screenshot())).convert("RGB")
    picture.quantize(255, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < KILOBYTES * 1_000, f"{path.name} is large for a repository"


def write_untrusted(lab: Lab) -> str:
    """A notebook with outputs from another machine, which is therefore not trusted."""
    name = lab.write("untrusted.ipynb", *(f"show{names!r}" for names in GROUPS.values()))
    notebook = nbformat.read(lab.root / name, as_version=4)
    for cell, names in zip(notebook.cells, GROUPS.values(), strict=True):
        bundles = [{"text/html": render.html(specimens()[one], NOW)} for one in names]
        cell.outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    nbformat.write(notebook, lab.root / name)
    return name
