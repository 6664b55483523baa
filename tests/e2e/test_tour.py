"""The tour in JupyterLab, as a reader uses it: run from top to bottom, then click its panel."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

TOUR = Path(__file__).parents[2] / "notebooks" / "01_tour.ipynb"
QUEUE = "emails"


def test_the_tour_runs_and_its_panel_works(lab: Lab, page: Page, service: Service, pictures: Path) -> None:
    shutil.copy(TOUR, lab.root / TOUR.name)
    notebook = lab.open(page, TOUR.name)
    notebook.run_all(timeout_s=180)
    panel = notebook.outputs.get_by_role("region", name=f"Queue {QUEUE}", exact=True).first
    panel.scroll_into_view_if_needed()
    badge, status = panel.locator(".ct-badge"), panel.get_by_role("status")
    buttons = {
        name: panel.get_by_role("button", name=name) for name in ("Pause", "Resume", "Purge…", "Refresh")
    }

    buttons["Refresh"].click()  # later cells may have changed the queue
    expect(buttons["Refresh"]).to_be_enabled()
    if badge.inner_text() == "PAUSED":
        buttons["Resume"].click()
        expect(badge).to_have_text("RUNNING")
    buttons["Pause"].click()
    expect(badge).to_have_text("PAUSED")
    assert service.queue(QUEUE)["state"] == "PAUSED"
    notebook.pictures(pictures, "tour")

    buttons["Resume"].click()
    expect(badge).to_have_text("RUNNING")
    assert service.queue(QUEUE)["state"] == "RUNNING"

    buttons["Pause"].click()  # so that only the purge empties the queue
    expect(badge).to_have_text("PAUSED")
    before = service.task_ids(QUEUE)
    assert before
    buttons["Purge…"].click()
    form = panel.locator("form")
    form.get_by_role("textbox", name="Type the queue id").fill(QUEUE)
    form.get_by_role("button", name="Purge for good").click()
    expect(status).to_contain_text("Purged.")
    assert not service.task_ids(QUEUE) & before
