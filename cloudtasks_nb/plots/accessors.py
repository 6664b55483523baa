"""queue.plot and client.plot: the available plots, and the data that they draw."""

from __future__ import annotations

from datetime import UTC
from functools import partial
from typing import TYPE_CHECKING

from ..arguments import Checked
from ..model import RetryConfig
from ..model.instants import InstantLike
from ..paging.exports import check_count
from ..shown import Shown
from .backoff import draw_backoff
from .bars import draw_attempts, draw_depth
from .history import draw_history
from .picture import Draw, Picture
from .schedule import draw_schedule

if TYPE_CHECKING:
    import pyarrow as pa

    from ..client import Client
    from ..render import Card
    from ..resources import Queue

TASKS_READ = 10_000


class Plots(Checked, Shown):
    """The plots of a queue or a client. The card lists them."""

    def __init__(self, subject: str, *lines: str) -> None:
        self._subject = subject
        self._lines = lines

    def _shape_(self) -> Card:
        from ..render import Card

        return Card(f"plots of {self._subject}", code=self._lines)

    def __repr__(self) -> str:
        verbs = (line.rpartition(".")[2] for line in self._lines)
        return f"<plots of {self._subject}: {', '.join(verbs)}>"


class QueuePlots(Plots):
    """Plots of a queue. Each follows the theme of the page, light or dark; `draw()` draws it with matplotlib.

    Errors: MissingExtra without matplotlib; NotFound, PermissionDenied if the plot reads tasks.

    Example:
        >>> queue.plot.schedule()
        >>> axes = queue.plot.backoff().draw(theme="dark")
    """

    def __init__(self, queue: Queue) -> None:
        lines = ("schedule()", "attempts()", "backoff()", "history()")
        super().__init__(queue.id, *(f"queue.plot.{line}" for line in lines))
        self._queue = queue

    def schedule(self, *, limit: int | None = TASKS_READ) -> Picture:
        """When tasks are due: a histogram of the first `limit` tasks (None: all tasks).

        Source: REST queues.tasks.list.
        """
        tasks, is_whole = self._tasks(limit)
        times = [time.replace(tzinfo=UTC) for time in tasks["schedule_time"].drop_null().to_pylist()]
        now = self._queue._session.now()
        draw = partial(draw_schedule, times, queue_id=self._queue.id, now=now, is_whole=is_whole)
        return self._picture("schedule", draw)

    def attempts(self, *, limit: int | None = TASKS_READ) -> Picture:
        """Attempts by the result of the last one, for the first `limit` tasks (None: all tasks).

        Source: REST queues.tasks.list.
        """
        tasks, is_whole = self._tasks(limit)
        columns = ("dispatch_count", "response_count", "last_code")
        tried = list(zip(*(tasks[column].to_pylist() for column in columns), strict=True))
        return self._picture(
            "attempts", partial(draw_attempts, tried, queue_id=self._queue.id, is_whole=is_whole)
        )

    def backoff(self) -> Picture:
        """The delay before each retry, by the queue's retry settings. Sends no request."""
        retry = self._queue.retry_config or RetryConfig()
        return self._picture("backoff", partial(draw_backoff, retry, name=self._queue.id))

    def history(self, since: InstantLike = "24h", until: InstantLike | None = None) -> Picture:
        """The past: attempts by outcome, tasks in the queue, and the delay of attempts, over one time axis.

        The rate that the queue allows is a dashed line, where it is near. It is drawn on three axes.

        Units: `since` and `until` as in queue.report().

        Source: as in queue.metrics().

        Example:
            >>> attempts, tasks, delays = queue.plot.history("1h").draw().figure.axes
        """
        metrics = self._queue.metrics(since, until)
        draw = partial(draw_history, metrics, queue_id=self._queue.id, limits=self._queue.rate_limits)
        return self._picture("history", draw)

    def _picture(self, verb: str, draw: Draw) -> Picture:
        return Picture(f"the {verb} of {self._queue.id}", draw)

    def _tasks(self, limit: int | None) -> tuple[pa.Table, bool]:
        """Up to `limit` tasks, and whether these are all tasks."""
        check_count("limit", limit)
        more = None if limit is None else limit + 1
        table = self._queue.tasks().to_arrow(limit=more)
        all_read = limit is None or table.num_rows <= limit
        return table if all_read else table.slice(0, limit), all_read


class ClientPlots(Plots):
    """Plots of a client's queues.

    Example:
        >>> client.plot.queues("us-central1")
    """

    def __init__(self, client: Client) -> None:
        super().__init__(client.project, "client.plot.queues()")
        self._client = client

    def queues(self, location: str | None = None) -> Picture:
        """How many tasks each queue holds, by the service's estimates. Errors: as in client.queues().

        In an API version without estimates, it counts the tasks of every queue, page by page.
        """
        estimated = self._client.offers_stats
        queues = list(self._client.queues(location, stats=estimated))
        depths = None if estimated else [queue.count_tasks() for queue in queues]
        place = location or str(self._client.location) or self._client.project
        return Picture(f"the queues of {place}", partial(draw_depth, queues, place=place, depths=depths))
