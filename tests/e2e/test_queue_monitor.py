"""QueueMonitor in a real JupyterLab: lines grow without clicks, and stop when the page closes."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

WAITING = """
import threading
threads = [thread for thread in threading.enumerate() if thread.name.startswith("QueueMonitor")]
print([thread.join(10) or thread.is_alive() for thread in threads])
"""


def test_lines_grow_while_the_page_is_open_and_the_samples_are_data(
    lab: Lab, page: Page, service: Service, pictures: Path
) -> None:
    queue_id = f"monitor-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    cell = (
        f'import cloudtasks_nb as ct\nmonitor = ct.connect().queue("{queue_id}").monitor(every_s=1)\nmonitor'
    )
    notebook = lab.open(page, lab.write(f"{queue_id}.ipynb", cell))
    notebook.run_all()
    monitor = notebook.outputs.get_by_role("region", name=f"Monitor of queue {queue_id}")
    tasks = monitor.get_by_role("img", name="Tasks (estimate): now")
    expect(tasks).to_have_accessible_name(
        "Tasks (estimate): now 0 tasks; in the last 60 minutes from 0 tasks to 0 tasks."
    )
    for number in range(3):
        service.create_task(queue_id, f"t-{number}", b"{}")
    expect(tasks).to_have_accessible_name(
        "Tasks (estimate): now 3 tasks; in the last 60 minutes from 0 tasks to 3 tasks."
    )
    expect(monitor.locator(".ct-stroke").first).to_be_visible()
    monitor.get_by_text("as a table").click()
    expect(monitor.locator(".ct-samples tbody tr").first).to_contain_text("3")
    notebook.pictures(pictures, "queue-monitor")
    assert notebook.kernel("print(list(monitor.to_dataframe().tasks_count)[-1], monitor.views)") == "3 1\n"

    service.delete_queue(queue_id)
    expect(monitor.locator(".ct-badge:visible")).to_have_text("NOT FOUND")
    notebook.pictures(pictures, "queue-monitor-gone")
    monitor.get_by_role("combobox", name="Sample").select_option("stopped")
    expect(monitor.get_by_role("status")).to_have_text("Sampling is stopped.")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    expect(monitor).to_have_count(0)
    notebook.wait_until_kernel_prints("0\n", "print(monitor.views)")
    assert notebook.kernel(WAITING) in ("[]\n", "[False]\n")
