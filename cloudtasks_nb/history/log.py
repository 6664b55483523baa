"""The task log of a queue: its entries, page by page, and one row with the outcome for each task.

Source: logging.v2 entries.list, log cloudtasks.googleapis.com/task_operations_log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ..errors import BY_STATUS, CloudTasksError, ConfigError
from ..model.instants import InstantLike
from ..names import QueueName, TaskName
from ..paging.listing import Listing
from ..paging.pager import Pager
from ..rest.session import Session
from .audit import read_audit
from .entries import LogEntry, read_entries
from .log_calls import EntryCall, bounds
from .rows import Rows
from .verdicts import CLOSED, LoggedTask, removed, told
from .windows import Window

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Table, Value
    from ..render.shapes import Tone

FAILED = "failed"
_STATUSES = ("OK", *BY_STATUS, "TARGET_TYPE_NOT_PERMITTED_FOR_VPC")
OUTCOME_TONES: dict[str, Tone] = {
    "done": "ok",
    "given up": "bad",
    "lost": "bad",
    "deleted": "warn",
    "waiting": "",
    "unknown": "",
}
TURN_ON = 'queue.update(stackdriver_logging_config={"sampling_ratio": 1.0})'
COST = "logs are billed by size: a million attempts are about 3 to 4 GB"


class LogQuery(Struct, frozen=True):
    """A query to a queue's log, and the sampling ratio of the log (None: unknown)."""

    queue: QueueName
    window: Window
    task: TaskName | None = None
    status: str = ""
    sampling: float | None = None
    is_pull: bool = False

    def filter(self) -> str:
        """The filter of entries.list."""
        project, log = self.queue.project, "cloudtasks.googleapis.com%2Ftask_operations_log"
        terms = [
            f'logName="projects/{project}/logs/{log}"',
            'resource.type="cloud_tasks_queue"',
            f'resource.labels.queue_id="{self.queue.queue}"',
            f'resource.labels.location="{self.queue.location}"',
        ]
        if self.task is not None:
            terms.append(f'jsonPayload.task="{self.task}"')
        if self.status == FAILED:
            terms += ["jsonPayload.attemptResponseLog:*", 'jsonPayload.attemptResponseLog.status!="OK"']
        elif self.status:
            terms.append(f'jsonPayload.attemptResponseLog.status="{self.status}"')
        return " AND ".join([*terms, *bounds(self.window)])

    def note(self) -> str:
        """A note about the entries that the log omits."""
        if self.is_pull:
            return "a pull queue has no setting that turns a log on"
        if self.sampling is None or self.sampling >= 1:
            return ""
        if self.sampling == 0:
            return f"logging is off; {TURN_ON} turns it on; {COST}"
        return f"the sampling ratio is {self.sampling:.3g}; {TURN_ON} logs everything; {COST}"


class Log(Pager[LogEntry]):
    """The entries of a queue's task log, oldest first. The first page is already read.

    Pages are read once. After an interrupt or an error, the next iteration, `tasks()` or export continues with the
    first missing page. Cloud Logging allows 60 calls per minute, of 1,000 entries each. More calls wait until the
    quota allows them.

    Example:
        >>> log = queue.log(since="1h")
        >>> log.tasks().to_dataframe()
    """

    def __init__(self, session: Session, query: LogQuery) -> None:
        self.query = query
        fetch = EntryCall(session, query.queue.project, {"filter": query.filter()})
        caption = f"log of {query.queue.location}/{query.queue.queue}"
        super().__init__(fetch, LogListing(session, caption, query), fetch.tokens(caption))

    @property
    def note(self) -> str:
        """A note about the entries that the log omits; empty if everything is logged."""
        return self.query.note()

    def tasks(self, progress: bool | None = None) -> LoggedTasks:
        """One row for each task, with its outcome. Reads all entries of the window.

        If the outcome of a task is unknown, the audit log shows whether the queue was purged or deleted since.

        `progress` shows a bar; it defaults to True for several pages.

        Errors: any ApiError if a page fails. Call again to continue with the page that failed.

        Example:
            >>> queue.log(since="1h").tasks().to_dataframe()
        """
        columns = self._listing.columns()
        entries = [entry for page in self._pages_of(columns, None, progress) for entry in page]
        queue, status = self.query.queue, self.query.status
        partial = f"only entries with status {status}" if status else ""
        caption = f"logged tasks of {queue.location}/{queue.queue}"
        return LoggedTasks(self._told(entries), caption, partial, self.note)

    def _told(self, entries: list[LogEntry]) -> list[LoggedTask]:
        session, queue = self._listing.session, self.query.queue
        rows = told(entries, session.now())
        if all(row.outcome in CLOSED for row in rows):
            return rows
        try:
            events, _ = read_audit(session, queue.project, queue, self.query.window)
        except CloudTasksError:  # without the audit log, their outcome stays unknown
            return rows
        return [removed(row, events) for row in rows]


