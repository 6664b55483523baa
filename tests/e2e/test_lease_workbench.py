"""LeaseWorkbench in real notebooks: leases expire, are renewed, and are not finished by accident."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct

from .lab import App, Lab
from .service import Service

pytestmark = pytest.mark.browser

CELL = """
import cloudtasks_nb as ct
workbench = ct.connect().queue("{queue_id}").workbench()
workbench
"""


@pytest.mark.parametrize("app", ["lab", "notebook7"])
def test_leases_are_taken_acknowledged_in_two_steps_given_back_and_run_out(
    app: App, request: pytest.FixtureRequest, page: Page, service: Service, pictures: Path
) -> None:
    running: Lab = request.getfixturevalue(app)
    queue_id = f"leases-{uuid4().hex[:8]}"
    service.create_queue(queue_id, pullTarget={})
    with ct.connect(endpoint=service.url) as client:
        for number in range(4):
            client.queue(queue_id).create_task({"number": number}, tag="red", task_id=f"p-{number}")
    notebook = running.open(page, running.write(f"{queue_id}.ipynb", CELL.format(queue_id=queue_id)))
    notebook.run_all()
    bench = notebook.outputs.get_by_role("region", name=f"Leases of queue {queue_id}")
    status, rows = bench.locator(".ct-status"), bench.locator("tbody tr[data-id]")
    bench.get_by_role("spinbutton", name="Lease duration").fill("300")
    bench.get_by_role("spinbutton", name="Lease duration").press("Enter")
    expect(rows).to_have_count(4)
    assert notebook.kernel("print(len(workbench.tasks))") == "4\n"

    first = rows.filter(has_text="p-0")
    first.get_by_role("button", name="Acknowledge", exact=True).dblclick()
    expect(status).to_contain_text("Press again within 5 s.")
    assert len(service.task_ids(queue_id)) == 4
    first.get_by_role("button", name="Confirm: acknowledge").click()
    expect(status).to_have_text("p-0 was acknowledged.")
    assert service.task_ids(queue_id) == {"p-1", "p-2", "p-3"}

    bench.get_by_role("spinbutton", name="Lease duration").fill("1")
    bench.get_by_role("button", name="Renew p-1").click()
    expect(rows.filter(has_text="p-1")).to_contain_text("expired")
    expect(bench.get_by_role("button", name="Renew p-1")).to_be_hidden()
    bench.get_by_role("button", name="Give back p-2").click()
    expect(rows.filter(has_text="p-2")).to_contain_text("given back")
    expect(
        bench.get_by_role("button", name="p-2", exact=True)
    ).to_be_focused()  # the row has no other buttons now
    bench.get_by_role("button", name="p-3", exact=True).press("Enter")
    expect(bench.get_by_role("heading", name="p-3")).to_be_focused()
    page.keyboard.press("Escape")
    expect(bench.get_by_role("button", name="p-3", exact=True)).to_be_focused()
    bench.get_by_role("button", name="p-3", exact=True).click()
    expect(bench.get_by_role("region", name="Task p-3").locator(".ct-json")).to_contain_text("3")
    if app == "lab":
        notebook.pictures(pictures, "lease-workbench")
        page.set_viewport_size({"width": 700, "height": 1500})  # the file browser leaves about 300 px
        row = rows.filter(has_text="p-3")
        for name in ("Renew p-3", "Give back p-3", "Acknowledge"):
            expect(row.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
        scroll = bench.locator(".ct-scroll")
        assert scroll.evaluate("node => node.scrollWidth <= node.clientWidth")
        notebook.pictures(pictures, "lease-workbench-narrow")
    assert notebook.kernel("print([task.id for task in workbench.tasks])") == "['p-3']\n"
    assert service.task_ids(queue_id) == {"p-1", "p-2", "p-3"}
