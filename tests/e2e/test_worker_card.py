"""A worker in JupyterLab: its card updates while the cell runs, and the stop button drains the worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

FILL = """
import threading
import cloudtasks_nb as ct
client = ct.connect()
queue = client.create_queue("worked", kind="pull")
# enough for 50 s: the worker must not be done before the stop button is pressed
made = queue.create_tasks([{"payload": {"n": n}} for n in range(1000)], progress=False)
"""
WORK = """
def handle(task):
    if task.json()["n"] == 3 and task.dispatch_count < 2:
        raise ValueError("the thumbnail service is away")
    threading.Event().wait(0.2)

worker = queue.worker(handle, concurrency=4).run()
"""
COUNTED = """() => {
    const card = document.querySelector('.jp-OutputArea-output .ctnb');
    return Number(/succeeded\\s*(\\d+)/.exec(card?.innerText)?.[1]) > 12;
}"""


def test_the_card_lives_and_the_stop_button_drains(
    lab: Lab, page: Page, service: Service, pictures: Path
) -> None:
    notebook = lab.open(page, lab.write("worker.ipynb", FILL, WORK))
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    card = notebook.outputs.filter(has_text="pull worker")
    expect(card).to_contain_text("running", timeout=60_000)
    expect(card).to_contain_text("last failures", timeout=60_000)
    page.wait_for_function(COUNTED)  # the card counts without a click
    notebook.pictures(pictures, "worker")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    expect(card).to_contain_text("stopped", timeout=30_000)
    assert notebook.outputs.filter(has_text="KeyboardInterrupt").count() == 0
    done = int(notebook.kernel("print(worker.tally.done)"))
    assert 12 < done < 1000
    left = service.task_ids("worked")
    assert len(left) == 1000 - done
