"""IamPanel in a real JupyterLab: it shows a difference before saving, and overwrites no other change."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

VIEWER, RUNNER = "roles/cloudtasks.viewer", "roles/cloudtasks.taskRunner"
ADA, GRACE, BOB = "user:ada@example.com", "user:grace@example.com", "serviceAccount:bob@example.com"


def members(service: Service, queue_id: str, role: str) -> list[str]:
    bindings = service.policy(queue_id).get("bindings", [])
    return [member for binding in bindings if binding["role"] == role for member in binding["members"]]


def test_members_are_added_and_removed_over_the_policy_that_was_seen(
    lab: Lab, page: Page, service: Service, pictures: Path
) -> None:
    queue_id = f"access-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    service.grant(queue_id, VIEWER, ADA)
    cell = f'import cloudtasks_nb as ct\nct.connect().queue("{queue_id}").iam_panel()'
    notebook = lab.open(page, lab.write(f"{queue_id}.ipynb", cell))
    notebook.run_all()
    panel = notebook.outputs.get_by_role("region", name=f"Access to queue {queue_id}")

    form = panel.get_by_role("form", name="Add a member")
    form.get_by_role("textbox", name="Member").fill("grace")
    form.get_by_role("combobox", name="Role").fill(RUNNER)
    expect(form.get_by_role("button", name="Add")).to_be_disabled()
    form.get_by_role("textbox", name="Member").fill(GRACE)
    form.get_by_role("combobox", name="Role").press("Enter")
    panel.get_by_role("button", name=f"Remove {ADA} in {VIEWER}").click()
    changes = panel.get_by_role("list", name="Your changes")
    expect(changes.get_by_role("listitem")).to_contain_text([ADA, GRACE])
    assert members(service, queue_id, VIEWER) == [ADA]  # drafted, not saved

    service.grant(queue_id, RUNNER, BOB)  # by somebody else
    panel.get_by_role("button", name="Save 2 changes").click()
    expect(panel.get_by_role("status")).to_contain_text("Nothing was saved")
    theirs = panel.get_by_role("list", name="Changed by somebody else")
    expect(theirs.get_by_role("listitem")).to_contain_text([BOB])
    assert members(service, queue_id, VIEWER) == [ADA]
    notebook.pictures(pictures, "iam-panel")

    panel.get_by_role("button", name="Save 2 changes").click()
    expect(panel.get_by_role("status")).to_have_text("Saved 2 changes.")
    assert members(service, queue_id, VIEWER) == []
    assert sorted(members(service, queue_id, RUNNER)) == sorted([BOB, GRACE])
    row = panel.get_by_role("table", name="What each member may do").get_by_role("row", name=GRACE)
    expect(row).to_contain_text("yes")
