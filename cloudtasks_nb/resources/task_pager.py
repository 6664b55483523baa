"""The listing of tasks: how it becomes another one, of those tasks that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ..model.json import encode, in_version, version_said
from ..paging.pager import Fetch, Pager
from ..query import Query
from ..redact import scrub

if TYPE_CHECKING:
    from .task import Task, TaskListing

Keep = Callable[[Sequence["Task"], datetime], Iterable[int]]
"""Of the tasks of one page, seen from now: the places of those that are wanted, in order."""


class _Page(msgspec.Struct, rename="camel"):
    """A page whose tasks stay as they came."""

    tasks: list[msgspec.Raw] = []
    next_page_token: str = ""


class TaskPager(Pager["Task"]):
    """The tasks of a queue, page by page. `where()` narrows it to those that match a query.

    Example:
        >>> queue.tasks().where("attempts:0 due>1min").to_dataframe()
    """

    _listing: TaskListing

    def where(self, query: str) -> TaskPager:
        """The same listing, of only those tasks that match: `code:503,429 attempts>3 due<2h -tag:red ada`.

        It is a listing like every other: its first page is here at once, each further page is fetched when it is
        reached, every export takes it, and a second where() narrows it further. The service knows no such filter, so
        all pages are read, and tasks that do not match are passed over here; a page may hold none.
        docs/reference/query.md describes the language. `payload` needs queue.tasks(view="FULL").

        Errors: QueryError, before any request, for an unknown field or value, or payloads that are not read; then as
        queue.tasks().

        Example:
            >>> tasks = queue.tasks(view="FULL").where("payload.n>2")
            >>> [task.json() for task in tasks]
            [{'n': 3}, {'n': 4}]
        """
        wanted = Query.of(query)
        view = "FULL" if self._has_payloads else "BASIC"
        wanted.check_payloads(view, f'queue.tasks(view="FULL").where({query!r})')
        return self._keeping(wanted.places, f"where {scrub(str(wanted))}") if wanted else self

    def _keeping(self, keep: Keep, words: str) -> TaskPager:
        """The same listing, of those tasks of each page that `keep` names; `words` follow its caption.

        Errors: DecodeError for a page that cannot be read.
        """
        listing, fetch, walk = self._listing.narrowed(words), self._fetch, self._walk

        def sifted(raw: bytes, token: str) -> bytes:
            with self._tokens.afresh().reading(token or None):
                page = msgspec.json.decode(raw, type=_Page)
                kept = keep(listing.every(raw), listing.session.now())
            page.tasks = [page.tasks[at] for at in kept]
            return in_version(encode(page), version_said(raw))

        def sifting(read: Fetch) -> Fetch:
            return lambda token: sifted(read(token), token)

        start = self._start
        held = self._first if self._untouched else fetch(start)
        return TaskPager(
            sifting(fetch),
            listing,
            self._tokens,
            sifted(held, start),
            start=start,
            walk=lambda: sifting(walk()),
        )
