"""How did the run of a task end? The panel asks until it knows, while somebody looks."""

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

FIRST_S = 0.25  # until the first question; each further one waits twice as long
LAST_S = 16.0  # what takes longer shows when the panel is read again


def follow(browser: TaskBrowser, sent: Task, wait_s: float = FIRST_S) -> None:
    """Ask later how it ended, off the panel's thread. Where nobody looks, or nothing can be shown later, not at all."""
    if not browser.views or on_colab() or wait_s > LAST_S:
        return
    later = threading.Timer(wait_s, lambda: browser._worker.submit(partial(_look, browser, sent, wait_s)))
    later.daemon = True
    later.start()


def _look(browser: TaskBrowser, sent: Task, wait_s: float) -> None:
    said, level = f"{sent.id} succeeded, and is gone.", "ok"
    try:
        now = browser.queue.task(sent.id, view="BASIC")
    except NotFound:
        pass
    except CloudTasksError:
        return  # the next reading of the panel says so
    else:
        if now.response_count <= sent.response_count or now.last_status is None:
            follow(browser, sent, wait_s * 2)
            return
        said = f"{sent.id} was answered: {status_badge(now.last_status).text}."
        level = "error" if now.last_status.code else "ok"
    browser.show(said, level=level)
    browser.look()