class LogListing(Listing[LogEntry]):
    """The listing of log entries."""

    noun = "entry"

    def __init__(self, session: Session, caption: str, query: LogQuery) -> None:
        super().__init__(session, caption)
        self._note = query.note()
        self.filter, self.window = f"{query.task or ''} {query.status}", " ".join(bounds(query.window))

    @property
    def nouns(self) -> str:
        return "entries"

    def counted(self, count: int) -> str:
        return f"{count:,} {self.noun if count == 1 else self.nouns}"

    def items(self, raw: bytes) -> list[LogEntry]:
        return read_entries(raw)

    def columns(self) -> Columns[Any]:
        from .columns import LOG

        return LOG

    def table(self, items: list[LogEntry], footer: str | None = None) -> Table:
        from ..render import Table

        words = "; ".join(part for part in (footer or self.counted(len(items)), self._note) if part)
        return Table.of(items, entry_row, caption=self.caption, footer=words)


class LoggedTasks(Rows[LoggedTask]):
    """A list of tasks with their outcomes. Notebooks show it as a table; `to_dataframe()` and others export it.

    Example:
        >>> tasks = queue.log(since="1h").tasks()
        >>> [task.task for task in tasks if task.outcome == "given up"]
        []
    """

    noun = "task"

    def outcomes(self) -> dict[str, int]:
        """How many tasks had each outcome.

        Example:
            >>> queue.log(since="1h").tasks().outcomes()
            {}
        """
        counts: dict[str, int] = {}
        for one in self:
            counts[one.outcome] = counts.get(one.outcome, 0) + 1
        return dict(sorted(counts.items(), key=lambda held: -held[1]))

    def _own_columns(self) -> Columns[Any]:
        from .columns import LOGGED_TASKS

        return LOGGED_TASKS

    def _footer(self) -> str:
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in self.outcomes().items())
        return "; ".join(part for part in (super()._footer(), counts) if part)

    def _row(self, item: LoggedTask) -> dict[str, Value]:
        from ..render import Cell, badge, code
        from ..render.values import duration

        return {
            "task": code(item.task, item.name),
            "outcome": Cell(item.outcome, item.why, "badge", OUTCOME_TONES.get(item.outcome, "")),
            "attempts": item.attempts,
            "last status": badge(item.last_status, "ok" if item.last_status == "OK" else "bad")
            if item.last_status
            else None,
            "created": clock(item.created),
            "first dispatch": clock(item.first_dispatch),
            "last response": clock(item.last_answer),
            "total": duration(item.total) if item.total is not None else None,
        }


def entry_row(entry: LogEntry) -> dict[str, Value]:
    """The cells of an entry."""
    from ..redact import scrub
    from ..render import badge, code
    from ..render.values import duration
    from ..visible import elided

    status = entry.status
    address = scrub(f"{entry.method} {entry.url}".strip())
    return {
        "time": clock(entry.time),
        "kind": entry.kind,
        "task": code(entry.task, entry.name),
        "attempt": entry.attempt,
        "status": badge(status, "ok" if status == "OK" else "bad") if status else None,
        "took": duration(entry.took) if entry.took is not None else None,
        "retry at": clock(entry.retry_at),
        "target": code(elided(address, 40), address) if address else None,
    }


def clock(moment: Any) -> Value:
    """The time of day to the millisecond; the day on hover."""
    from ..render import Cell
    from ..render.values import exact

    return Cell(f"{moment:%H:%M:%S.%f}"[:-3], exact(moment)) if moment is not None else None


def checked_status(status: str | None) -> str:
    """A status for the filter, in capitals; "failed" means all but OK. Errors: ConfigError."""
    if status is None:
        return ""
    if isinstance(status, str):
        if status.lower() == FAILED:
            return FAILED
        if status.upper() in _STATUSES:
            return status.upper()
    raise ConfigError(
        f"status={status!r} is not a valid status of an attempt.",
        hint=f'use "failed", or one of {", ".join(_STATUSES)}',
    )


def window_of(session: Session, since: InstantLike, until: InstantLike | None = None) -> Window:
    """The window of time, by the service's clock. Errors: ConfigError."""
    return Window.of(since, until, session.now())
