"""A listing of the tasks of a queue that will soon be given up or expire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import index
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import ConfigError
from ..model.durations import EXAMPLES, DurationLike, span_of
from ..model.queue import Queue as QueueFields
from ..model.task import Task as TaskFields
from ..model.task import View
from ..resources.queue import Queue, read_queue
from ..resources.task import Task, TaskListing, check_view, paged
from ..resources.task_pager import TaskPager
from ..rest.session import Session
from .fate import Fate, Risk, Soon, fate_of, risk_of

if TYPE_CHECKING:
    from ..frames import Columns
    from ..frames import TaskPage as TaskColumns
    from ..render import Table


class Endangered(msgspec.Struct, frozen=True):
    """A task at risk, with its fate and the reason."""

    task: TaskFields
    fate: Fate
    risk: Risk


class Judge:
    """Decides which tasks are at risk, by the settings that the queue had when they were read."""

    def __init__(self, queue: QueueFields, now: datetime, soon: Soon) -> None:
        self.queue, self._now, self.soon = queue, now, soon

    def of(self, task: TaskFields) -> Endangered | None:
        """The task with the reason why it is at risk; None if it is not."""
        fate = fate_of(task, self.queue, self._now, self.soon)
        risk = risk_of(task, self.queue, fate, self._now, self.soon)
        return Endangered(task, fate, risk) if risk is not None else None

    def among(self, tasks: Sequence[TaskFields]) -> list[Endangered | None]:
        """One result for each task, in the same order."""
        return [self.of(task) for task in tasks]


def at_risk(queue: Queue, attempts_left: int, within: DurationLike, view: View, page_size: int) -> TaskPager:
    """The listing. Errors: NotFound, PermissionDenied; ConfigError for a wrong number, duration or view."""
    check_view(view)  # before the queue is read
    judge = judge_of(queue, soon_of(attempts_left, within))
    return endangered(queue, judge, view, page_size)


def judge_of(queue: Queue, soon: Soon) -> Judge:
    """A Judge with the current settings of the queue. Errors: NotFound, PermissionDenied."""
    return Judge(read_queue(queue._session, queue._parsed), queue._session.now(), soon)


def endangered(queue: Queue, judge: Judge, view: View, page_size: int = 1000) -> TaskPager:
    """The tasks of a queue that are at risk, page by page. Errors: NotFound, PermissionDenied, ConfigError."""
    session, name = queue._session, queue._parsed
    query = {"responseView": check_view(view), "pageSize": page_size}
    caption = f"tasks of {name.location}/{name.queue} at risk"
    return paged(RiskListing(judge, session, caption, has_payloads=view == "FULL"), name, query)


def soon_of(attempts_left: int, within: DurationLike) -> Soon:
    """Validate the limits. Errors: ConfigError."""
    try:
        few = index(attempts_left)
    except TypeError:
        few = -1
    if isinstance(attempts_left, bool) or few < 0:
        raise ConfigError(
            f"attempts_left must be a whole number of 0 or more, not {attempts_left!r}.",
            hint="pass 0, 1, 2, …",
        )
    try:
        span = span_of(within)
    except (TypeError, ValueError, OverflowError):
        span = timedelta(-1)
    if span < timedelta():
        raise ConfigError(
            f"within must be a duration of 0 or more, not {within!r}.",
            hint=f"pass a timedelta, seconds, or text such as {EXAMPLES}",
        )
    return Soon(few, span)


class RiskListing(TaskListing):
    """The tasks of a page that are at risk."""

    rest = ""

    def __init__(self, judge: Judge, session: Session, caption: str, **how: Any) -> None:
        super().__init__(session, caption, **how)
        self._judge = judge
        self.filter = str(judge.soon)

    def items(self, raw: bytes) -> list[Task]:
        return [task for task in super().items(raw) if self._judge.of(task) is not None]

    def columns(self) -> Columns[TaskColumns]:
        from .at_risk_columns import risk_columns

        return risk_columns(self._judge)

    def table(self, items: list[Task], footer: str | None = None) -> Table:
        from .at_risk_table import risk_table

        found = [held for held in self._judge.among(items) if held is not None]
        return risk_table(found, caption=self.caption, footer=footer, now=self.session.now())
