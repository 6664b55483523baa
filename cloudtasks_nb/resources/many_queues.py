"""Lists the tasks of many queues as one listing. The API lists only one queue at a time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from ..errors import ApiError, CloudTasksError, DecodeError, InvalidArgument, NotFound
from ..model.json import decode, encode, in_version, version_said
from ..model.marks import Version
from ..paging.ahead import Ahead
from ..rest.answers import asked, is_unserved
from ..rest.pages import PagedCall
from ..rest.retry import is_passing
from ..rest.session import Session
from .everywhere import reason_of
from .task_pager import PageOfTasks

LIST = "projects.locations.queues.tasks.list"
REST = "client.queues(…).tasks(page_token=error.page_token)"
"""The line of code that lists the rest of a failed listing."""
SIDE_BY_SIDE = 8
"""How many queues are read concurrently, each one page at a time."""


_BEFORE = "failed in the listing that this one continues, and was not tried again"


class Next(msgspec.Struct, frozen=True, array_like=True):
    """The next page of a queue: its page token, and the API version that issued it."""

    queue: str
    token: str = ""
    version: str = ""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """The position in a listing of many queues. As a string, it is the page token of the listing.

    `going`: started queues, in the order of their next pages. `after`: all queues up to this name were started. `late`:
    queues that could not be read, which are tried again at the end. `listing`: the queues that it lists.
    """

    going: Sequence[Next] = ()
    after: str = ""
    late: Sequence[Next] = ()
    listing: str = ""

    @classmethod
    def of(cls, token: str, listing: str) -> Place:
        """Parse a page token. Errors: InvalidArgument, also for one of another listing."""
        try:
            place = msgspec.json.decode(base64.urlsafe_b64decode(token), type=cls) if token else cls()
        except (binascii.Error, msgspec.DecodeError, ValueError):
            raise InvalidArgument(
                f"The page token {token[:60]!r} does not belong to a listing of many queues.",
                hint="pass error.page_token of a listing that failed",
            ) from None
        if token and place.listing != listing:
            raise InvalidArgument(
                f"The page token belongs to another listing: {place.listing}.",
                hint=f"continue that listing; this one is {listing}",
            )
        return replace(place, listing=listing)

    @property
    def token(self) -> str:
        """The page token; empty at the end."""
        if not (self.going or self.late):
            return ""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()

    def begun(self, queues: Sequence[str]) -> Place:
        """The position after new queues were started, up to the concurrency limit; `queues` are sorted."""
        fresh = [queue for queue in queues if queue > self.after][: SIDE_BY_SIDE - len(self.going)]
        if not fresh:
            return self
        return replace(self, going=[*self.going, *map(Next, fresh)], after=fresh[-1])


Read = Callable[[Sequence[Next]], bytes]
"""Reads the page of the first queue; may prefetch those of the others."""


class TasksOfQueues:
    """Fetches the pages of such a listing. The started queues take turns, one page at a time.

    A deleted queue has no tasks and is skipped. A queue that fails is tried again after all others. If it fails again,
    its error is raised, because a listing without it would look complete.
    """

    def __init__(
        self, session: Session, queues: Sequence[str], query: Mapping[str, Any], listing: str
    ) -> None:
        self._listing = listing
        self._queues = sorted(set(queues))
        self._reasons: dict[str, str] = {}
        self._calls = {queue: PagedCall(session, LIST, {"parent": queue}, query) for queue in queues}

    def __call__(self, token: str) -> bytes:
        """Read one page. Errors: those of a queue; InvalidArgument for a token of another listing."""
        return self._page(token, lambda going: self._fetch(going[0], bool(token)))

    def walk(self) -> Callable[[str], bytes]:
        """A function that reads pages for one export. It prefetches the next pages of several queues concurrently."""
        under_way: dict[Next, Ahead[Next]] = {}

        def read(going: Sequence[Next]) -> bytes:
            for one in going:
                if one not in under_way:
                    under_way[one] = Ahead(self._fetch, one)
            return under_way.pop(going[0]).result()

        return lambda token: self._page(token, read)

    def _fetch(self, one: Next, continues: bool = True) -> bytes:
        call = self._calls.get(one.queue)
        if call is None:
            raise NotFound(f"{one.queue} does not exist any more.")
        if one.version:
            call.version = cast(Version, one.version)
        return call(one.token, continues=continues)

    def _page(self, token: str, read: Read) -> bytes:
        place, refusals, empty = Place.of(token, self._listing).begun(self._queues), 0, 0
        while place.going or place.late:
            is_last_try = not place.going
            one, *rest = place.going or place.late
            others = replace(place, late=rest) if is_last_try else replace(place, going=rest)
            try:
                raw = read([one, *others.going])
                page, version = self._turned(raw, one, others), version_said(raw)
                if token or page.tasks or not page.next_page_token or empty == SIDE_BY_SIDE:
                    return in_version(encode(page), version)
                empty += 1  # this checks the first page
                place = Place.of(page.next_page_token, self._listing)
            except NotFound as error:
                if is_unserved(error):
                    raise
                place = others.begun(self._queues)
            except CloudTasksError as error:
                refusals += 1
                self._reasons[one.queue] = reason_of(error)
                late = place.late if is_last_try else [*place.late, one]
                place = replace(others, late=late).begun(self._queues)
                too_many = not token and refusals == SIDE_BY_SIDE
                if is_last_try or too_many or not _is_of_its_queue(error):
                    self._name_others(error, one, late)
                    if too_many and place.going:
                        self._say_how_to_go_on(error, place)
                    raise
        return b"{}"

    def _turned(self, raw: bytes, one: Next, others: Place) -> PageOfTasks:
        """Convert a page of a queue to a page of the whole listing, with the position after it as its token."""
        with asked(LIST, one.queue):
            page = decode(raw, PageOfTasks)
        if page.next_page_token:
            again = Next(one.queue, page.next_page_token, version_said(raw))
            others = replace(others, going=[*others.going, again])
        page.next_page_token = others.begun(self._queues).token
        return page

    def _say_how_to_go_on(self, error: CloudTasksError, place: Place) -> None:
        """The first queues failed, but others may be readable: the error's page token begins with them."""
        error.page_token = place.token
        untried, every = len(self._queues) - len(place.late), len(self._queues)
        said = f"{untried:,} of {every:,} queues were not tried: {REST} begins with them"
        error.hint = f"{error.hint}; {said}" if error.hint else said

    def _name_others(self, error: CloudTasksError, one: Next, late: Sequence[Next]) -> None:
        """Add all queues that could not be read to the error of one of them, if there are several."""
        queues = dict.fromkeys([one.queue, *(each.queue for each in late)])
        error.not_listed = {
            "/".join(queue.split("/")[3::2]): self._reasons.get(queue, _BEFORE) for queue in queues
        }
        if len(queues) > 1:
            said = f"{len(queues):,} queues could not be listed"
            error.hint = f"{error.hint}; {said}" if error.hint else said


def _is_of_its_queue(error: CloudTasksError) -> bool:
    """Whether other queues may succeed."""
    return isinstance(error, DecodeError) or (isinstance(error, ApiError) and not is_passing(error))
