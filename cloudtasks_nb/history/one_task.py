"""The history of one task: its log entries, whether it still waits, and the admin calls about its queue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from msgspec.structs import replace

from ..errors import CloudTasksError, NotFound
from ..model.instants import InstantLike
from ..model.task import Task
from ..names import TaskName
from ..paging.exports import Exports
from ..rest.session import Session
from ..shown import Shown
from .audit import AuditEvent, read_audit
from .entries import LogEntry
from .log import OUTCOME_TONES, Log, LogQuery, entry_row
from .verdicts import LoggedTask, removed, verdict
from .windows import Window

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Card, Value


class TaskHistory(Shown, Exports, Sequence[LogEntry]):
    """The history of one task: its outcome, and a sequence of its log entries, oldest first.

    Example:
        >>> history = task.history()
        >>> history.outcome, history.why
        ('waiting', 'it is still in its queue')
    """

    _has_payloads = False

    def __init__(
        self, story: LoggedTask, entries: Sequence[LogEntry], events: list[AuditEvent], note: str
    ) -> None:
        self.story = story
        self.events = events
        self.note = note
        self._entries = list(entries)

    @property
    def task(self) -> str:
        """The id of the task."""
        return self.story.task

    @property
    def outcome(self) -> str:
        """The outcome: "done", "given up", "waiting", "lost", "deleted" or "unknown"."""
        return self.story.outcome

    @property
    def why(self) -> str:
        """The reason for the outcome."""
        return self.story.why

    @overload
    def __getitem__(self, at: int) -> LogEntry: ...
    @overload
    def __getitem__(self, at: slice) -> list[LogEntry]: ...
    def __getitem__(self, at: int | slice) -> LogEntry | list[LogEntry]:
        return self._entries[at]

    def __len__(self) -> int:
        return len(self._entries)

    def _own_columns(self) -> Columns[Any]:
        from .columns import LOG

        return LOG

    def _pages_of(self, columns: Columns[Any], limit: int | None, progress: bool | None) -> Iterator[Any]:
        return iter([columns.of(self._entries[:limit])])

    def _shape_(self) -> Card:
        from ..render import Card, Table, badge
        from ..render.values import duration, exact
        from .look import sections

        story = self.story
        instants = {
            "created": story.created,
            "first dispatch": story.first_dispatch,
            "last response": story.last_answer,
            "next attempt": story.retry_at,
        }
        return Card(
            self.task,
            kind="history of a task",
            badge=badge(self.outcome, OUTCOME_TONES.get(self.outcome, "")),
            facts={
                "why": self.why,
                "attempts": str(story.attempts) if story.attempts else "unknown",
                **{label: exact(at) for label, at in instants.items() if at is not None},
                "total time": duration(story.total) if story.total is not None else None,
                "note": self.note or None,
            },
            table=Table.of(self._entries, _row) if self._entries else None,
            sections=sections(None, self.events, of_one=True),
            code=["history.to_dataframe()"],
        )

    def __repr__(self) -> str:
        return f"<TaskHistory of {self.task}: {self.outcome}, entries: {len(self)}>"


def _row(entry: LogEntry) -> dict[str, Value]:
    """The cells of an entry, without the name of the task."""
    return {head: value for head, value in entry_row(entry).items() if head != "task"}


def task_history(
    session: Session, name: TaskName, since: InstantLike, *, is_gone: bool = False
) -> TaskHistory:
    """The history of a task, in two calls; `is_gone`: the task is known to be gone, else one more call may ask for it.

    Errors: any ApiError of the log; ConfigError for an invalid window.
    """
    window = Window.of(since, None, session.now())
    log = Log(session, LogQuery(name.parent, window, task=name))
    entries = list(log)
    story = verdict(entries, session.now()) if entries else LoggedTask(task=name.task, name=str(name))
    events = _events(session, name, window)
    if story.outcome not in ("done", "given up", "deleted"):
        story = _looked_up(session, name, story, events, is_gone=is_gone)
    told = [event for event in events if not (story.created and event.time and event.time < story.created)]
    return TaskHistory(story, entries, told, log.note)


def _events(session: Session, name: TaskName, window: Window) -> list[AuditEvent]:
    """The admin calls about its queue; empty if they cannot be read."""
    try:
        return read_audit(session, name.project, name.parent, window)[0]
    except CloudTasksError:
        return []


def _looked_up(
    session: Session, name: TaskName, story: LoggedTask, events: list[AuditEvent], *, is_gone: bool
) -> LoggedTask:
    """Complete the outcome from the API and the audit log, if the task log does not show it."""
    try:
        if not is_gone:
            session.call("projects.locations.queues.tasks.get", Task, path={"name": str(name)})
            return replace(story, outcome="waiting", why="it is still in its queue")
    except NotFound:
        pass
    except CloudTasksError:
        return story
    found = removed(story, events)
    if found.outcome == "deleted":
        return found
    words = "it no longer exists, and the log does not show how it ended"
    if story.last_seen is None:
        words = "it does not exist, and has no log entry: logging was off, did not sample it, or its entries expired"
    return replace(story, outcome="unknown", why=words)
