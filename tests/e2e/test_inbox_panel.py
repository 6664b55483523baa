"""InboxPanel in a real JupyterLab: a delivery appears without a click, and a click opens it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab

pytestmark = pytest.mark.browser

CELLS = (
    "import cloudtasks_nb as ct\nclient = ct.local()\ninbox = client.emulator.inbox()",
    '@inbox.on("/send")\ndef send(request):\n    return 503 if request.attempt < 2 else {"sent": True}',
    "inbox.panel()",
    'queue = client.create_queue("emails").pause()\n'
    'task = queue.create_task({"to": "ada"}, url=inbox.url_for("/send"),\n'
    '                         task_id="welcome", headers={"X-Api-Key": "k3y"})\n'
    "task.run(); _ = inbox.wait(1)",
)


def test_a_delivery_appears_and_opens(lab: Lab, page: Page, pictures: Path) -> None:
    notebook = lab.open(page, lab.write("inbox.ipynb", *CELLS))
    notebook.run_all()
    panel = notebook.outputs.get_by_role("region", name="Inbox", exact=True)
    rows = panel.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("503")
    notebook.kernel("task.run(); _ = inbox.wait(2)")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("200")
    panel.get_by_role("button", name="Open request 1").click()
    detail = panel.get_by_role("region", name="Request 1")
    expect(detail).to_contain_text('"to": "ada"')
    notebook.pictures(pictures, "inbox-panel")
    assert "k3y" not in panel.inner_html()
    detail.get_by_role("button", name="Close").click()
    expect(detail).to_have_count(0)
    panel.get_by_role("button", name="Clear").click()
    expect(panel).to_contain_text("No requests received yet.")
    assert notebook.kernel("print(len(inbox.requests))").strip() == "0"
    notebook.kernel("client.close()")
    expect(panel.locator(".ct-badge").first).to_have_text("CLOSED")
