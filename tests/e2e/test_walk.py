"""A walk through two panels, click by click: SCREENSHOTS=docs/images makes the README's picture of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from .lab import Lab, Opened
from .service import Service

pytestmark = pytest.mark.browser

QUEUE = "newsletters"
FIRST = f"""import cloudtasks_nb as ct

client = ct.connect()  # an emulator, because CLOUD_TASKS_EMULATOR_HOST is set
queue = client.queue("{QUEUE}")
queue.panel()"""
CELLS = (FIRST, "queue.browse()")
SIZE = {"width": 1000, "height": 920}
FRAME_MS = 2000
PEOPLE = ("ada", "alan", "barbara", "edsger", "frances", "grace", "john", "katherine")


def test_a_walk_by_clicks(lab: Lab, page: Page, service: Service, pictures: Path) -> None:
    service.create_queue(QUEUE, httpTarget={})
    for number, name in enumerate(PEOPLE):
        body = f'{{"to": "{name}@example.com", "template": "spring", "tries": {number}}}'.encode()
        service.create_task(QUEUE, f"spring-{name}", body, due_s=600 + 90 * number)
    page.set_viewport_size(SIZE)
    notebook = lab.open(page, lab.write("walk.ipynb", *CELLS))
    page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.run_all()
    frames = [_seen(notebook) for _ in _steps(notebook)]
    assert service.queue(QUEUE)["state"] == "PAUSED"
    assert service.queue(QUEUE)["rateLimits"]["maxTasksDispatchedPerSecond"] == 5
    frames[0].save(
        pictures / "walk.gif",
        save_all=True,
        append_images=frames[1:],
        duration=FRAME_MS,
        loop=0,
        optimize=True,
    )
    assert (pictures / "walk.gif").stat().st_size < 500_000  # a README is read on telephones, too


def _steps(notebook: Opened) -> Iterator[None]:
    """Click through the panels; yields when there is something to see."""
    panel = notebook.outputs.get_by_role("region", name=f"Queue {QUEUE}", exact=True).first
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {QUEUE}")
    expect(browser.get_by_role("row", name="spring-ada")).to_be_visible()
    panel.scroll_into_view_if_needed()
    yield
    panel.get_by_role("button", name="Edit settings…").click()
    form = panel.get_by_role("form", name="Settings")
    form.get_by_label(re.compile("rate", re.I)).first.fill("5")
    yield
    form.get_by_role("button", name="Save").click()
    expect(panel.get_by_role("status")).to_contain_text("Changed")
    yield
    panel.get_by_role("button", name="Pause").click()
    expect(panel.locator(".ct-badge")).to_have_text("PAUSED")
    yield
    _show_code(panel)
    yield
    _show_code(panel)
    browser.get_by_role("button", name="spring-grace", exact=True).click()
    expect(browser.get_by_role("region", name="Task spring-grace").locator(".ct-json")).to_contain_text(
        "grace@"
    )
    browser.scroll_into_view_if_needed()
    yield


def _show_code(panel: Locator) -> None:
    panel.get_by_text("as code", exact=True).click()


def _seen(notebook: Opened) -> Image.Image:
    taken = notebook.page.locator(".jp-WindowedPanel-outer").screenshot()
    return Image.open(BytesIO(taken)).convert("RGB").quantize(96, dither=Image.Dither.NONE)
