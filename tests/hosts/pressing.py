"""The checks for each notebook: a panel acts, a listing turns to a shorter page, and screenshots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.service import Service

CELL = """
import cloudtasks_nb as ct
queue = ct.connect().queue({queue_id!r})
"""


def pause(page: Page, service: Service, queue_id: str) -> None:
    """Pause the queue with its first panel."""
    panel = page.get_by_role("region", name=f"Queue {queue_id}", exact=True).first
    panel.get_by_role("button", name="Pause", exact=True).click()
    expect(panel.locator(".ct-badge").first).to_have_text("PAUSED")
    assert service.queue(queue_id)["state"] == "PAUSED"


# Presses heads with Shift, before the kernel can answer.
SORT = """(panel, columns) => {
    for (const column of columns) {
        const press = new MouseEvent('click', { bubbles: true, shiftKey: true });
        panel.querySelector(`.ct-sort[data-column="${column}"]`).dispatchEvent(press);
    }
}"""


def press_heads(page: Page, queue_id: str) -> None:
    """Filter with the heads of the task browser, by a click and by a drag, and sort by two columns."""
    tasks = page.get_by_role("region", name=f"Tasks of queue {queue_id}")
    tasks.get_by_role("button", name="Load all").click()
    typed = tasks.locator(".ct-search")
    tasks.get_by_role("group", name="Filter by method").get_by_role("button").click()
    expect(typed).to_have_value("method:POST")
    bars = tasks.get_by_role("group", name="Filter by schedule")
    bars.scroll_into_view_if_needed()
    box = bars.bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 9)
    page.mouse.up()
    expect(typed).to_have_value(re.compile(r"^method:POST due>=\S+ due<\S+$"))
    expect(tasks.locator(".ct-found")).to_have_text("30 of 31 match")
    tasks.evaluate(SORT, ["attempts", "task"])
    for column, text in {"attempts": "Attempts↑1", "task": "Task↑2"}.items():
        expect(tasks.locator(f'.ct-sort[data-column="{column}"]')).to_have_text(text)


def turn(page: Page, queue_id: str) -> None:
    """Go to the second page of the task browser, which is shorter."""
    tasks = page.get_by_role("region", name=f"Tasks of queue {queue_id}")
    expect(tasks.locator("tr[data-id]")).not_to_have_count(0)
    tasks.get_by_role("button", name="Next", exact=True).click()
    expect(tasks.locator("tr[data-id]")).to_have_count(5)
    expect(tasks.get_by_role("button", name="t-29")).to_be_visible()
