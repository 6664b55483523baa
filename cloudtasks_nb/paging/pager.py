"""Listings, page by page: lazy after the first page, restarted by each iteration, exported one page at a time."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from ..connected import Connected
from ..errors import CloudTasksError, ConfigError, DecodeError, InvalidArgument
from ..frames.resting import collector_waits, end_block
from ..model.json import decode
from ..progress import bar, begin_at, is_shown
from ..rest.pages import PageTokens
from ..shown import Shown
from .ahead import Ahead, Begun, Fetch, OneThread, arrow_is_loaded
from .cut_short import Pages, add_hint
from .exports import Exports, check_count
from .listing import Expected, Items, Listing, Page

if TYPE_CHECKING:
    import pyarrow as pa

    from ..frames import Columns, Export, Partial
    from ..frames.complete import Note
    from ..render import Table

T = TypeVar("T")
P = TypeVar("P", bound=Sized)


class _Listing(msgspec.Struct, rename="camel"):
    next_page_token: str = ""


class Pager(Connected, Shown, Exports, Generic[T]):
    """A listing. It has its first page; each further page is fetched when iteration reaches it.

    Each iteration starts from the beginning. `repr` shows the first page, and never calls the network.

    Errors: any ApiError from the call that returned it (first page), or when iteration reaches a further page.

    Example:
        >>> tasks = queue.tasks()
        >>> tasks.first(3)
        >>> tasks.to_dataframe()
    """

    _picklable = "pickle its data: pager.to_dataframe() or list(pager)"

    def __init__(
        self,
        fetch: Fetch,
        listing: Listing[T],
        tokens: PageTokens,
        first: bytes | None = None,
        *,
        start: str = "",
        walk: Callable[[], Fetch] | None = None,
    ) -> None:
        self._fetch = fetch
        self._walk = walk or (lambda: fetch)  # the fetcher of exports, which may prefetch in the background
        self._listing = listing
        self._tokens = tokens  # of a new iteration
        self._has_payloads = listing.has_payloads
        self._rest = listing.rest
        self._lock = threading.Lock()
        self._start = start
        self._first = fetch(start) if first is None else first
        self._untouched = True  # the first page was not yet used
        self._begun: Begun | None = None

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """Iterate over the pages; each is fetched when it is reached. Empty pages in the middle are normal.

        Errors: any ApiError when a page is reached.

        Example:
            >>> [len(page.items) for page in queue.tasks(page_size=2).pages()]
            [2, 2, 1]
        """
        return self._pages_from(None)

    def _pages_from(self, token: str | None) -> Iterator[Page[T]]:
        """The pages from that of a page token on; all pages without one."""
        tokens = self._tokens.afresh()
        for raw in self._raw_pages(tokens, ahead=False, start=token):
            page = self._page(raw, tokens)
            tokens.items += len(page)
            yield page

    def page(self, token: str = "") -> Page[T]:
        """Read the page of a page token (default: the first page). It always makes one request.

        Errors: any ApiError.

        Example:
            >>> first = queue.tasks(page_size=2).first_page
            >>> len(queue.tasks(page_size=2).page(first.next_page_token).items)
            2
        """
        tokens = self._tokens.afresh()
        raw = self._fetch(token)
        tokens.page_resource = self._listing.resource(raw)
        with tokens.reading(token):
            page = Page(self._listing.items(raw), _next_token(raw))
        tokens.next(token)
        tokens.next(page.next_page_token)
        return page

    @property
    def first_page(self) -> Page[T]:
        """The first page, without a request. The repr shows it, too."""
        return self._page(self._first)

    def first(self, count: int = 20) -> Items[T]:
        """Up to `count` items from the start; without a request if the first page has enough.

        Errors: any ApiError if a further page is needed.

        Example:
            >>> len(queue.tasks().first(3))
            3
        """
        check_count("count", count)
        held = self._page(self._first)
        if len(held.items) >= count or not held.next_page_token:
            return Items(held.items[:count], self._listing)
        return Items(islice(self, min(count, sys.maxsize)), self._listing)

    def _own_columns(self) -> Columns[Any]:
        return self._listing.columns()

    def _page(self, raw: bytes, tokens: PageTokens | None = None) -> Page[T]:
        tokens = tokens or self._tokens.afresh()
        tokens.page_resource = self._listing.resource(raw)
        with tokens.reading():
            return Page(self._listing.items(raw), _next_token(raw))

    def _raw_pages(
        self, tokens: PageTokens, *, ahead: bool, start: str | None = None
    ) -> Generator[bytes, None, None]:
        """The bytes of all pages. `ahead` prefetches the next page while the caller processes this one.

        After an error, its `page_token` continues the listing: it is that of the first page that was not returned.
        """
        unseen = self._start if start is None else start
        begun = self._take_begun() if ahead and start is None else None
        read = collector_waits()(begun.read if begun else self._walk() if ahead else self._fetch)
        thread = OneThread()
        try:
            raw = self._beginning() if start is None else read(start)
            while True:
                token = self._token_after(raw, tokens)
                upcoming = None
                if ahead and token:
                    upcoming = (begun and begun.page(token)) or Ahead(read, token, thread)
                if upcoming is not None:
                    upcoming.leave()
                unseen = token
                yield raw
                if not token:
                    return
                raw = upcoming.result() if upcoming is not None else read(token)
                tokens.number += 1
        except (CloudTasksError, KeyboardInterrupt) as error:
            error.page_token = unseen  # type: ignore[union-attr]
            raise
        finally:
            try:
                thread.close()
            finally:
                end_block()

    @contextmanager
    def _beginning_to_fetch(self) -> Iterator[None]:
        self._begin()
        try:
            yield
        except BaseException:
            self._take_begun()
            raise

    def _begin(self) -> None:
        with self._lock:
            if arrow_is_loaded() or self._begun is not None or not self._untouched:
                return
            try:
                token = _next_token(self._first)
            except DecodeError:  # raised when the first page is read
                return
            if token:
                self._begun = Begun(self._walk(), token)

    def _take_begun(self) -> Begun | None:
        with self._lock:
            begun, self._begun = self._begun, None
        return begun

    @collector_waits()
    def _beginning(self) -> bytes:
        """The first page: the first use returns the stored one, later uses fetch it again."""
        with self._lock:
            held, self._untouched = (self._first if self._untouched else None), False
        if held is None:
            held = self._first = self._fetch(self._start)
        return held

    def _token_after(self, raw: bytes, tokens: PageTokens) -> str:
        tokens.page_resource = self._listing.resource(raw)
        with tokens.reading():
            token = _next_token(raw)
        return tokens.next(token)

    def batches_of(
        self, columns: Columns[P], progress: bool | None = None, limit: int | None = None
    ) -> Generator[pa.RecordBatch, None, None]:
        """Arrow batches, one per page; `columns` may differ from those of its kind, as for a backup."""
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
        kept: Partial | None = None,
    ) -> Generator[P, None, None]:
        """The pages in columns, one at a time in memory; without those that were already `kept`."""
        tokens = tokens or self._tokens.afresh()
        start = kept.token if kept is not None else None
        left = limit
        with tokens.reading():
            several = self._needs_several(columns, limit)
        ahead = limit is None  # with a limit, a prefetched page may be wasted
        with (
            self._bar(progress, limit, several=several, read=kept.pages if kept is not None else 0) as shown,
            closing(self._raw_pages(tokens, ahead=ahead, start=start)) as pages,
        ):
            begin_at(shown, kept.items if kept is not None else 0)
            while left is None or left > 0:
                raw = next(pages, None)
                if raw is None:
                    break
                with tokens.reading():
                    page = columns.read(raw, left)
                yield page
                shown.update(len(page))
                tokens.items += len(page)
                left = None if left is None else left - len(page)

    def _needs_several(self, columns: Columns[P], limit: int | None) -> bool:
        """Whether an export needs more than the first page."""
        if not _next_token(self._first):
            return False
        return limit is None or len(columns.read(self._first, limit)) < limit

    def _limited(self, export: Export[Any], limit: int | None, progress: bool | None) -> Iterable[Any]:
        check_count("limit", limit)
        tokens = self._tokens.afresh()
        return Pages(self._pages_of(export.columns, limit, progress, tokens), tokens)

    def _reader(self, limit: int | None, progress: bool | None, export: Export[Any]) -> pa.RecordBatchReader:
        check_count("limit", limit)
        return export.decoded(self.batches_of(export.columns, progress, limit))

    @contextmanager
    def _reader_for(
        self, path: str | os.PathLike[str], progress: bool | None, export: Export[Any], *, resume: bool
    ) -> Iterator[tuple[pa.RecordBatchReader, Note]]:
        if not resume:
            with closing(self.batches_of(export.columns, progress)) as batches:  # ends its thread
                yield export.decoded(batches), None
            return
        from ..frames import Partial

        listing, session = self._listing, self._listing.session
        address = session.endpoint if session.on_emulator else ""  # its next process has another port
        with Partial(path, self._identity(export), f"{listing.window} {address}") as kept:
            try:
                with closing(self._kept_and_read(kept, export.columns, progress)) as batches:
                    yield export.decoded(batches), kept.note
            except (CloudTasksError, KeyboardInterrupt, OSError) as error:
                if kept.pages and not isinstance(error, ConfigError):
                    held = f"{kept.path.name} holds {listing.counted(kept.items)}"
                    rest = "the same line reads the rest, for two hours"
                    if isinstance(error, InvalidArgument):  # a page token, because the first page was valid
                        rest = "if it cannot continue, delete this file, and the same line starts again"
                    add_hint(error, f"{held}: {rest}")
                raise

    def _identity(self, export: Export[Any]) -> dict[str, str]:
        """What distinguishes an export from others with the same path."""
        listing = self._listing
        return {
            "listing": listing.caption,
            "project or resource": self._tokens.resource,
            "endpoint": "an emulator" if listing.session.on_emulator else listing.session.endpoint,
            "API version": listing.session.api_version,
            "first page": self._start,
            "filter": listing.filter,
            "view": "FULL" if listing.has_payloads else "BASIC",
            "list of columns": ", ".join(export.columns.schema.names),
            "choice of secrets": str(export.secrets),
        }

    def _kept_and_read(
        self, kept: Partial, columns: Columns[P], progress: bool | None
    ) -> Generator[pa.RecordBatch, None, None]:
        """The pages that an earlier export saved, then the remaining pages, which are saved when they arrive.

        If the page token is not valid any more, it starts again.
        """
        tokens, resumes = self._tokens.afresh(), kept.pages > 0
        fresh = self._pages_of(columns, 0 if kept.token == "" else None, progress, tokens, kept)
        try:
            first = next(fresh, None)  # before the saved pages, which are of no use without the rest
        except InvalidArgument:
            if not resumes:
                raise
            kept.forget()
            fresh = self._pages_of(columns, None, progress, tokens, kept)
            first = next(fresh, None)
        with closing(fresh):
            yield from kept.batches()
            for page in chain([] if first is None else [first], fresh):
                with tokens.reading():
                    batch = columns.batch(page)
                kept.add(batch, tokens.coming)
                yield batch

    def _bar(self, progress: bool | None, limit: int | None, *, several: bool, read: int) -> Any:
        """The progress line of an export, with the estimated total before the first call. `read`: pages read before.

        The estimate may need a request, so an export of the first page has none.
        """
        caption, noun = self._listing.caption, self._listing.nouns
        if not is_shown(progress, several=several):
            return bar(caption, noun, False, several=several)
        expected = collector_waits()(self._listing.expected)() if several else Expected()
        if self._start:  # the number of tasks before the page token is unknown
            expected = Expected()
        if read and expected.calls is not None:
            expected = replace(expected, calls=max(1, expected.calls - read))
        if limit is not None:
            expected = expected.first(limit)
        return bar(
            caption + expected.words, noun, True, several=several, total=expected.items, estimated=True
        )

    def _now_(self) -> datetime:
        return self._listing.session.now()

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


# Usually the token is the last member of the response, so the rest need not be parsed: a single brace after it closes
# the object. Within a string, its quotes would be escaped, and only a name is followed by a colon.
_TOKEN = b'"nextPageToken"'
_LAST_MEMBER = re.compile(rb'"nextPageToken"\s*:\s*"([^"\\]*)"\s*}\s*\Z')
_TAIL_BYTES = 4096


def _next_token(raw: bytes) -> str:
    at = raw.rfind(_TOKEN, max(0, len(raw) - _TAIL_BYTES))
    last = _LAST_MEMBER.match(raw, at) if at >= 0 else None
    return last[1].decode() if last else decode(raw, _Listing).next_page_token
