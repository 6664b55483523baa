"""The main path of every panel in Notebook 7."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

CELLS = (
    'import cloudtasks_nb as ct\nclient = ct.connect()\nqueue = client.queue("{queue_id}")\nqueue.panel()',
    "queue.monitor()",
    "queue.iam_panel()",
    "client.explore()",
)


def test_every_panel_acts_on_the_service(notebook7: Lab, page: Page, service: Service) -> None:
    queue_id = f"seven-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    service.create_task(queue_id, "t-0", b"{}")
    notebook = notebook7.open(
        page, notebook7.write(f"{queue_id}.ipynb", *(cell.format(queue_id=queue_id) for cell in CELLS))
    )
    notebook.run_all()
    region = notebook.outputs.get_by_role

    panel = region("region", name=f"Queue {queue_id}", exact=True).first
    panel.get_by_role("button", name="Pause", exact=True).click()
    expect(panel.locator(".ct-badge")).to_have_text("PAUSED")
    assert service.queue(queue_id)["state"] == "PAUSED"

    monitor = region("region", name=f"Monitor of queue {queue_id}")
    expect(monitor.get_by_role("img").first).to_have_accessible_name(re.compile("now 1 task;"))
    monitor.get_by_role("button", name="Sample now").click()
    expect(monitor.locator(".ct-badge")).to_have_text("PAUSED")

    access = region("region", name=f"Access to queue {queue_id}")
    access.get_by_role("textbox", name="Member").fill("user:ada@example.com")
    access.get_by_role("combobox", name="Role").fill("roles/cloudtasks.viewer")
    access.get_by_role("button", name="Add").click()
    access.get_by_role("button", name="Save 1 change").click()
    expect(access.get_by_role("status")).to_have_text("Saved 1 change.")
    assert service.policy(queue_id)["bindings"][0]["members"] == ["user:ada@example.com"]

    explorer = region("region", name="Queues of project local")
    explorer.get_by_role("button", name=queue_id, exact=True).click()
    inner = explorer.get_by_role("region", name=f"Queue {queue_id}", exact=True)
    inner.get_by_role("button", name="Resume", exact=True).click()
    expect(panel.locator(".ct-badge")).to_have_text("RUNNING")
    assert service.queue(queue_id)["state"] == "RUNNING"
