"""Polls a task after "Run" until the task ends, while a page is visible."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from ..errors import CloudTasksError, NotFound
from ..render.status import status_badge
from .panel_thread import on_colab

if TYPE_CHECKING:
    from ..resources.task import Task
    from .task_browser import TaskBrowser

FIRST_S = 0.25  # before the first poll; each further pause is twice as long
LAST_S = 16.0  # slower results appear when the panel is refreshed


def follow(browser: TaskBrowser, sent: Task, wait_s: float = FIRST_S) -> None:
    """Schedule a poll, off the panel's thread. Does nothing without a visible page, or where later output is lost."""
    if not browser.views or on_colab() or wait_s > LAST_S:
        return
    later = threading.Timer(wait_s, lambda: browser._worker.submit(partial(_look, browser, sent, wait_s)))
    later.daemon = True
    later.start()


def _look(browser: TaskBrowser, sent: Task, wait_s: float) -> None:
    said, level = f"{sent.id} succeeded and was deleted.", "ok"
    try:
        now = browser.queue.task(sent.id, view="BASIC")
    except NotFound:
        pass
    except CloudTasksError:
        return  # the next update of the panel shows it
    else:
        if now.response_count <= sent.response_count or now.last_status is None:
            follow(browser, sent, wait_s * 2)
            return
        said = f"The attempt of {sent.id} ended with {status_badge(now.last_status).text}."
        level = "error" if now.last_status.code else "ok"
    browser.show(said, level=level)
    browser.look()
