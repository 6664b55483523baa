"""Clicks on panels with an API version that has no estimates."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

CELLS = (
    'import cloudtasks_nb as ct\nclient = ct.connect(api_version="v2")\nqueue = client.queue("emails")\nqueue.panel()',
    "queue.monitor()",
    "client.explore()",
)


def test_depth_is_counted_on_request(lab: Lab, page: Page, service: Service, pictures: Path) -> None:
    page.set_viewport_size({"width": 1280, "height": 2400})
    count = len(service.task_ids("emails"))
    notebook = lab.open(page, lab.write("v2.ipynb", *CELLS))
    notebook.run_all()
    region = notebook.outputs.get_by_role
    panel = region("region", name="Queue emails", exact=True)
    expect(panel).to_contain_text("not counted")
    panel.get_by_role("button", name="Count tasks").click()
    expect(panel.locator(".ct-tiles")).to_have_text(re.compile(rf"^Tasks{count}counted "))

    monitor = region("region", name="Monitor of queue emails")
    monitor.get_by_role("button", name="Sample now").click()
    expect(monitor.get_by_text("2 samples in")).to_be_visible()
    expect(monitor.get_by_role("img")).to_have_count(1)

    explorer = region("region", name="Queues of project local")
    explorer.get_by_role("checkbox", name="Choose queue emails").click()
    explorer.get_by_role("button", name="Count tasks").click()
    row = explorer.get_by_role("row").filter(has=page.get_by_role("button", name="emails", exact=True))
    expect(row.get_by_role("cell", name=str(count), exact=True)).to_be_visible()

    for part in (panel, monitor, explorer):
        expect(part).not_to_contain_text("estimate")
    for theme in ("Dark", "Light"):
        notebook.theme(f"JupyterLab {theme}")
        for name, what in {"panel": panel, "monitor": monitor, "explorer": explorer}.items():
            what.screenshot(path=pictures / f"v2-{name}-{theme.lower()}.png", animations="disabled")
    assert (pictures / "v2-explorer-light.png").stat().st_size
