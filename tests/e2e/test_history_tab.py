"""The History tab of the queue panel: it reads when opened, and draws again without a request to the kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.queue_panel import QueuePanel

from .bare_page import mount
from .service import Service

pytestmark = pytest.mark.browser


@pytest.fixture
def panel(service: Service) -> Iterator[QueuePanel]:
    queue_id = f"history-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    service.create_task(queue_id, "t-1", b"{}")
    with ct.connect(endpoint=service.url) as client:
        yield QueuePanel(client.queue(queue_id).pause())


def sent(page: Page) -> list[dict[str, object]]:
    found: list[dict[str, object]] = page.evaluate(
        "() => window.sent.filter(({ do: name }) => !['look', 'here'].includes(name))"
    )
    return found


def test_nothing_is_read_before_it_is_opened(page: Page, panel: QueuePanel) -> None:
    mount(page, panel)
    expect(page.get_by_role("region", name="History", exact=True)).to_be_hidden()
    assert [message["do"] for message in sent(page)] == ["mounted"]
    page.get_by_role("button", name="History", exact=True).click()
    expect(page.get_by_role("region", name="History", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_hidden()
    assert [(message["do"], message.get("args")) for message in sent(page)[1:]] == [
        ("read_history", {"since": "24h"})
    ]


def test_a_run_with_a_pause_can_be_read(page: Page, pictures: Path) -> None:
    page.set_viewport_size({"width": 900, "height": 800})
    with ct.local(clock="manual") as client:
        inbox = client.emulator.inbox()
        inbox.on("/send")(lambda request: 503 if request.json() % 20 == 0 else 200)
        retries, rates = {"max_attempts": 3, "min_backoff": 60}, {"max_tasks_dispatched_per_second": 1}
        queue = client.create_queue("newsletter", retry_config=retries, rate_limits=rates)
        tasks = [{"payload": n, "url": inbox.url_for("/send")} for n in range(600)]
        queue.create_tasks(tasks, progress=False).raise_for_errors()
        client.emulator.advance("6m")
        queue.pause()
        client.emulator.advance("10m")
        queue.resume()
        client.emulator.advance("25m")
        for theme, place in (("light", "plain"), ("dark", "sphinx-dark")):
            panel = QueuePanel(queue)
            panel.read_history("1h")
            mount(page, panel, place)
            page.get_by_role("button", name="History", exact=True).click()
            expect(page.get_by_role("row", name=re.compile("ResumeQueue"))).to_be_visible()
            failed = page.get_by_role("img", name=re.compile("Attempts that failed"))
            expect(failed).to_have_accessible_name(re.compile("from 0 to [1-9]"))
            shown = page.get_by_role("region", name="Queue newsletter")
            shown.screenshot(path=pictures / f"panel-history-{theme}.png", animations="disabled")


def test_charts_are_drawn_anew_without_the_kernel(page: Page, panel: QueuePanel) -> None:
    panel.read_history("24h")
    mount(page, panel)
    page.get_by_role("button", name="History", exact=True).click()
    history = page.get_by_role("region", name="History", exact=True)
    chart = history.get_by_role("img", name=re.compile("Tasks in the queue"))
    expect(chart).to_have_accessible_name(re.compile("in the last 24 hours"))
    history.get_by_role("combobox", name="Charts show the last").select_option("1 h")
    expect(chart).to_have_accessible_name(re.compile("in the last 60 minutes"))
    expect(history.get_by_role("row", name=re.compile("PauseQueue"))).to_be_visible()
    expect(history).to_contain_text("1 task")
    assert [message["do"] for message in sent(page)] == ["mounted"]
    history.get_by_role("combobox", name="Report of").select_option("the last 7 days")
    assert [message["do"] for message in sent(page)] == ["mounted", "read_history"]
    page.get_by_role("button", name="Now").click()
    expect(history).to_be_hidden()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
