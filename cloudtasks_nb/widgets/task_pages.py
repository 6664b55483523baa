"""Pages of a listing, back and forth: a stack of page tokens, and the last few pages kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

from ..errors import ConfigError
from ..paging.listing import Page
from ..paging.pager import Pager

T = TypeVar("T")

PAGES_KEPT = 8


class Pages(Generic[T]):
    """Where one is in a listing. Going back needs no call while the page is among the last few.

    Errors: those of `listing` (which fetches the first page) and of Pager.page, and then one stays in place.

    Example:
        >>> pages = Pages(lambda: queue.tasks(page_size=25))
        >>> pages.load().items
    """

    def __init__(self, listing: Callable[[], Pager[T]]) -> None:
        self._listing = listing
        self._pager: Pager[T] | None = None
        self._tokens = [""]  # of the pages up to this one
        self._kept: OrderedDict[str, Page[T]] = OrderedDict()
        self._read_at: dict[str, datetime] = {}  # by token

    @property
    def number(self) -> int:
        """The page one is on, from 1."""
        return len(self._tokens)

    @property
    def page(self) -> Page[T]:
        """The page one is on; empty before the first load."""
        return self._kept.get(self._tokens[-1], Page([]))

    @property
    def tokens(self) -> tuple[str, str, str]:
        """Of the page before, this page and the next; at an end of the listing, this page's own."""
        here = self._tokens[-1]
        return self._tokens[-2:][0], here, self.page.next_page_token or here

    @property
    def read_at(self) -> datetime | None:
        """When the page one is on was read from the service; None before the first load."""
        return self._read_at.get(self._tokens[-1])

    def load(self) -> Page[T]:
        """The page one is on, read again; pages around it are forgotten."""
        token = self._tokens[-1]
        page = self._read(token)
        self._kept.clear()
        return self._keep(token, page)

    def forward(self) -> Page[T]:
        """The next page. One stays where one is when there is none."""
        token = self.page.next_page_token
        if not token:
            return self.page
        page = self._kept.get(token) or self._read(token)
        self._tokens.append(token)
        return self._keep(token, page)

    def back(self) -> Page[T]:
        """The page before. One stays where one is when there is none."""
        if len(self._tokens) == 1:
            return self.page
        token = self._tokens[-2]
        page = self._kept.get(token) or self._read(token)
        self._tokens.pop()
        return self._keep(token, page)

    def first(self) -> Page[T]:
        """The first page, read again. Old tokens expire; this one never does."""
        page = self._read("")
        self._tokens = [""]
        self._kept.clear()
        return self._keep("", page)

    def _read(self, token: str) -> Page[T]:
        if self._pager is None or not token:
            self._pager = self._listing()
        page = self._pager.page(token) if token else next(self._pager.pages())
        self._read_at[token] = datetime.now(UTC)
        return page

    def _keep(self, token: str, page: Page[T]) -> Page[T]:
        self._kept[token] = page
        self._kept.move_to_end(token)
        while len(self._kept) > PAGES_KEPT:
            self._kept.popitem(last=False)
        return page


def checked_page_size(page_size: object) -> int:
    """A size that the service takes. Errors: ConfigError."""
    if type(page_size) is not int or not 1 <= page_size <= 1000:
        raise ConfigError(f"{page_size!r} is not a page size.", hint="from 1 to 1000 tasks")
    return page_size
