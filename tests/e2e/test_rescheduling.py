"""Reschedule tasks by clicks in a real JupyterLab, below a forecast that shows the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab

pytestmark = pytest.mark.browser

CELLS = (
    'import cloudtasks_nb as ct\nclient = ct.local(clock="manual")\n'
    'queue = client.create_queue("emails", rate_limits={"max_tasks_dispatched_per_second": 0.05}).pause()\n'
    'rows = [{"payload": {"n": n}, "task_id": f"t-{n}"} for n in range(6)]\n'
    'made = queue.create_tasks(rows, url="http://127.0.0.1:9/", progress=False)',
    "queue.resume().forecast(latency=2, failure=0.1, rate=1)",
    "browser = queue.browse()\nbrowser",
)


def test_a_selection_gets_another_time(lab: Lab, page: Page, pictures: Path) -> None:
    notebook = lab.open(page, lab.write("reschedule.ipynb", *CELLS))
    notebook.run_all()
    card = notebook.outputs.filter(has_text="forecast").first
    expect(card).to_contain_text("unchanged")
    browser = notebook.outputs.get_by_role("region", name="Tasks of queue emails")
    for name in ("t-1", "t-2"):
        browser.get_by_role("row", name=name).get_by_role("checkbox").click()
    expect(browser.get_by_role("radio", name="2 selected")).to_be_visible()  # the kernel has received both
    browser.get_by_role("button", name="Reschedule…").click()
    form = browser.get_by_role("form", name="Reschedule tasks").or_(
        browser.get_by_role("region", name="Reschedule tasks")
    )
    expect(form).to_contain_text("Then the original is deleted.")
    submit = form.get_by_role("button", name="Reschedule 2 tasks")
    expect(submit).to_be_disabled()
    form.get_by_role("textbox").fill("2h")
    notebook.pictures(pictures, "reschedule")
    submit.click()
    expect(browser).to_contain_text("2 tasks rescheduled")
    late = "[task.id for task in queue.tasks() if task.schedule_time > client.emulator.refresh().info.time]"
    assert (
        notebook.kernel(f"print(sorted(name.partition('-r')[0] for name in {late}))").strip()
        == "['t-1', 't-2']"
    )
    assert notebook.kernel("print(queue.count_tasks(progress=False))").strip() == "6"
