"""Whatever a task holds is shown and never run: in cards, tables, panels and payloads."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from .lab import Lab
from .service import Service

pytestmark = pytest.mark.browser

ATTACK = '"><img src=x onerror="window.attacked=1"><script>window.attacked=1</script>'

CELLS = (
    'import cloudtasks_nb as ct\nqueue = ct.connect().queue("{queue_id}")\nqueue.tasks(view="FULL")',
    'queue.task("hostile")',
    "queue.panel()",
    "queue.browse()",
)


def test_hostile_content_is_text(lab: Lab, page: Page, service: Service) -> None:
    queue_id = f"hostile-{uuid4().hex[:8]}"
    service.create_queue(queue_id)
    url = "https://example.com/" + ATTACK.replace(" ", "%20")
    service.create_task(queue_id, "hostile", ATTACK.encode(), url=url, headers={"X-Note": ATTACK})
    notebook = lab.open(
        page, lab.write(f"{queue_id}.ipynb", *(cell.format(queue_id=queue_id) for cell in CELLS))
    )
    notebook.run_all()
    browser = notebook.outputs.get_by_role("region", name=f"Tasks of queue {queue_id}")
    browser.get_by_role("button", name="hostile").click()
    detail = browser.get_by_role("region", name="Task hostile")
    expect(detail.locator("pre")).to_have_text(ATTACK)
    detail.locator("summary").click()
    expect(detail.get_by_role("row", name="X-Note")).to_contain_text(ATTACK)
    assert notebook.outputs.locator("img[src=x], script").count() == 0
    assert page.evaluate("() => window.attacked") is None
