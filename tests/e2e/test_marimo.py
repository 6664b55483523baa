"""Panels in marimo, which runs anywidgets and no other widgets: one that acts, and one that holds another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .lab import free_port, wait_until_up
from .service import Service

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

if __name__ == "__main__":
    app.run()
"""


@pytest.fixture
def queue_id(service: Service) -> str:
    queue_id = f"marimo-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    return queue_id


@pytest.fixture
def marimo(service: Service, queue_id: str, tmp_path: Path) -> Iterator[str]:
    """The notebook as an app that marimo serves on a port of its own."""
    notebook = tmp_path / "panels.py"
    notebook.write_text(NOTEBOOK.format(queue_id=queue_id))
    port = free_port()
    places = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    host = service.url.removeprefix("http://")
    with (tmp_path / "marimo.log").open("w") as output:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "marimo",
                "run",
                notebook,
                "--headless",
                "--no-token",
                "--port",
                str(port),
            ],
            env={**os.environ, **places, "CLOUD_TASKS_EMULATOR_HOST": host, "MARIMO_SKIP_UPDATE_CHECK": "1"},
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
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


def test_a_panel_acts_and_the_explorer_holds_another(
    marimo: str, page: Page, service: Service, queue_id: str
) -> None:
    page.goto(marimo)
    panel = page.get_by_role("region", name=f"Queue {queue_id}", exact=True).first
    panel.get_by_role("button", name="Pause", exact=True).click()
    expect(panel.locator(".ct-badge")).to_have_text("PAUSED")
    assert service.queue(queue_id)["state"] == "PAUSED"

    explorer = page.get_by_role("region", name="Queues of project local")
    explorer.get_by_role("button", name=queue_id, exact=True).click()
    inner = explorer.get_by_role("region", name=f"Queue {queue_id}", exact=True)
    inner.get_by_role("button", name="Resume", exact=True).click()
    expect(inner.locator(".ct-badge")).to_have_text("RUNNING")
    assert service.queue(queue_id)["state"] == "RUNNING"
    expect(panel.locator(".ct-badge")).to_have_text("RUNNING")  # the other panel heard of it
