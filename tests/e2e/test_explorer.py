"""Explorer in a real JupyterLab: find queues, open them, pause and resume several."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser


def test_queues_are_found_opened_and_paused_together(
    lab: Lab, page: Page, service: Service, pictures: Path
) -> None:
    mark = f"x{uuid4().hex[:6]}"
    ids = [f"{mark}-{number}" for number in range(3)]
    for queue_id in ids:
        service.create_queue(queue_id)
    service.create_task(ids[0], "t-0", b"{}")
    cell = "import cloudtasks_nb as ct\nexplorer = ct.connect().explore()\nexplorer"
    notebook = lab.open(page, lab.write(f"{mark}.ipynb", cell))
    notebook.run_all()
    explorer = notebook.outputs.get_by_role("region", name="Queues of project local")

    explorer.get_by_role("searchbox", name="Find a queue").press_sequentially(mark)
    rows = explorer.locator("tbody tr")
    expect(rows).to_have_count(3)
    expect(explorer.get_by_role("button", name="running")).to_contain_text("3")

    explorer.get_by_role("checkbox", name="Choose all queues shown").click()
    expect(explorer.get_by_text("3 queues chosen")).to_be_visible()
    explorer.get_by_role("button", name="Pause chosen").click()
    explorer.get_by_role("button", name="Confirm: pause chosen").click()
    expect(explorer.get_by_role("status").first).to_have_text("Paused 3 queues.")
    assert {service.queue(queue_id)["state"] for queue_id in ids} == {"PAUSED"}

    explorer.get_by_role("button", name="Resume chosen…").click()
    form = explorer.get_by_role("form", name="Confirm: resume")
    expect(form).to_contain_text("about 1 task (estimate)")
    form.get_by_role("button", name="Cancel").click()
    assert {service.queue(queue_id)["state"] for queue_id in ids} == {"PAUSED"}
    explorer.get_by_role("button", name="Resume chosen…").click()
    form.get_by_role("button", name="Resume 3 queues").click()
    expect(explorer.get_by_role("status").first).to_have_text("Resumed 3 queues.")
    assert {service.queue(queue_id)["state"] for queue_id in ids} == {"RUNNING"}

    explorer.get_by_role("button", name=ids[0], exact=True).click()
    panel = explorer.get_by_role("region", name=f"Queue {ids[0]}", exact=True)
    panel.get_by_role("button", name="Pause", exact=True).click()
    expect(panel.locator(".ct-badge")).to_have_text("PAUSED")
    expect(rows.first.locator(".ct-badge")).to_have_text("PAUSED")  # the table shows the change
    assert service.queue(ids[0])["state"] == "PAUSED"
    notebook.pictures(pictures, "explorer")

    explorer.get_by_role("button", name="Tasks", exact=True).click()
    expect(explorer.get_by_role("region", name=f"Tasks of queue {ids[0]}")).to_contain_text("t-0")
    expect(panel).to_have_count(0)
    assert "TaskBrowser" in notebook.kernel("print(type(explorer.opened).__name__)")
    explorer.get_by_role("button", name="Close", exact=True).first.click()
    expect(explorer.get_by_role("region")).to_have_count(0)


def test_of_many_queues_all_are_found_and_acted_on_also_by_a_view_that_opens_later(
    lab: Lab, page: Page, service: Service
) -> None:
    project = f"many-{uuid4().hex[:6]}"
    with ct.connect(endpoint=service.url, project=project, location="us-central1") as client:
        client.upload_queue_yaml(
            "queue:\n" + "".join(f"- name: q-{n:03}\n  rate: {n + 1}/s\n" for n in range(250))
        )
        cell = (
            "import cloudtasks_nb as ct\n"
            f"explorer = ct.connect(project={project!r}, location='us-central1').explore()\nexplorer"
        )
        notebook = lab.open(page, lab.write(f"{project}.ipynb", cell, "explorer"))
        notebook.run_all()
        views = notebook.outputs.get_by_role("region", name=f"Queues of project {project}")
        first, later = views.first, views.last
        for view in (first, later):
            expect(view.locator(".ct-loaded")).to_have_text("250 of 250 listed")
            expect(view.get_by_role("button", name="all locations")).to_contain_text("250")

        first.get_by_role("button", name="Rate/s", exact=True).click()  # greatest first
        expect(first.locator("tbody tr").first).to_contain_text("q-249")
        first.get_by_role("searchbox", name="Find a queue").press_sequentially("q-24")
        expect(first.locator("tbody tr")).to_have_count(10)
        first.get_by_role("checkbox", name="Choose all queues shown").click()
        expect(later.get_by_text("10 queues chosen")).to_be_visible()
        first.get_by_role("button", name="Pause chosen").click()
        first.get_by_role("button", name="Confirm: pause chosen").click()
        expect(first.get_by_role("status").first).to_have_text("Paused 10 queues.")
        assert {queue.id for queue in client.queues(filter="state=PAUSED")} == {
            f"q-{n}" for n in range(240, 250)
        }
        expect(first.locator("tbody .ct-badge", has_text="PAUSED")).to_have_count(10)
        expect(later.get_by_role("group", name="State")).to_contain_text("paused10")
        expect(first.get_by_text("10 queues chosen")).to_be_visible()

        client.queue("q-000").delete()
        first.get_by_role("button", name="Refresh").click()
        for view in (first, later):
            expect(view.locator(".ct-loaded")).to_contain_text("of 249 listed")
            expect(view.get_by_text("10 queues chosen")).to_be_visible()
        assert notebook.kernel("print(sorted(queue.id for queue in explorer.chosen)[0])").strip() == "q-240"
