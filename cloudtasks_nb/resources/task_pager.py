"""The listing of tasks, and its filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from ..model.json import decode, encode, in_version, version_said
from ..paging.ahead import Fetch
from ..paging.pager import Pager

if TYPE_CHECKING:
    from ..model.queue import Kind
    from .task import Task, TaskListing

Keep = Callable[[Sequence["Task"], datetime], Iterable[int]]
"""Takes the tasks of a page and the current time, and returns the indexes of the matching tasks, in order."""


class PageOfTasks(msgspec.Struct, rename="camel", omit_defaults=True):
    """A page whose tasks stay encoded, in any version."""

    tasks: list[msgspec.Raw] = []
    next_page_token: str = ""


class TaskPager(Pager["Task"]):
    """The tasks of a queue, page by page. `where()` keeps only those that match a query.

    Example:
        >>> queue.tasks().where("attempts:0 due>1min").to_dataframe()
    """

    _listing: TaskListing

    def _first_kind(self) -> Kind | None:
        """The kind of the first task, if there is one. The others stay encoded."""
        with self._tokens.reading():
            tasks = decode(self._first, PageOfTasks).tasks[:1]
            first = self._listing.every(in_version(encode({"tasks": tasks}), version_said(self._first)))
        return first[0].kind if first else None

    def where(self, query: str) -> TaskPager:
        """A listing of only those tasks that match: `code:503,429 attempts>3 due<2h -tag:red ada`.

        It works like any other listing: it reads the first page at once and each further page when iteration reaches
        it. Exports work, and a second where() filters further. The service cannot filter tasks, so the client reads all
        pages and skips tasks that do not match. A page can be empty. docs/reference/query.md describes the language.
        `payload` needs queue.tasks(view="FULL").

        Errors: QueryError, before any request, for an unknown field or value, or payloads that are not fetched; then as
        queue.tasks().

        Example:
            >>> tasks = queue.tasks(view="FULL").where("payload.n>2")
            >>> [task.json() for task in tasks]
            [{'n': 3}, {'n': 4}]
        """
        from ..query import Query

        wanted = Query.of(query)
        view = "FULL" if self._has_payloads else "BASIC"
        wanted.check_payloads(view, f'queue.tasks(view="FULL").where({query!r})')
        return self._keeping(wanted.places, str(wanted)) if wanted else self

    def _keeping(self, keep: Keep, query: str) -> TaskPager:
        """A listing of the tasks in each page that `keep` selects.

        Errors: DecodeError for a page that cannot be read.
        """
        listing, fetch, walk = self._listing.narrowed(query), self._fetch, self._walk

        def sifted(raw: bytes, token: str) -> bytes:
            tokens = self._tokens.afresh()
            tokens.page_resource = listing.resource(raw)
            with tokens.reading(token or None):
                page = decode(raw, PageOfTasks)
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
