"""Pages of a listing, back and forth: a stack of page tokens, and a cache of the last few pages."""

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
    """The position in a listing. Going back needs no call while the page is cached.

    Errors: those of `listing` (which fetches the first page) and of Pager.page; the position then stays.

    Example:
        >>> pages = Pages(lambda: queue.tasks(page_size=25))
        >>> pages.load().items
    """

    def __init__(self, listing: Callable[[], Pager[T]]) -> None:
        self._listing = listing
        self._pager: Pager[T] | None = None
        self._tokens = [""]  # the page tokens up to the current page
        self._kept: OrderedDict[str, Page[T]] = OrderedDict()
        self._read_at: dict[str, datetime] = {}  # by token

    @property
    def number(self) -> int:
        """The number of the current page, from 1."""
        return len(self._tokens)

    @property
    def page(self) -> Page[T]:
        """The current page; empty before the first load."""
        return self._kept.get(self._tokens[-1], Page([]))

    @property
    def tokens(self) -> tuple[str, str, str]:
        """The page tokens of the previous, current and next page; at an end of the listing, the current one."""
        here = self._tokens[-1]
        return self._tokens[-2:][0], here, self.page.next_page_token or here

    @property
    def read_at(self) -> datetime | None:
        """When the current page was read from the service; None before the first load."""
        return self._read_at.get(self._tokens[-1])

    def load(self) -> Page[T]:
        """Read the current page again, and clear the cache."""
        token = self._tokens[-1]
        page = self._read(token)
        self._kept.clear()
        return self._keep(token, page)

    def forward(self) -> Page[T]:
        """Go to the next page; at the end, stay."""
        token = self.page.next_page_token
        if not token:
            return self.page
        page = self._kept.get(token) or self._read(token)
        self._tokens.append(token)
        return self._keep(token, page)

    def back(self) -> Page[T]:
        """Go to the previous page; at the start, stay."""
        if len(self._tokens) == 1:
            return self.page
        token = self._tokens[-2]
        page = self._kept.get(token) or self._read(token)
        self._tokens.pop()
        return self._keep(token, page)

    def first(self) -> Page[T]:
        """Go to the first page and read it again. Page tokens expire; the empty one never does."""
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
    """Check a page size. Errors: ConfigError."""
    if type(page_size) is not int or not 1 <= page_size <= 1000:
        raise ConfigError(f"page_size must be between 1 and 1,000, not {page_size!r}.")
    return page_size
