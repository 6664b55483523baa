"""The listing of queues, of one location or of several, and the listing of all their tasks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..model.choosing import EVERY_FIELD
from ..model.json import Message, decode
from ..model.queue import Queue as QueueFields
from ..model.task import View
from ..names import LocationName
from ..paging.listing import Items, Listing
from ..paging.pager import Pager
from ..rest.pages import PagedCall, PageTokens
from ..rest.session import Session
from .bound import bind_all
from .everywhere import fetch_everywhere
from .expecting import expected_of
from .many_queues import LIST as LIST_TASKS
from .many_queues import REST, TasksOfQueues
from .queue import Queue
from .task import Task, TaskListing, check_view
from .task_pager import TaskPager

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Table
    from .failing import Lately

_LIST = "projects.locations.queues.list"


class QueuePager(Pager[Queue]):
    """The queues of a location, or of all. `tasks()` lists the tasks of all of them.

    Example:
        >>> client.queues("-").tasks().to_dataframe()
    """

    _listing: _QueueListing

    def tasks(
        self, view: View = "BASIC", page_size: int = 1000, order_by: str | None = None, page_token: str = ""
    ) -> TaskPager:
        """List the tasks of all these queues as one listing, which works like that of one queue.

        It reads the queues, and the first page of tasks. Up to eight queues take turns, one page at a time. `order_by`
        sorts the tasks of each queue separately. Exports read eight queues concurrently. If the quota of list calls is
        exhausted, they wait and continue.

        A queue that was deleted meanwhile is skipped. A queue that cannot be read is tried again after all others. If
        it fails again, its error is raised. The error's `.not_listed` has each queue that failed, with its reason, and
        `.result` the tasks that were read before, as with every export that fails.

        - `view`, `page_size`, `order_by`: as in queue.tasks().
        - `page_token`: from the error of such a listing. The new listing continues where that one failed.

        Errors: PermissionDenied, InvalidArgument, and those of client.queues().
        Units: a page token is valid for two hours.
        Source: REST queues.tasks.list.

        Example:
            >>> tasks = client.queues("-", stats=True).tasks(view="FULL")
            >>> tasks.where("code:error").first(20)
        """
        query = {"responseView": check_view(view), "pageSize": page_size, "orderBy": order_by}
        session, queues = self._listing.session, list(self)
        names = [queue.name for queue in queues]
        pages = TasksOfQueues(session, names, query, f"{self._listing.caption} in {self._tokens.resource}")
        ordered = f" by {order_by}" if order_by else ""
        listing = _TasksListing(
            session,
            f"tasks of the {self._listing.caption}{ordered}",
            has_payloads=view == "FULL",
            expected=lambda: expected_of([queue.stats for queue in queues], page_size),
        )
        tokens = PageTokens(listing.caption, LIST_TASKS, self._tokens.resource)
        return TaskPager(pages, listing, tokens, start=page_token, walk=pages.walk)


_QUEUE_OF_TASK = re.compile(rb'"(projects/[^/"]+/locations/[^/"]+/queues/[^/"]+)/tasks/')


class _TasksListing(TaskListing):
    rest = REST

    def resource(self, raw: bytes) -> str:
        """All tasks of a page are of one queue."""
        found = _QUEUE_OF_TASK.search(raw)
        return found[1].decode("utf-8", "replace") if found else ""

    def table(self, items: list[Task], footer: str | None = None) -> Table:
        from ..render import task_table

        now = self.session.now()
        return task_table(items, caption=self.caption, footer=footer, now=now, of_queues=True)


class _QueuePage(Message):
    queues: list[Queue] = []


class _QueueListing(Listing[Queue]):
    noun = "queue"
    lately: Lately | None = None
    """The failures, if requested."""

    def items(self, raw: bytes) -> list[Queue]:
        queues = bind_all(decode(raw, _QueuePage).queues, self.session)
        if self.lately is not None:
            self.lately.note(queues)
        return queues

    def columns(self) -> Columns[Sequence[QueueFields]]:
        from ..frames import QUEUES

        return QUEUES

    def table(self, items: list[Queue], footer: str | None = None) -> Table:
        from ..render import queue_table

        if self.lately is not None:  # the worst first; a panel sorts by itself
            items = sorted(items, key=lambda queue: -queue.failing.failed if queue.failing else 1)
            footer = ". ".join(filter(None, (footer, self.lately.words)))
        return queue_table(items, caption=self.caption, footer=footer, now=self.session.now())


def list_queues(
    session: Session,
    places: list[LocationName],
    *,
    filter: str | None,
    page_size: int | None,
    stats: bool,
    failing: bool = False,
) -> QueuePager:
    """The queues of one location page by page, or those of several as one page. Errors: see fetch_everywhere."""
    query = {"filter": filter, "pageSize": page_size, "readMask": EVERY_FIELD if stats else None}

    calls = {place: PagedCall(session, _LIST, {"parent": str(place)}, query) for place in places}

    def fetch(token: str) -> bytes:
        if len(places) == 1:
            return calls[places[0]](token)
        return fetch_everywhere(calls, lambda page: Items(listing.items(page), listing))

    where, about = f"{len(places)} locations", ""
    if places:
        about = f"projects/{places[0].project}"
    if len(places) == 1:
        where, about = places[0].location, str(places[0])
    listing = _QueueListing(session, f"queues of {where}{f' where {filter}' if filter else ''}")
    tokens = PageTokens(listing.caption, _LIST, about)
    pager = QueuePager(fetch, listing, tokens)
    if failing:
        from .failing import lately  # imported late: most listings do not need it

        listing.lately = lately(session, places[0].project, pager.first_page.items)
    return pager
