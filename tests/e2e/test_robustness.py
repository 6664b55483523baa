"""Panels stay readable after failures: a dead kernel, a dead service, a deleted queue."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.clickable import Clickable
from tests.refusing import refusing

from .bare_page import mount
from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

RESTART = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
CLEAR = "() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
TWO = """
import cloudtasks_nb as ct
queue = ct.connect().queue("{queue_id}")
first, second = queue.panel(), ct.connect().queue("{queue_id}").panel()
display(first, second)
"""
THREADS = """
import threading
threads = [thread for thread in threading.enumerate() if thread.name.startswith("QueuePanel")]
for thread in threads:
    thread.join(10)
print(sum(thread.is_alive() for thread in threads))
"""
OWN = """
import cloudtasks_nb as ct
client = ct.local()
client.create_queue("emails").panel()
"""


@pytest.fixture
def queue_id(service: Service) -> str:
    queue_id = f"robust-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    return queue_id


def test_two_panels_agree_outlive_their_queue_and_end_with_their_output(
    lab: Lab, page: Page, service: Service, queue_id: str
) -> None:
    notebook = lab.open(page, lab.write(f"{queue_id}.ipynb", TWO.format(queue_id=queue_id)))
    notebook.run_all()
    panels = notebook.outputs.get_by_role("region", name=f"Queue {queue_id}")
    expect(panels).to_have_count(2)
    panels.nth(0).get_by_role("button", name="Pause").dblclick()
    for number in (0, 1):
        expect(panels.nth(number).locator(".ct-badge")).to_have_text("PAUSED")
    assert notebook.kernel("print(sum('.pause()' in line for line in first.lines + second.lines))") == "1\n"

    service.delete_queue(queue_id)
    for number in (0, 1):  # shown after the next update, without a click
        expect(panels.nth(number).locator(".ct-badge:visible")).to_have_text("NOT FOUND")
        expect(panels.nth(number)).to_contain_text(queue_id)
        expect(panels.nth(number).get_by_role("button", name="Resume")).to_be_disabled()

    page.evaluate(CLEAR)
    expect(panels).to_have_count(0)
    notebook.wait_until_kernel_prints("0 0\n", "print(first.views, second.views)")
    assert notebook.kernel(THREADS) == "0\n"


def test_a_restarted_kernel_and_a_dead_service_leave_readable_panels(lab: Lab, page: Page) -> None:
    mark = f"own-{uuid4().hex[:8]}"
    notebook = lab.open(page, lab.write(f"{mark}.ipynb", OWN))
    notebook.run_all()
    panel = notebook.outputs.get_by_role("region", name="Queue emails")
    status = panel.get_by_role("status")
    notebook.kernel("client._on_close()")  # the emulator stops, like a network failure
    panel.get_by_role("button", name="Refresh").click()
    expect(status).to_have_class("ct-status ct-error")
    expect(panel).to_contain_text("500/s")
    expect(panel.get_by_role("button", name="Refresh")).to_be_enabled()

    page.evaluate(RESTART)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'idle'"
    )
    expect(panel.get_by_role("heading", name="emails")).to_be_visible()
    panel.get_by_role("button", name="Pause").click()
    expect(status).to_have_text("The kernel is gone. Run this cell again.")


@pytest.mark.parametrize("name", ["tasks", "explorer", "access", "leases"])
def test_what_could_not_be_read_is_not_said_to_be_empty(
    page: Page, service: Service, queue_id: str, name: str
) -> None:
    with refusing(service.url) as between, ct.connect(endpoint=between.url) as client:
        queue, pull = client.queue(queue_id), client.create_queue(f"pull-{queue_id}", kind="pull")
        between.pattern = "."
        panels: dict[str, Callable[[], Clickable]] = {
            "tasks": queue.browse,
            "explorer": client.explore,
            "access": queue.iam_panel,
            "leases": lambda: pull.workbench(read_only=True),
        }
        mount(page, panels[name]())
    panel = page.locator(".ct-panel")
    expect(panel).to_contain_text("Not for you.")
    expect(panel).to_contain_text("Not read yet.")
    for claim in ("No tasks", "no tasks", "No queues", "No bindings", "Nobody"):
        expect(panel).not_to_contain_text(claim)
