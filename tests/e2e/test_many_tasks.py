"""Ten thousand loaded tasks on a bare page: few rows in it, the last one reached, by wheel and by keyboard."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct

from .bare_page import mount
from .service import Service

pytestmark = pytest.mark.browser

MANY = 10_000


def test_ten_thousand_tasks_keep_the_page_small_and_scroll_to_the_last(page: Page, service: Service) -> None:
    queue_id = f"many-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    with ct.connect(endpoint=service.url) as client:
        queue = client.queue(queue_id)
        request = ct.model.HttpRequest(url="https://example.com/send", http_method="POST")
        tasks = [
            ct.Task(name=f"{queue.name}/tasks/t-{number:05}", http_request=request) for number in range(MANY)
        ]
        browser = queue.browse()
        browser.scope = "all"
        browser._fill(tasks)
        mount(page, browser)
    table, scroll = page.locator("table.ct-tasks"), page.locator(".ct-scroll")
    rows = table.locator("tbody tr[data-id]")
    expect(table).to_have_attribute("aria-rowcount", str(MANY + 1))
    assert 0 < rows.count() < 60
    scroll.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    expect(page.get_by_role("button", name=f"t-{MANY - 1:05}")).to_be_in_viewport()
    expect(rows.last).to_have_attribute("aria-rowindex", str(MANY + 1))
    assert rows.count() < 60
    page.get_by_role("checkbox", name=f"Select task t-{MANY - 1:05}").focus()
    page.keyboard.press("Home")
    expect(page.get_by_role("checkbox", name="Select task t-00000")).to_be_focused()
    scroll.evaluate("node => { node.scrollTop = node.scrollHeight / 2; }")  # the focused row leaves the page
    expect(page.get_by_role("button", name="t-00000")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="t-00001")).to_be_focused()
    assert rows.count() < 60
