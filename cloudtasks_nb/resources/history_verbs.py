"""Which verbs tell what happened? Of a queue and of a task, gone or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.instants import InstantLike
from ..names import TaskName, task_in
from .bound import Bound, QueueVerbs

if TYPE_CHECKING:
    from ..history.audit import AuditTrail
    from ..history.log import Log
    from ..history.measures import Metrics
    from ..history.one_task import TaskHistory
    from ..history.report import Report
    from ..model.queue import StackdriverLoggingConfig
    from .task import Task


class HistoryVerbs(QueueVerbs):
    """What happened to a queue's tasks, those that are gone included."""

    __slots__ = ()
    if TYPE_CHECKING:
        stackdriver_logging_config: StackdriverLoggingConfig | None

    def report(self, since: InstantLike = "24h", until: InstantLike | None = None) -> Report:
        """What became of the queue's work since then: how many, how many failed and why, from when to when, how late.

        Five calls of Cloud Monitoring and one of Cloud Logging. A source that may not be read is no error: the report
        says which role or switch is missing, and its numbers are None. The window is widened to whole minutes.

        Units: `since` and `until` are durations before now ("24h", a timedelta), datetimes or ISO text.

        Errors: ConfigError for a window in the future or one that ends before it begins; NotFound when there is no such
        queue and nothing is known of one; AuthError, TransportError.

        Source: GET /v3/projects/{project}/timeSeries of Cloud Monitoring, POST /v2/entries:list of Cloud Logging.

        Example:
            >>> queue.report(since="24h")
            >>> queue.report(since="2h").created
            5
        """
        from ..history.report import report

        return report(self._session, self._parsed, since, until)

    def metrics(self, since: InstantLike = "24h", until: InstantLike | None = None) -> Metrics:
        """Depth, attempts by outcome, delays and API calls over time, as one tidy table. Four calls.

        The steps of time fit the window: a minute for up to twelve hours, 15 minutes for a week.

        Units: `since` and `until` as of report(). Delays are seconds.

        Errors: PermissionDenied (roles/monitoring.viewer is missing, or the API is off), ConfigError.

        Source: GET /v3/projects/{project}/timeSeries of Cloud Monitoring.

        Example:
            >>> queue.metrics("7d").to_dataframe()
        """
        from ..history.measures import metrics

        return metrics(self._session, self._parsed, since, until)

    def log(
        self,
        since: InstantLike = "1h",
        task: str | Task | None = None,
        status: str | None = None,
        until: InstantLike | None = None,
    ) -> Log:
        """The entries of its task log, oldest first: created, dispatched, answered, deleted. Lazy after the first page.

        `log.tasks()` makes one row for each task of them, with its outcome. The log holds only what the queue samples:
        stackdriver_logging_config={"sampling_ratio": 1.0} in queue.update() logs everything from then on.

        - `task`: entries of this task only: a Task, its id or its name.
        - `status`: answers with this google.rpc code only, or "failed" for all that are not OK.

        Units: `since` and `until` as of report().

        Errors: PermissionDenied (roles/logging.viewer is missing, or the API is off), ConfigError.

        Source: POST /v2/entries:list of Cloud Logging.

        Example:
            >>> queue.log(since="1h", status="failed").to_dataframe()
            >>> queue.log(since="1h").tasks()
        """
        from ..history.log import Log, LogQuery, checked_status, window_of

        window = window_of(self._session, since, until)
        name = task_in(self._parsed, task) if task is not None else None
        query = LogQuery(self._parsed, window, name, checked_status(status), self._sampling)
        return Log(self._session, query)

    def audit(self, since: InstantLike = "7d") -> AuditTrail:
        """Who paused, resumed, purged, changed or deleted the queue. Google keeps this for 400 days, always.

        Units: `since` as of report().

        Errors: PermissionDenied (roles/logging.viewer is missing, or the API is off), ConfigError.

        Source: POST /v2/entries:list of Cloud Logging.

        Example:
            >>> queue.pause()
            >>> queue.audit(since="7d").to_dataframe()
        """
        from ..history.audit import audit

        return audit(self._session, self._parsed.project, self._parsed, since)

    @property
    def _sampling(self) -> float | None:
        """How much of its work is logged; None where the queue was not read."""
        if not self.state:
            return None
        config = self.stackdriver_logging_config
        return float(config.sampling_ratio or 0.0) if config is not None else 0.0


class TaskHistoryVerb(Bound):
    """What happened to one task."""

    __slots__ = ()
    if TYPE_CHECKING:

        @property
        def _parsed(self) -> TaskName: ...

    def history(self, since: InstantLike = "7d") -> TaskHistory:
        """What became of it, whether it is still there or not: its log entries, and the outcome.

        Where its log leaves the outcome open, one call looks whether it still waits, and the audit log says whether its
        queue was purged or deleted.

        Units: `since` is a duration before now, a datetime or ISO text.

        Errors: PermissionDenied (roles/logging.viewer is missing, or the API is off), ConfigError.

        Source: POST /v2/entries:list of Cloud Logging.

        Example:
            >>> task.history().outcome
            'waiting'
            >>> queue.task("welcome", read=False).history()
        """
        from ..history.one_task import task_history

        return task_history(self._session, self._parsed, since, None)
