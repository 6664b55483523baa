from __future__ import annotations

from collections.abc import Callable

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.widgets.task_browser import TaskBrowser

from .page import FakePage

Clicking = Callable[[TaskBrowser], FakePage]


def test_an_edited_task_is_created_before_the_old_one_is_deleted(queue: ct.Queue, clicking: Clicking) -> None:
    queue.create_task(
        {"to": "ada", "password": "hunter-2-secret"}, url="https://example.com/?token=abc", schedule=3600,
        headers={"Authorization": "Bearer keep-me-123", "X-A": "1"}, task_id="old",
    )  # fmt: skip
    browser = TaskBrowser(queue)
    page = clicking(browser)
    page.click("edit", task_id="old")
    form = browser.form
    assert not any(secret in str(browser.get_state()) for secret in ("keep-me", "token=abc", "hunter"))
    changes = {
        "payload": form["payload"].replace("ada", "grace"),
        "url": form["url"],
        "headers": dict(form["headers"]) | {"X-A": "2"},
    }
    assert "was deleted" in page.click("enqueue_edited", task_id="old", changes=changes, delete_old=True)
    (made,) = [task for task in queue.tasks(view="FULL") if not task.id.startswith("t-")]
    assert made.json() == {"to": "grace", "password": "hunter-2-secret"}
    assert (made.url, made.headers["Authorization"]) == (
        "https://example.com/?token=abc",
        "Bearer keep-me-123",
    )
    assert (made.headers["X-A"], made.id != "old", browser.form) == ("2", True, {})
    refused = page.click("enqueue_edited", task_id="t-0", changes={"url": "no url"}, delete_old=True)
    assert refused and browser.notice["level"] == "error"
    assert "t-0" in {task.id for task in queue.tasks()}


@pytest.mark.parametrize(
    "changes", [{"nope": 1}, {"url": 7}, {"tag": {}}, {"headers": "x"}, {"headers": {"X-A": None}}, "x", [1]]
)
def test_a_change_that_is_none_creates_nothing(queue: ct.Queue, clicking: Clicking, changes: object) -> None:
    browser = TaskBrowser(queue)
    words = clicking(browser).click("enqueue_edited", task_id="t-0", changes=changes, delete_old=True)
    assert words.startswith("Nothing was created: ") and "payload, url" in browser.notice["hint"]
    assert {task.id for task in queue.tasks()} == {"t-0", "t-1", "t-2"}
