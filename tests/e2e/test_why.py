"""The Why? tab of a queue, the Why? button of a task, and the explorer's way to them, in a real JupyterLab."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab

pytestmark = pytest.mark.browser

TROUBLE = """
import cloudtasks_nb as ct
client = ct.local(clock="manual")
inbox = client.emulator.inbox()

@inbox.on()
def answer(request):
    return 503 if "busy" in request.path else 401

orders = client.create_queue("orders", retry_config={"min_backoff": 60, "max_attempts": 4})
for path, count in (("/busy", 40), ("/locked", 2)):
    orders.create_tasks([{"url": inbox.url_for(path), "dispatch_deadline": 30} for _ in range(count)], progress=False)
client.emulator.advance("70s")
client.create_queue("nightly").pause().create_task({"to": "ada"}, url=inbox.url_for("/"), task_id="welcome")
client.create_queue("calm")
"""
CELLS = (TROUBLE, "orders.panel()", 'client.queue("nightly").browse()', "client.explore()")


def test_a_queue_a_task_and_a_row_say_why(lab: Lab, page: Page, pictures: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 3600})
    notebook = lab.open(page, lab.write("why.ipynb", *CELLS))
    notebook.run_all()
    region = notebook.outputs.get_by_role

    panel = region("region", name="Queue orders", exact=True).first
    panel.get_by_role("button", name="Why?").click()
    why = panel.get_by_role("region", name="Why?")
    failing = why.get_by_role("article", name="failing")
    expect(failing).to_contain_text("42 of 42 sampled tasks")
    expect(failing.get_by_label("Suggested fix")).to_be_visible()
    failing.locator("summary").click()
    expect(failing).to_contain_text("last_attempt.response_status: 503 from http://127.0.0.1")
    expect(why.get_by_role("article").nth(0)).to_have_attribute("aria-label", "failing")
    expect(panel).to_contain_text('orders").diagnose()')

    tasks = region("region", name="Tasks of queue nightly").first
    tasks.get_by_role("button", name="welcome").click()
    pane = tasks.get_by_role("region", name="Task welcome")
    pane.get_by_role("button", name="Why?").click()
    expect(pane.get_by_role("region", name="Why?")).to_contain_text("Its queue is PAUSED")

    explorer = region("region", name="Queues of project local")
    rows = explorer.get_by_role("row")
    expect(rows.filter(has_text="calm").get_by_role("button", name="Why?")).to_have_count(0)
    rows.filter(has_text="nightly").get_by_role("button", name="Why?").click()
    opened = explorer.get_by_role("region", name="Queue nightly")
    expect(opened.get_by_role("article", name="paused_with_backlog")).to_contain_text("holds 1 task")

    for theme in ("Dark", "Light"):
        notebook.theme(f"JupyterLab {theme}")
        for name, what in {"queue": panel, "task": tasks, "explorer": explorer}.items():
            what.screenshot(path=pictures / f"why-{name}-{theme.lower()}.png", animations="disabled")
