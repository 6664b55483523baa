"""The explorer: finds and opens all queues of a project, and pauses or resumes several."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

import traitlets

from ..errors import CloudTasksError, NotFound
from ..history.lately import Failing, failing_of
from ..redact import scrub
from ..render import Card, Shape
from ..render.values import counted
from ..resources.failing import samples
from ..resources.queue import Queue
from ..rest.side_by_side import side_by_side
from ..visible import visible_lines
from .action import Refused, action, literal
from .cells import instant
from .clickable import Clickable
from .listed_queues import ListedQueues
from .queue_listing import PARALLEL, listed
from .queue_panel import QueuePanel
from .queue_rows import browse_options, browsing, failing_cells, queue_row
from .sharing import EVERY_S
from .still import folded, queues_still

if TYPE_CHECKING:
    from ..client import Client
    from ..rest.session import Session

# The views of a queue, by the method that opens each.
VIEWS = {
    "panel": "Controls",
    "browse": "Tasks",
    "workbench": "Leases",
    "monitor": "Monitor",
    "iam_panel": "Access",
}
NAMED = 20  # up to this many queues are named in a line or a message
ALL_S = 60.0  # the pause between two listings of locations without queues
SURGE = (
    "All waiting tasks are sent at once. Begin with at most 500 per second in total, "
    "then increase by half every 5 minutes."
)


def _refresh_line(explorer: Explorer, locations: list[str] | None) -> str:
    stats = ", stats=True" if explorer.client.offers_stats else ""
    if locations is None:
        return f'client.queues("-"{stats})'
    return f"for location in {literal(locations)}: display(client.queues(location{stats}))"


def _open_line(explorer: Explorer, name: str, view: str, query: str) -> str:
    return f"client.queue({literal(name)})" + (f".browse({browsing(query)})" if query else "")


def _each_line(act: str) -> Callable[..., str]:
    """The line that acts on several queues: few by name, more as `explorer.chosen`."""

    def line(explorer: Explorer, names: list[str], confirm: bool = True) -> str:
        if len(names) <= NAMED or {*names} != {queue.name for queue in explorer.chosen}:
            return f"for name in {literal(names)}: {act.format(queue='client.queue(name)')}"
        return f"for queue in explorer.chosen: {act.format(queue='queue')}  # {counted(len(names), 'queue')}"

    return line


class Explorer(ListedQueues):
    """The queues of all locations with their states and estimates; each opens as a panel, a browser or a workbench.

    `explorer.chosen` contains the ticked queues, `explorer.opened` is the open widget. If one location cannot be
    listed, the others are still shown: `explorer.silent` has the locations that did not respond, with the errors.

    Example:
        >>> explorer = client.explore()
        >>> explorer.open_queue("us-central1/emails", "monitor")
        >>> explorer.choose([queue.name])
        >>> explorer.resume_queues([queue.name for queue in explorer.chosen], confirm=True)
    """

    _script = "explorer"
    _parts = ("explorer.heads", "explorer.verbs")

    place = traitlets.Dict().tag(sync=True)
    opening = traitlets.Dict().tag(sync=True)

    def __init__(self, client: Client, read_only: bool = False, every_s: float = EVERY_S) -> None:
        self.client = client
        self.opened: Clickable | None = None
        self.silent: dict[str, CloudTasksError] = {}
        self._heard: deque[str] = deque()  # other threads append
        self._counts: dict[str, int] = {}  # counted tasks, if there are no estimates
        self._acted: tuple[str, ...] = ()
        self._failing = failing_of(client._session, client.project)
        self._samples: dict[str, Failing] = {}  # used if reading metrics is not allowed
        self._places: list[str] = []  # all locations, and when all of them were read
        self._all_read_at = -inf
        super().__init__(client, read_only, every_s)
        self._show(None)
        with suppress(CloudTasksError):  # shown in the status line
            self.refresh()

    @property
    def _service(self) -> tuple[Session | None, dict[str, str]]:
        return self.client._session, {"project": self.client.project, "location": "all locations"}

    @property
    def expression(self) -> str:
        """The client."""
        return "client"

    @property
    def touched(self) -> Collection[str]:
        """The queues that were paused or resumed last."""
        return self._acted

    def shows(self, name: str) -> bool:
        """Whether a queue of that name is listed."""
        return name in self._queues

    def hear(self, endpoint: str, names: Collection[str]) -> None:
        """Remember which queues to read again: far fewer calls than listing all locations."""
        if endpoint == self.endpoint:
            self._heard.extend(names)
        super().hear(endpoint, names)

    @property
    def calls_of_a_look(self) -> int:
        """One for each queue that changed elsewhere, else one for each location."""
        return len(self._heard) or max(1, len(self._due))

    @property
    def _due(self) -> list[str]:
        """The locations that an update lists: those with queues, and all of them once a minute."""
        if monotonic() - self._all_read_at >= ALL_S:
            return self._places
        return sorted({queue.location for queue in self.queues})

    def look(self) -> None:
        """Read again: the queues that changed elsewhere, or else the locations that are due.

        Errors: after all queues were read, the first error of a queue; those of refresh().
        """
        if self._heard:
            self._read_heard()
        else:
            self._list(self._due)

    def _read_heard(self) -> None:
        failed: list[CloudTasksError] = []
        while self._heard:
            name = self._heard.popleft()
            try:
                if queue := self._queues.get(name):
                    queue.refresh(stats=self.client.offers_stats)
            except NotFound:
                self._queues.pop(name, None)
            except CloudTasksError as error:
                failed.append(error)
        self._show(self._read_at)
        if failed:
            raise failed[0]

    @property
    def read_at(self) -> datetime | None:
        """When the queues were listed."""
        return self._read_at

    def _shape_(self) -> Shape:
        """The queues, the locations that did not respond, and the open widget."""
        caption = f"Queues of project {self.client.project}"
        table = queues_still(
            self.queues, self._counts, self._failing.found, caption=caption, now=self._read[1]
        )
        facts = {place: f"did not respond: {error.message}" for place, error in self.silent.items()}
        opened = self.opened._shape_() if self.opened is not None else None
        title = f"Open: {self.opening.get('id')}, {VIEWS.get(self.opening.get('view', ''), '')}"
        sections = folded(title, opened)
        return Card(caption, facts=facts, table=table, sections=sections) if facts or sections else table

    def close(self) -> None:
        """Remove the explorer and its open widget from the page."""
        self._close_opened()
        super().close()

    @action(_refresh_line)
    def refresh(self, locations: list[str] | None = None) -> str:
        """List the queues of all locations, or of those given, in parallel; failures are in `silent`.

        If a location does not respond, its known queues stay. Errors: those of client.locations(); PermissionDenied,
        AuthError, TransportError when no location responds.
        """
        self._list(locations)
        return f"{counted(len(self.silent), 'location')} did not respond." if self.silent else ""

    def _list(self, locations: list[str] | None) -> None:
        found = listed(self.client, locations)
        if locations is None:
            self._places = found.asked
        if set(found.asked) >= set(self._places):
            self._all_read_at = monotonic()
        answered = set(found.asked) - set(found.silent)
        kept = {name: queue for name, queue in self._queues.items() if queue.location not in answered}
        self._queues = dict(sorted((kept | found.queues).items()))
        before = {place: error for place, error in self.silent.items() if place not in answered}
        self.silent = before | found.silent
        if self._failing.was_asked:
            self._failing.ask(self.client._session, self.client.project)
        self._show(datetime.now(UTC))

    @action('client.report(since="1h").to_dataframe()[["queue", "attempts", "failed"]]')
    def show_failing(self) -> str:
        """Fill the column "failing" with the failed attempts of the last hour, by one metrics call for all queues.

        From then on the column is updated at most once a minute for all panels of the project. Metrics are billed, so
        they are read only on request. If you may not read them, the status line gives the reason, and the column holds
        a sample: the first page of tasks of up to 50 queues.
        """
        self._failing.ask(self.client._session, self.client.project)
        self._samples = samples(self.queues) if self._failing.why else {}
        self._show(self._read_at)
        if not self._failing.why:
            return ""
        return f"Metrics were {self._failing.why}. The column holds a sample: the first page of tasks of each queue."

    @action(_each_line("print({queue}.name, {queue}.count_tasks())"))
    def count_tasks(self, names: list[str]) -> str:
        """Count the tasks of queues, page by page: exact, and slower than an estimate. Errors: those of a listing."""

        def count(queue: Queue) -> Queue:
            self._counts[queue.name] = queue.count_tasks(progress=False)
            return queue

        return self._each(names, count, "Counted")

    @action(_each_line("{queue}.pause()"), changes=True)
    def pause_queues(self, names: list[str]) -> str:
        """Pause queues in parallel; if one fails, the others continue. Errors: those of queue.pause()."""
        return self._each(names, Queue.pause, "Paused")

    @action(_each_line("{queue}.resume()"), changes=True)
    def resume_queues(self, names: list[str], confirm: bool = False) -> str:
        """Resume queues. Several require confirm=True, because all their tasks are sent at once.

        Source: SPEC section 8.1 (500/50/5). Errors: Refused without confirm; those of queue.resume().
        """
        if len(names) > 1 and confirm is not True:
            raise Refused(
                f"{SURGE} Nothing was resumed.", hint="pass confirm=True, or resume one queue at a time"
            )
        return self._each(names, Queue.resume, "Resumed")

    @action("{queue}.queue({name}).diagnose()")
    def why_queue(self, name: str) -> str:
        """Open a queue's panel at the Why? tab. Errors: those of queue.diagnose()."""
        self._open(name, "panel", tab="Why?")
        return ""

    @action(_open_line)
    def open_queue(self, name: str, view: str = "panel", query: str = "") -> str:
        """Open a queue as "panel", "browse", "workbench" (pull queues), "monitor" or "iam_panel".

        With a `query`, open the tasks that match: "code:error" finds the failing tasks.

        Errors: NotFound; QueryError.
        """
        self._open(name, "browse" if query else view, query=query)
        return ""

    @action(busy=False)
    def close_queue(self) -> str:
        """Close the open widget."""
        self.opening = {}
        self._close_opened()
        return ""

    def _open(self, name: str, view: str, tab: str = "", query: str = "") -> None:
        queue = self._queues.get(name) or self.client.queue(name)
        if view not in views(queue):
            raise Refused(
                f"This queue cannot be opened as {view!r}.", hint=f"choose one of {', '.join(views(queue))}"
            )
        self._close_opened()
        how = self._pace(view) | (browse_options(query) if query else {})
        opened: Clickable = getattr(queue, view)(read_only=self.read_only, **how)
        if isinstance(opened, QueuePanel):
            opened.tab = tab
        self.opened = opened
        self.opening = {
            "name": queue.name,
            "id": queue.id,
            "view": view,
            "views": [[verb, VIEWS[verb]] for verb in views(queue)],
            "model": opened.model_id,
        }

    def _pace(self, view: str) -> dict[str, Any]:
        """The open widget updates as often as the explorer; a monitor has its own pause."""
        return {} if view == "monitor" and self.live_s else {"every_s": self.live_s}

    def _each(self, names: list[str], verb: Callable[[Queue], Queue], done: str) -> str:
        queues = [self._queues[name] for name in names if name in self._queues]
        if not queues or len(queues) < len(names):
            raise Refused("Only queues that are listed can be chosen.", hint="refresh the list")
        self._acted = tuple(queue.name for queue in queues)
        tried = side_by_side(lambda queue: _failure(verb, queue), queues, PARALLEL)
        failed = [error for error in tried if error]
        self._show(self._read_at)
        if failed:
            name, error = failed[0]
            others = f" Also failed: {_some([name for name, _ in failed[1:]])}." if failed[1:] else ""
            words = f"{done} {len(queues) - len(failed)} of {counted(len(queues), 'queue')}; {name}: {error.message}"
            raise CloudTasksError(words + others, hint=error.hint) from error
        return f"{done} {counted(len(queues), 'queue')}."

    def _close_opened(self) -> None:
        opened, self.opened = self.opened, None
        if opened is not None:
            opened.close()

    def _show(self, read_at: datetime | None) -> None:
        self._read_at = read_at
        rows = [
            queue_row(queue, self._counts.get(queue.name)) | failing_cells(self._lately(queue.name))
            for queue in self.queues
        ]
        with self.hold_sync():
            self._show_rows(rows)
            self.place = self._place()

    def _place(self) -> dict[str, Any]:
        return {
            "project": self.client.project,
            "updated": instant(self._read_at),
            "surge": SURGE,
            "silent": [_why(place, error) for place, error in self.silent.items()],
            "estimates": self.client.offers_stats,
            "failing": self._failing.found is not None,
        }

    def _lately(self, name: str) -> Failing | None:
        """The failures of a queue: from metrics if they were read, else from a sample."""
        found = self._failing.found
        return found.get(name, Failing()) if found is not None else self._samples.get(name)


def views(queue: Queue) -> list[str]:
    """The methods that open this queue. A workbench needs a pull queue and an API version with leases."""
    return [verb for verb in VIEWS if verb != "workbench" or (queue.kind == "pull" and queue.offers_leases)]


def _why(location: str, error: CloudTasksError) -> dict[str, str]:
    return {
        "location": location,
        "message": visible_lines(scrub(error.message)),
        "hint": visible_lines(scrub(error.hint or "")),
    }


def _some(names: list[str]) -> str:
    left = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {left:,} more" if left > 0 else "")


def _failure(verb: Callable[[Queue], Queue], queue: Queue) -> tuple[str, CloudTasksError] | None:
    try:
        verb(queue)
    except CloudTasksError as error:
        return queue.id, error
    return None
