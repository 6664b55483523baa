"""The verbs for the history of a queue or a task, even after its deletion."""

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
    """The history of a queue's tasks, including those that are gone."""

    __slots__ = ()
    if TYPE_CHECKING:
        stackdriver_logging_config: StackdriverLoggingConfig | None

    def report(self, since: InstantLike = "24h", until: InstantLike | None = None) -> Report:
        """Summarise the queue's tasks in a time window: how many, how many failed and why, their times and delays.

        Makes five calls of Cloud Monitoring and one of Cloud Logging. If you may not read a source, the report names
        the missing role or setting, and its numbers are None. The window is widened to whole minutes.

        Units: `since` and `until` are durations before now ("24h", a timedelta), datetimes or ISO text.

        Errors: ConfigError for a window in the future or one that ends before it begins; NotFound if the queue does not
        exist and has no history; AuthError, TransportError.

        Source: GET /v3/projects/{project}/timeSeries of Cloud Monitoring, POST /v2/entries:list of Cloud Logging.

        Example:
            >>> queue.report(since="24h")
            >>> queue.report(since="2h").created
            5
        """
        from ..history.report import report

        return report(self._session, self._parsed, since, until)

    def metrics(self, since: InstantLike = "24h", until: InstantLike | None = None) -> Metrics:
        """Depth, attempts by outcome, delays and API calls over time, as one tidy table. Makes four calls.

        The interval between rows fits the window: a minute for up to twelve hours, 15 minutes for a week.

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
        """The entries of the task log, oldest first: created, dispatched, responded, deleted. Lazy after page 1.

        `log.tasks()` makes one row for each task, with its outcome. The log holds only the share that the queue
        samples: queue.update(stackdriver_logging_config={"sampling_ratio": 1.0}) logs everything from then on.

        - `task`: only entries of this task: a Task, its id or its name.
        - `status`: only responses with this google.rpc code, or "failed" for all that are not OK.

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
        query = LogQuery(
            self._parsed, window, name, checked_status(status), self._sampling, is_pull=self.kind == "pull"
        )
        return Log(self._session, query)

    def audit(self, since: InstantLike = "7d") -> AuditTrail:
        """Who paused, resumed, purged, changed or deleted the queue. Google always keeps this for 400 days.

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
        """The share of its operations that is logged; None if the queue was not read."""
        if not self.state:
            return None
        config = self.stackdriver_logging_config
        return float(config.sampling_ratio or 0.0) if config is not None else 0.0


class TaskHistoryVerb(Bound):
    """The history of one task."""

    __slots__ = ()
    if TYPE_CHECKING:

        @property
        def _parsed(self) -> TaskName: ...

    def history(self, since: InstantLike = "7d") -> TaskHistory:
        """The history of the task, even after it is gone: its log entries and its outcome.

        If the log does not show the outcome, one call checks whether the task still waits, and the audit log shows
        whether its queue was purged or deleted.

        Units: `since` is a duration before now, a datetime or ISO text.

        Errors: PermissionDenied (roles/logging.viewer is missing, or the API is off), ConfigError.

        Source: POST /v2/entries:list of Cloud Logging.

        Example:
            >>> task.history().outcome
            'waiting'
            >>> queue.task("welcome", read=False).history()
        """
        from ..history.one_task import task_history

        return task_history(self._session, self._parsed, since)
