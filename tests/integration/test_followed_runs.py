"""A panel shows the outcome of a run without a refresh."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import cloudtasks_nb as ct
from tests.scripted import answer, scripted
from tests.unit.widgets.page import FakePage
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def client() -> Iterator[ct.Client]:
    with ct.local() as client:
        yield client


@pytest.mark.parametrize(
    ("status", "words"), [(503, "503 → UNAVAILABLE"), (200, "succeeded and was deleted")]
)
def test_the_end_of_a_run_is_shown(client: ct.Client, status: int, words: str) -> None:
    queue = client.create_queue(f"follow-{status}", retry_config={"min_backoff": 3600, "max_backoff": 3600})
    with scripted(answer(status)) as target:
        queue.create_task("x", url=target.url, schedule=3600, task_id="t")
        browser = queue.browse()
        page = FakePage(browser)
        page.send({"do": "mounted"})
        browser.load_all()
        page.click("open_task", task_id="t")
        page.click("run_task", task_id="t")
        wait_until(lambda: words in browser.notice["text"])
        page.settle()
    if status == 503:
        assert "503" in json.dumps(browser.detail["facts"])
    else:
        assert browser.detail == {}
    browser.close()


def test_the_opened_task_is_read_again_with_the_table(client: ct.Client) -> None:
    queue = client.create_queue("renewed")
    queue.create_task("x", url="https://example.com", schedule=3600, task_id="t")
    browser = queue.browse()
    browser.open_task("t")
    queue.task("t").delete()
    browser.refresh()
    assert browser.detail == {} and browser.table["ids"] == []
    browser.close()
