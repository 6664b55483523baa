"""Listings, page by page: lazy after the first page, iterated afresh each time, exported a page at a time."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Generator, Iterator, Sequence, Sized
from concurrent.futures import Future, wait
from contextlib import closing
from itertools import islice
from operator import index
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from ..errors import ConfigError
from ..model.json import decode
from ..progress import bar
from ..rest.pages import PageTokens
from ..shown import Shown
from .listing import Items, Listing, Page

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from ..frames import Columns, Decode, Dtypes
    from ..render import Table

T = TypeVar("T")
P = TypeVar("P", bound=Sized)

# Converting a page holds the interpreter; without this pause the next request would leave only after it.
_HEAD_START_S = 0.001


class _Token(msgspec.Struct, rename="camel"):
    next_page_token: str = ""


class Pager(Shown, Generic[T]):
    """A listing. The first page is here; each further one is fetched when iteration reaches it.

    Iterating again starts over. `repr` shows what was fetched and never calls the network.

    Errors: any ApiError at the call that made it (first page), or when a further page is reached.

    Example:
        >>> tasks = queue.tasks()
        >>> tasks.first(3)
        >>> tasks.to_dataframe()
    """

    def __init__(self, fetch: Callable[[str], bytes], listing: Listing[T], tokens: PageTokens) -> None:
        self._fetch = fetch
        self._listing = listing
        self._tokens = tokens  # of a walk that begins
        self._lock = threading.Lock()
        self._first = fetch("")
        self._untouched = True  # the first page has not been handed out yet

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
        with tokens.reading(token):
            page = Page(self._listing.items(raw := self._fetch(token)), _next_token(raw))
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
        _check_count("count", count)
        held = self._page(self._first)
        if len(held.items) >= count or not held.next_page_token:
            return Items(held.items[:count], self._listing)
        return Items(islice(self, count), self._listing)

    def to_dataframe(
        self,
        limit: int | None = None,
        progress: bool | None = None,
        decode: Decode | None = None,
        dtype_backend: Dtypes = "numpy_nullable",
        categories: Sequence[str] = (),
    ) -> pd.DataFrame:
        """All items (or the first `limit`) as a DataFrame.

        Shapes: one row per item, the columns of its kind whatever the page held, instants as
        datetime64[us, UTC], nullable dtypes (or Arrow's, with dtype_backend="pyarrow"). `categories` names columns
        that become categorical, such as ["kind"]. `decode="text"` adds `payload_text`, `decode="json"` one column
        `payload.<key>` per top-level key. `progress` shows a bar; by default when there are several pages.

        Errors: any ApiError when a page fails; ConfigError when `decode` is asked for without payloads.

        Example:
            >>> frame = queue.tasks(view="FULL").to_dataframe(decode="json")
            >>> frame["payload.n"].tolist()
            [0, 1, 2, 3, 4]
        """
        from ..frames import to_pandas

        if decode is not None and not self._listing.has_payloads:
            raise ConfigError(
                f"decode={decode!r} needs payloads.", hint='list them with queue.tasks(view="FULL")'
            )
        _check_count("limit", limit)
        columns = self._listing.columns()
        pages = self._pages_of(columns, limit, progress, self._tokens.afresh())
        return to_pandas(columns, pages, decode, dtype_backend, categories)

    def to_arrow(self, limit: int | None = None, progress: bool | None = None) -> pa.Table:
        """All items (or the first `limit`) as an Arrow table; the same columns as `to_dataframe`.

        Errors: any ApiError when a page fails.

        Example:
            >>> queue.tasks().to_arrow().num_rows
            5
        """
        return self.to_arrow_batches(limit, progress).read_all()

    def to_arrow_batches(
        self, limit: int | None = None, progress: bool | None = None
    ) -> pa.RecordBatchReader:
        """All items as a pyarrow.RecordBatchReader: a batch per page, each fetched when it is read, read once.

        Shapes: the columns of `to_arrow`, in every batch.

        Errors: any ApiError when the page that is read fails.

        Example:
            >>> import duckdb
            >>> duckdb.from_arrow(queue.tasks().to_arrow_batches()).aggregate("last_code, count(*)")
        """
        import pyarrow

        _check_count("limit", limit)
        columns = self._listing.columns()
        return pyarrow.RecordBatchReader.from_batches(
            columns.schema, self.batches_of(columns, progress, limit)
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """How Polars, DuckDB, pyarrow and others take a listing as it is: `polars.from_arrow(queue.tasks())`."""
        return self.to_arrow_batches().__arrow_c_stream__(requested_schema)

    def to_parquet(self, path: str | os.PathLike[str], progress: bool | None = None) -> Path:
        """Stream all items into a Parquet file; it appears when complete. Returns its path.

        Errors: any ApiError when a page fails, and then no file is left behind.

        Shapes: the columns of `to_dataframe`, with Arrow types.

        Example:
            >>> queue.tasks(view="FULL").to_parquet("tasks.parquet")
        """
        from ..frames import write_parquet

        columns = self._listing.columns()
        return write_parquet(path, columns.schema, self.batches_of(columns, progress))

    def to_csv(self, path: str | os.PathLike[str], progress: bool | None = None) -> Path:
        """Stream all items into a CSV file (headers as JSON, payloads as base64); it appears when complete.

        Errors: any ApiError when a page fails, and then no file is left behind.

        Shapes: the columns of `to_dataframe`, instants as text.

        Example:
            >>> queue.tasks().to_csv("tasks.csv")
        """
        from ..frames import write_csv

        columns = self._listing.columns()
        return write_csv(path, columns.schema, self.batches_of(columns, progress))

    def _page(self, raw: bytes, tokens: PageTokens | None = None) -> Page[T]:
        with (tokens or self._tokens).reading():
            return Page(self._listing.items(raw), _next_token(raw))

    def _raw_pages(self, tokens: PageTokens, *, ahead: bool) -> Generator[bytes, None, None]:
        """Page bytes from the start. `ahead` requests the next page while the caller works on this one."""
        with self._lock:
            held, self._untouched = (self._first if self._untouched else None), False
        if held is None:
            held = self._first = self._fetch("")
        raw = held
        while token := self._token_after(raw, tokens):
            upcoming = _in_background(self._fetch, token) if ahead else None
            if upcoming is not None:
                wait([upcoming], timeout=_HEAD_START_S)
            yield raw
            raw = upcoming.result() if upcoming is not None else self._fetch(token)
            tokens.number += 1
        yield raw

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
        self, columns: Columns[P], limit: int | None, progress: bool | None, tokens: PageTokens
    ) -> Iterator[P]:
        """Pages as a table reads them, each gone when the next one comes."""
        left = limit
        with tokens.reading():
            several = bool(_next_token(self._first))
        ahead = limit is None  # with a limit, a page ahead may be wasted
        with (
            closing(self._raw_pages(tokens, ahead=ahead)) as pages,
            bar(
                self._listing.caption,
                f"{self._listing.noun}s",
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


def _in_background(fetch: Callable[[str], bytes], token: str) -> Future[bytes]:
    """A page on its way; not by an executor, for whose threads an interrupted Python waits before it exits."""
    page: Future[bytes] = Future()

    def run() -> None:
        try:
            page.set_result(fetch(token))
        except BaseException as error:
            page.set_exception(error)

    threading.Thread(target=run, name="cloudtasks-page", daemon=True).start()
    return page


# The token is the last member of the answer as a rule, and then there is no need to read all of it: a single brace
# behind it closes the whole, and within a text its quotes would be escaped.
_LAST_MEMBER = re.compile(rb'[{,]\s*"nextPageToken"\s*:\s*"([^"\\]*)"\s*}\s*\Z')
_TAIL_BYTES = 4096


def _next_token(raw: bytes) -> str:
    last = _LAST_MEMBER.search(raw, max(0, len(raw) - _TAIL_BYTES))
    return last[1].decode() if last else decode(raw, _Token).next_page_token


def _check_count(what: str, count: int | None) -> None:
    """Refuse what is no number of items. Errors: ConfigError."""
    try:
        usable = count is None or index(count) >= 0
    except TypeError:
        usable = False
    if not usable:
        raise ConfigError(
            f"{what}={count!r} is not a number of items.", hint=f"pass {what}=20, or leave it out"
        )
