"""All panels in one notebook. SCREENSHOTS=docs/images makes the pictures of the documentation."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

CELLS = (
    'import cloudtasks_nb as ct\nclient = ct.connect()\nqueue = client.queue("emails")\nqueue.panel()',
    'client.queue("newsletter").monitor(every_s=1)',
    "client.explore()",
    "queue.iam_panel()",
    'client.queue("europe-west1/webhooks").browse()',
    'client.queue("thumbnails").workbench()',
)
SAMPLES = 20 if os.environ.get("SCREENSHOTS") else 2  # pictures need a longer line


def test_all_panels_in_one_notebook(lab: Lab, page: Page, service: Service, pictures: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 4400})
    service.create_queue("newsletter", httpTarget={}, rateLimits={"maxTasksDispatchedPerSecond": 2})
    service.grant("emails", "roles/cloudtasks.enqueuer", "serviceAccount:web@local.iam.gserviceaccount.com")
    service.grant("emails", "roles/cloudtasks.viewer", "user:ada@example.com")
    notebook = lab.open(page, lab.write("panels.ipynb", *CELLS))
    notebook.run_all()
    region = notebook.outputs.get_by_role

    panel = region("region", name="Queue emails", exact=True).first
    panel.get_by_role("button", name="Edit settings…").click()
    expect(panel.get_by_role("form", name="Settings")).to_be_visible()

    monitor = region("region", name="Monitor of queue newsletter")
    monitor.get_by_role("combobox", name="Show").select_option("last 1 min")
    sampled = monitor.get_by_text(re.compile(r"\d samples in"))
    for number in range(SAMPLES):
        for more in range(number * 7 % 11):
            service.create_task("newsletter", f"t-{number}-{more}", b"{}", due_s=more)
        expect(sampled).not_to_have_text(sampled.inner_text())  # it samples once a second

    explorer = region("region", name="Queues of project local")
    explorer.get_by_role("button", name="events", exact=True).click()
    expect(explorer.get_by_role("region", name="Queue events")).to_contain_text("RUNNING")

    access = region("region", name="Access to queue emails")
    access.get_by_role("textbox", name="Member").fill("user:grace@example.com")
    access.get_by_role("combobox", name="Role").fill("roles/cloudtasks.taskRunner")
    access.get_by_role("button", name="Add").click()
    expect(access.get_by_role("list", name="Your changes")).to_contain_text("user:grace@example.com")

    tasks = region("region", name="Tasks of queue webhooks").last
    tasks.get_by_role("button", name="Load all").click()
    tasks.get_by_role("button", name="code 503 → UNAVAILABLE").click()
    bars = tasks.get_by_role("group", name="Filter by attempts").get_by_role("button")
    bars.nth(-2).press("Shift+ArrowRight")
    expect(bars.last).to_have_attribute("aria-pressed", "true")
    tasks.get_by_role("radio", name="that match").check()
    tasks.get_by_role("group", name="Act on tasks").get_by_role("button", name="Delete", exact=True).click()
    expect(tasks.get_by_role("form")).to_be_visible()

    leases = region("region", name="Leases of queue thumbnails")
    leases.get_by_role("spinbutton", name="Tasks, at most").fill("5")
    leases.get_by_role("spinbutton", name="Lease duration").fill("900")
    leases.get_by_role("button", name="Lease", exact=True).click()
    expect(leases.get_by_text("5 held")).to_be_visible()
    leases.get_by_role("button", name=re.compile("^Give back image")).first.click()
    expect(leases.get_by_text("4 held")).to_be_visible()

    shown = {"queue": panel, "monitor": monitor, "explorer": explorer, "access": access, "tasks": tasks}
    shown["leases"] = leases
    for theme in ("Dark", "Light"):
        notebook.theme(f"JupyterLab {theme}")
        for name, what in shown.items():
            what.screenshot(path=pictures / f"panel-{name}-{theme.lower()}.png", animations="disabled")
    assert len(list(pictures.glob("panel-*.png"))) >= 2 * len(shown)
