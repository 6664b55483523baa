"""Lines of Python for the verbs of the task browser: few tasks by id, many by a filter."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from ..redact import redacted
from .action import literal

if TYPE_CHECKING:
    from .task_browser import TaskBrowser

Which = Literal["selected", "matching"]
Confirm = int | str | None
FEW = 20  # up to this many tasks need no confirmation of their number


def _line(browser: TaskBrowser, which: Which, verb: str, before: str = "", after: str = "") -> str:
    """`before`: arguments of the browser's method before the tasks; `after`: of the queue's method after them."""
    tasks = browser._some(which)
    if len(tasks) <= FEW:
        return f"{browser.expression}.{verb}({literal([task.id for task in tasks])}{after})"
    return browser._again(f"{verb}({before}{literal(which)}, confirm={len(tasks)})")


def verb_line(verb: str) -> Callable[..., str]:
    """The line of a verb whose only argument is the tasks."""

    def line(browser: TaskBrowser, which: Which, confirm: object, stamp: str) -> str:
        return _line(browser, which, verb)

    return line


def copy_line(browser: TaskBrowser, to: str, which: Which, confirm: object, stamp: str) -> str:
    """The line that copies tasks."""
    return _line(browser, which, "copy_tasks", f"{literal(to)}, ", f", to={literal(to)}, new_ids=True")


def reschedule_line(browser: TaskBrowser, schedule: str, which: Which, confirm: object, stamp: str) -> str:
    """The line that reschedules tasks."""
    return _line(
        browser, which, "reschedule_tasks", f"{literal(schedule)}, ", f", schedule={literal(schedule)}"
    )


def edit_line(browser: TaskBrowser, task_id: str, changes: dict[str, Any] | None, delete_old: bool) -> str:
    """The line that creates a changed task."""
    shown = literal(redacted(changes or {}))
    return (
        f"{browser.expression}.browse().enqueue_edited({literal(task_id)}, {shown}, delete_old={delete_old})"
    )
