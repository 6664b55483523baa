"""The rows that a page shows of a task browser."""

from __future__ import annotations

from collections.abc import Callable

from cloudtasks_nb.widgets.task_browser import TaskBrowser

from .page import FakePage

Clicking = Callable[[TaskBrowser], FakePage]


def ids(browser: TaskBrowser) -> list[str]:
    return [str(task_id) for task_id in browser.table["ids"]]


def cell(browser: TaskBrowser, task_id: str, column: str) -> object:
    """The text that the page shows of a task in a column."""
    at = browser.table["ids"].index(task_id)
    held = next(held for held in browser.table["columns"] if held["name"] == column)
    if "values" in held:
        return held["values"][at]
    place = held["at"][at]
    return held["different"][place] if place >= 0 else None
