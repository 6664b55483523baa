"""Panels in a dark marimo, which runs only anywidgets, each in a shadow root."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.lab import end_group, wait_until_up
from tests.e2e.service import Service
from tests.ports import free_port

from .pressing import pause, turn

pytestmark = pytest.mark.browser

NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    import cloudtasks_nb as ct
    client = ct.connect()
    return client, mo

@app.cell
def _(client, mo):
    panel = mo.ui.anywidget(client.queue({queue_id!r}).panel())
    panel
    return (panel,)

@app.cell
def _(client, mo):
    explorer = mo.ui.anywidget(client.explore())
    explorer
    return (explorer,)

@app.cell
def _(client, mo):
    tasks = mo.ui.anywidget(client.queue({queue_id!r}).browse())
    tasks
    return (tasks,)

if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def marimo(environment: dict[str, str], queue_id: str, tmp_path: Path) -> Iterator[str]:
    """The notebook as an app, served by marimo on its own port."""
    notebook = tmp_path / "panels.py"
    notebook.write_text(NOTEBOOK.format(queue_id=queue_id))
    port = free_port()
    (tmp_path / "marimo").mkdir()
    (tmp_path / "marimo/marimo.toml").write_text('[display]\ntheme = "dark"\n')
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    with (tmp_path / "marimo.log").open("w") as output:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "marimo", "run", notebook, "--headless", "--no-token"),
                *("--port", str(port)),
            ],
            env={**os.environ, **environment, **places, "MARIMO_SKIP_UPDATE_CHECK": "1"},
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_up(f"{url}/health")
        yield url
    finally:
        end_group(server)


def test_panels_act_turn_hold_each_other_and_are_dark(
    marimo: str, page: Page, service: Service, queue_id: str, pictures: Path
) -> None:
    page.goto(marimo)
    pause(page, service, queue_id)
    panel = page.get_by_role("region", name=f"Queue {queue_id}", exact=True).first
    explorer = page.get_by_role("region", name="Queues of project local")
    explorer.get_by_role("button", name=queue_id, exact=True).click()
    inner = explorer.get_by_role("region", name=f"Queue {queue_id}", exact=True)
    inner.get_by_role("button", name="Resume", exact=True).click()
    expect(inner.locator(".ct-badge")).to_have_text("RUNNING")
    assert service.queue(queue_id)["state"] == "RUNNING"
    expect(panel.locator(".ct-badge")).to_have_text("RUNNING")  # the other panel shows the change
    turn(page, queue_id)
    assert panel.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(27, 29, 32)"
    page.screenshot(path=pictures / "marimo-dark.png", full_page=True)
