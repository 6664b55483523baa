"""Read metrics of queues from Cloud Monitoring.

Every question is one call (more if the response has several pages), for one queue or for all queues of a project.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import copy_context
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from msgspec import Struct

from ..errors import CloudTasksError, NotFound
from ..model.json import Duration
from ..names import QueueName
from ..rest.answers import asked, is_unserved
from ..rest.pages import PageTokens
from ..rest.session import Session
from ..rest.side_by_side import side_by_side
from .series import SeriesPage, SeriesSet, gathered, read_page
from .services import TIME_SERIES, time_series
from .windows import written

PREFIX = "cloudtasks.googleapis.com/"
_PAGE_POINTS = 100_000
_QUEUE_LABELS = ("resource.labels.location", "resource.labels.queue_id")
_CODE = "metric.labels.response_code"


class Question(Struct, frozen=True):
    """A metric, its aligner, and its reducer: one series for each value of `by`."""

    metric: str
    aligner: str
    by: tuple[str, ...] = ()
    only: str = ""
    reducer: str = "REDUCE_SUM"


ATTEMPTS = Question("queue/task_attempt_count", "ALIGN_DELTA", (_CODE,))
DEPTH = Question("queue/depth", "ALIGN_MAX")
DEPTH_AT = Question("queue/depth", "ALIGN_NEXT_OLDER")
DELAYS = Question("queue/task_attempt_delays", "ALIGN_DELTA")
CREATED = Question(
    "api/request_count",
    "ALIGN_DELTA",
    only=f'metric.labels.api_method="CreateTask" AND {_CODE}="ok"',
)
CALLS = Question("api/request_count", "ALIGN_DELTA", ("metric.labels.api_method", _CODE))


class Reader:
    """Reads the metrics of a queue, or of all queues of a project."""

    def __init__(self, session: Session, project: str, queue: QueueName | None = None) -> None:
        self._session = session
        self._project = project
        self._queue = queue

    def read(self, question: Question, since: datetime, until: datetime, step: timedelta) -> SeriesSet:
        """The series of a question. `since` lies whole steps before `until`. Errors: any CloudTasksError."""
        query = {
            "filter": self._filter(question),
            "interval.startTime": written(since),
            "interval.endTime": written(until),
            "aggregation.alignmentPeriod": str(Duration.of(step)),
            "aggregation.perSeriesAligner": question.aligner,
            "aggregation.crossSeriesReducer": question.reducer,
            "aggregation.groupByFields": [*(() if self._queue else _QUEUE_LABELS), *question.by],
            "view": "FULL",
            "pageSize": _PAGE_POINTS,
        }
        tokens = PageTokens("time series", TIME_SERIES.id, f"projects/{self._project}")
        pages: list[SeriesPage] = []
        token = ""
        while not pages or token:
            try:
                raw = time_series(self._session, self._project, {**query, "pageToken": token})
            except NotFound as error:
                if is_unserved(error):
                    raise
                break  # Monitoring returns this if the project never had this metric
            with tokens.reading(), asked(TIME_SERIES.id, f"projects/{self._project}"):
                pages.append(read_page(raw))
            token = tokens.next(pages[-1].next_page_token)
            tokens.number += 1
        return gathered(pages)

    def _filter(self, question: Question) -> str:
        parts = [f'metric.type="{PREFIX}{question.metric}"', 'resource.type="cloud_tasks_queue"']
        if self._queue is not None:
            parts += [
                f'resource.labels.queue_id="{self._queue.queue}"',
                f'resource.labels.location="{self._queue.location}"',
            ]
        return " AND ".join([*parts, question.only] if question.only else parts)


def all_of(questions: Sequence[Callable[[], Any]]) -> list[Any]:
    """Call several functions concurrently. Returns their results; a CloudTasksError is returned as a result."""

    def ask(question: Callable[[], Any]) -> Any:
        try:
            return question()
        except CloudTasksError as error:
            return error

    tasks: list[Callable[[], Any]] = [partial(copy_context().run, ask, question) for question in questions]
    return list(side_by_side(lambda task: task(), tasks, len(tasks)))
