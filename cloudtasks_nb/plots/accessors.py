"""queue.plot and client.plot: what can be drawn, and which data it is drawn from."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from ..model import RetryConfig
from ..shown import Shown
from .attempts import draw_attempts
from .backoff import draw_backoff
from .depth import draw_depth
from .paper import Theme
from .schedule import draw_schedule

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.axes import Axes

    from ..client import Client
    from ..render import Card
    from ..resources import Queue

TASKS_READ = 10_000


class QueuePlots(Shown):
    """Pictures of a queue. Each takes `ax` to draw into, and a theme, "light" or "dark"; it returns the axes.

    Errors: MissingExtra without matplotlib; NotFound, PermissionDenied where tasks are read.

    Example:
        >>> queue.plot.schedule()
        >>> queue.plot.backoff(theme="dark")
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def schedule(
        self, *, limit: int | None = TASKS_READ, ax: Axes | None = None, theme: Theme | None = None
    ) -> Axes:
        """When tasks are due: a histogram of the first `limit` tasks (all of them with None).

        Source: REST queues.tasks.list.
        """
        tasks, is_whole = self._tasks(limit)
        times = [time.replace(tzinfo=UTC) for time in _known(tasks, "schedule_time")]
        return draw_schedule(
            times,
            queue_id=self._queue.id,
            now=self._queue._session.now(),
            is_whole=is_whole,
            ax=ax,
            theme=theme,
        )

    def attempts(
        self, *, limit: int | None = TASKS_READ, ax: Axes | None = None, theme: Theme | None = None
    ) -> Axes:
        """Attempts by how the last one ended, of the first `limit` tasks (of all with None).

        Source: REST queues.tasks.list.
        """
        tasks, is_whole = self._tasks(limit)
        columns = ("dispatch_count", "response_count", "last_code")
        tried = zip(*(tasks[column].to_pylist() for column in columns), strict=True)
        return draw_attempts(tried, queue_id=self._queue.id, is_whole=is_whole, ax=ax, theme=theme)

    def backoff(self, *, ax: Axes | None = None, theme: Theme | None = None) -> Axes:
        """The delay before each retry, as the queue's retry settings say. Asks nothing of the service."""
        retry = self._queue.retry_config or RetryConfig()
        return draw_backoff(retry, name=self._queue.id, ax=ax, theme=theme)

    def _tasks(self, limit: int | None) -> tuple[pa.Table, bool]:
        """Up to `limit` tasks, and whether there are no more."""
        more = None if limit is None else limit + 1
        table = self._queue.tasks().to_arrow(limit=more)
        return table.slice(0, limit), limit is None or table.num_rows <= limit

    def _shape_(self) -> Card:
        return _card(f"pictures of {self._queue.id}", "queue.plot", ("schedule()", "attempts()", "backoff()"))

    def __repr__(self) -> str:
        return f"<plots of {self._queue.id}: schedule(), attempts(), backoff()>"


class ClientPlots(Shown):
    """Pictures of a client's queues.

    Example:
        >>> client.plot.queues("us-central1")
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def queues(
        self, location: str | None = None, *, ax: Axes | None = None, theme: Theme | None = None
    ) -> Axes:
        """How many tasks each queue holds, as the service estimates. Errors: as of client.queues().

        In a version of the API without estimates, the tasks of every queue are counted, page by page.
        """
        estimated = self._client.offers_stats
        queues = list(self._client.queues(location, stats=estimated))
        depths = None if estimated else [queue.count_tasks() for queue in queues]
        place = location or str(self._client.location) or self._client.project
        return draw_depth(queues, place=place, depths=depths, ax=ax, theme=theme)

    def _shape_(self) -> Card:
        return _card(f"pictures of {self._client.project}", "client.plot", ("queues()",))

    def __repr__(self) -> str:
        return f"<plots of {self._client.project}: queues()>"


def _known(tasks: pa.Table, column: str) -> list[Any]:
    return tasks[column].drop_null().to_pylist()  # type: ignore[no-any-return]


def _card(title: str, expression: str, verbs: tuple[str, ...]) -> Card:
    from ..render import Card

    return Card(title, code=[f"{expression}.{verb}" for verb in verbs])
