"""The parts of a listing: its kind of item, a page, and a list of items that is shown as a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import msgspec

from ..shown import Shown, ShownFirst
from .exports import Exports

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Card, Table
    from ..rest.session import Session

T = TypeVar("T")
CALLS_A_MINUTE = 600
"""The quota of list calls per minute and project. Source: SPEC section 2.9."""


class Page(msgspec.Struct, Shown, Generic[T], frozen=True):
    """One page of a listing: its items, in order. `next_page_token` is empty on the last one.

    Example:
        >>> page = queue.tasks(view="FULL", page_size=2).first_page
        >>> len(page), [task.json() for task in page], bool(page.next_page_token)
        (2, [{'n': 0}, {'n': 1}], True)
    """

    items: list[T]
    """The items of this page; may be empty in the middle of a listing."""
    next_page_token: str = ""
    """The page token of the next page, for pager.page(); empty on the last page."""

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __bool__(self) -> bool:
        return True  # an empty page is truthy, because more pages may follow

    def _shape_(self) -> Card:
        from ..render import Card
        from ..render.values import counted

        more = "yes: pager.page(page.next_page_token)" if self.next_page_token else "no"
        return Card(
            "Page", kind=counted(len(self.items), "item"), facts={"more pages": more}, code=["page.items"]
        )


class Expected(msgspec.Struct, frozen=True):
    """The estimated number of items and list calls of a listing.

    >>> Expected(items=412_000, calls=412).words, Expected(calls=1200, at_least=True).words
    (' in about 412 list calls', ' in at least 1,200 list calls (2 min at 600 a minute)')
    """

    items: int | None = None
    calls: int | None = None
    at_least: bool = False

    def first(self, limit: int) -> Expected:
        """The estimate for the first `limit` items.

        >>> Expected(items=2500, calls=25).first(310)
        Expected(items=310, calls=4, at_least=False)
        """
        if not self.items or self.items <= limit:
            return self if self.items else Expected()
        calls = None if self.calls is None else max(1, -(-self.calls * limit // self.items))
        return Expected(limit, calls)

    @property
    def words(self) -> str:
        """The estimate of list calls, for a progress line; empty if unknown."""
        from ..render.values import counted, duration

        if self.calls is None:
            return ""
        minutes = timedelta(minutes=self.calls // CALLS_A_MINUTE)
        lasts = f" ({duration(minutes)} at {CALLS_A_MINUTE} a minute)" if minutes else ""
        return f" in {'at least' if self.at_least else 'about'} {counted(self.calls, 'list call')}{lasts}"


class Listing(ABC, Generic[T]):
    """A kind of item: how its pages are read, shown and converted to columns.

    `expected` estimates the number of items; it may call the service. `rest` is the line of code that lists the rest
    of a failed export.
    """

    noun: ClassVar[str]
    rest: str = ""
    filter: str = ""
    """What else distinguishes the listing from others with its caption."""
    window: str = ""
    """The time that it covers, if each call of the verb covers another."""

    def __init__(
        self,
        session: Session,
        caption: str,
        *,
        has_payloads: bool = False,
        expected: Callable[[], Expected] = Expected,
    ) -> None:
        self.session = session
        self.caption = caption
        self.has_payloads = has_payloads
        self.expected = expected

    @property
    def nouns(self) -> str:
        """The plural of its name."""
        return f"{self.noun}s"

    @abstractmethod
    def items(self, raw: bytes) -> list[T]:
        """The items of a page. Errors: DecodeError."""

    @abstractmethod
    def columns(self) -> Columns[Any]:
        """The columns of its DataFrames and files."""

    @abstractmethod
    def table(self, items: list[T], footer: str | None = None) -> Table:
        """The table of items. `footer` defaults to their number."""

    def resource(self, raw: bytes) -> str:
        """The resource of the call that returned a page, if pages have different ones."""
        return ""

    def counted(self, count: int) -> str:
        """A number with the noun: "1 task", "2,000 tasks"."""
        from ..render.values import counted

        return counted(count, self.noun)


class Items(ShownFirst, Exports, list[T]):
    """A list of items that is shown as a table, with the exports `to_dataframe()`, `to_parquet()` and so on."""

    def __init__(self, items: Iterable[T], listing: Listing[T]) -> None:
        super().__init__(items)
        self._listing = listing

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)  # a pickle is a plain list, because the table format needs the client

    def _own_columns(self) -> Columns[Any]:
        return self._listing.columns()

    def _pages_of(self, columns: Columns[Any], limit: int | None, progress: bool | None) -> Iterator[Any]:
        return iter([columns.of(self[:limit])])

    def _now_(self) -> datetime:
        return self._listing.session.now()

    def _shape_(self) -> Table:
        return self._listing.table(self, self._listing.counted(len(self)))
