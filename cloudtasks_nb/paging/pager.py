"""Listings, page by page: lazy after the first page, iterated afresh each time, exported a page at a time."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator, Iterator, Sized
from contextlib import closing, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from ..errors import DecodeError
from ..model.json import decode
from ..progress import bar
from ..rest.pages import PageTokens
from ..shown import Shown
from .ahead import Ahead
from .exports import Exports, check_count
from .listing import Items, Listing, Page

if TYPE_CHECKING:
    import pyarrow as pa

    from ..frames import Columns
    from ..render import Table

T = TypeVar("T")
P = TypeVar("P", bound=Sized)

# Converting a page holds the interpreter; without this pause the next request would leave only after it.
_HEAD_START_S = 0.001
# While pandas is imported, which takes as long as fetching many pages.
_MOST_BEGUN = 32


class _Token(msgspec.Struct, rename="camel"):
    next_page_token: str = ""


class Pager(Shown, Exports, Generic[T]):
    """A listing. The first page is here; each further one is fetched when iteration reaches it.

    Iterating again starts over. `repr` shows what was fetched and never calls the network.

    Errors: any ApiError at the call that made it (first page), or when a further page is reached.

    Example:
        >>> tasks = queue.tasks()
        >>> tasks.first(3)
        >>> tasks.to_dataframe()
    """

    def __init__(
        self,
        fetch: Callable[[str], bytes],
        listing: Listing[T],
        tokens: PageTokens,
        first: bytes | None = None,
    ) -> None:
        self._fetch = fetch
        self._listing = listing
        self._tokens = tokens  # of a walk that begins
        self._has_payloads = listing.has_payloads
        self._lock = threading.Lock()
        self._first = fetch("") if first is None else first
        self._untouched = True  # the first page has not been handed out yet
        self._begun: tuple[bytes | None, Ahead] | None = None

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """Pages of items, each fetched when it is reached; empty pages in the middle are normal.

        Errors: any ApiError when a page is reached.

        Example:
            >>> [len(page.items) for page in queue.tasks(page_size=2).pages()]
            [2, 2, 1]
        """
        tokens = self._tokens.afresh()
        return (self._page(raw, tokens) for raw in self._raw_pages(tokens, ahead=False))

    def page(self, token: str = "") -> Page[T]:
        """The page behind a token (the first one without): one request, whatever was read before.

        Errors: any ApiError.

        Example:
            >>> first = queue.tasks(page_size=2).first_page
            >>> len(queue.tasks(page_size=2).page(first.next_page_token).items)
            2
        """
        tokens = self._tokens.afresh()
        raw = self._fetch(token)
        with tokens.reading(token):
            page = Page(self._listing.items(raw), _next_token(raw))
        tokens.next(token)
        tokens.next(page.next_page_token)
        return page

    @property
    def first_page(self) -> Page[T]:
        """The page that is here already, which the repr shows too."""
        return self._page(self._first)

    def first(self, count: int = 20) -> Items[T]:
        """Up to `count` items from the start; no request when the first page holds enough.

        Errors: any ApiError when a further page is needed.

        Example:
            >>> len(queue.tasks().first(3))
            3
        """
        check_count("count", count)
        held = self._page(self._first)
        if len(held.items) >= count or not held.next_page_token:
            return Items(held.items[:count], self._listing)
        return Items(islice(self, count), self._listing)

    def _own_columns(self) -> Columns[Any]:
        return self._listing.columns()

    def _page(self, raw: bytes, tokens: PageTokens | None = None) -> Page[T]:
        with (tokens or self._tokens).reading():
            return Page(self._listing.items(raw), _next_token(raw))

    @contextmanager
    def _beginning(self, limit: int | None) -> Iterator[None]:
        ahead = None
        if limit is None and not (self._untouched and not _token_if_any(self._first)):
            held = self._take_first()
            token = "" if held is None else _token_if_any(held)
            ahead = Ahead(self._fetch, _next_token, token, _MOST_BEGUN)
            self._begun = held, ahead
        try:
            yield
        finally:
            self._begun = None
            if ahead is not None:
                ahead.close()

    def _take_first(self) -> bytes | None:
        """The page that is here already, unless it was handed out."""
        with self._lock:
            held, self._untouched = (self._first if self._untouched else None), False
        return held

    def _raw_pages(self, tokens: PageTokens, *, ahead: bool) -> Generator[bytes, None, None]:
        """Page bytes from the start. `ahead` requests the next page while the caller works on this one."""
        with self._lock:
            begun, self._begun = (self._begun, None) if ahead else (None, self._begun)
        held, coming = begun or (self._take_first(), None)
        if held is None:
            held = self._first = (coming.take() if coming is not None else None) or self._fetch("")
        raw = held
        try:
            while token := self._token_after(raw, tokens):
                if ahead:
                    coming = coming or Ahead(self._fetch, _next_token, token, 1)
                    coming.wait(_HEAD_START_S)
                yield raw
                raw = (coming.take() if coming is not None else None) or self._fetch(token)
                tokens.number += 1
            yield raw
        finally:
            if coming is not None:
                coming.close()

    @staticmethod
    def _token_after(raw: bytes, tokens: PageTokens) -> str:
        with tokens.reading():
            token = _next_token(raw)
        return tokens.next(token)

    def batches_of(
        self, columns: Columns[P], progress: bool | None = None, limit: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Arrow batches, one for each page; `columns` may be others than those of its kind, such as a backup's."""
        tokens = self._tokens.afresh()
        for page in self._pages_of(columns, limit, progress, tokens):
            with tokens.reading():
                batch = columns.batch(page)
            yield batch

    def _pages_of(
        self,
        columns: Columns[P],
        limit: int | None,
        progress: bool | None,
        tokens: PageTokens | None = None,
    ) -> Iterator[P]:
        """Pages as a table reads them, each gone when the next one comes."""
        tokens = tokens or self._tokens.afresh()
        left = limit
        with tokens.reading():
            several = bool(_next_token(self._first))
        ahead = limit is None  # with a limit, a page ahead may be wasted
        with (
            closing(self._raw_pages(tokens, ahead=ahead)) as pages,
            bar(
                self._listing.caption,
                self._listing.nouns,
                progress,
                several=several,
                total=self._total(limit),
                estimated=True,
            ) as shown,
        ):
            while left is None or left > 0:
                raw = next(pages, None)
                if raw is None:
                    break
                with tokens.reading():
                    page = columns.read(raw, left)
                yield page
                shown.update(len(page))
                left = None if left is None else left - len(page)

    def _total(self, limit: int | None) -> int | None:
        """How many items there will be, as far as somebody has an estimate."""
        if not self._listing.expected:
            return None
        return min(self._listing.expected, limit) if limit is not None else self._listing.expected

    def _shape_(self) -> Table:
        page = self._page(self._first)
        count = self._listing.counted(len(page.items))
        footer = (
            f"{count} loaded, more pages to come: iterate, or .to_dataframe()"
            if page.next_page_token
            else count
        )
        return self._listing.table(page.items, footer)

    def __repr__(self) -> str:
        return str(self)


# The token is the last member of the answer as a rule, and then there is no need to read all of it: a single brace
# behind it closes the whole, and within a text its quotes would be escaped.
_LAST_MEMBER = re.compile(rb'[{,]\s*"nextPageToken"\s*:\s*"([^"\\]*)"\s*}\s*\Z')
_TAIL_BYTES = 4096


def _next_token(raw: bytes) -> str:
    last = _LAST_MEMBER.search(raw, max(0, len(raw) - _TAIL_BYTES))
    return last[1].decode() if last else decode(raw, _Token).next_page_token


def _token_if_any(raw: bytes) -> str:
    """The same; empty where the page cannot be read, which whoever works on it will be told."""
    try:
        return _next_token(raw)
    except DecodeError:
        return ""
