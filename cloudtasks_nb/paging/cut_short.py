"""A listing that fails midway: the items that were read, and how to continue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import CloudTasksError
from ..rest.pages import PageTokens

if TYPE_CHECKING:
    from .pager import Pager

P = TypeVar("P", bound=Sized)
T = TypeVar("T")


class Pages(Generic[P]):
    """The pages of a listing. `tokens` names the last of them in errors."""

    def __init__(self, pages: Iterable[P], tokens: PageTokens) -> None:
        self._pages = pages
        self.reading = tokens.reading

    def __iter__(self) -> Iterator[P]:
        return iter(self._pages)


class GoingOn(Iterator[T]):
    """The items of a listing. After an error or an interrupt, it goes on with the page that was not read."""

    def __init__(self, listing: Pager[T]) -> None:
        self._listing = listing
        self._pages = listing.pages()
        self._token: str | None = None  # of the next page; None for the first one, "" after the last one
        self._items: Iterator[T] = iter(())

    def __next__(self) -> T:
        while True:
            for item in self._items:
                return item
            try:
                page = next(self._pages, None)
                if page is not None:
                    self._items, self._token = iter(page.items), page.next_page_token
            except BaseException:
                self._items = iter(())
                self._pages = iter(()) if self._token == "" else self._listing._pages_from(self._token)
                raise
            if page is None:
                raise StopIteration


class UntilCut(Generic[P]):
    """Iterates over pages until one fails. The result of the earlier pages then becomes the error's `result`.

    >>> pages = UntilCut([["a"], ["b", "c"]], "queue.tasks(…)")
    >>> pages.whole([item for page in pages for item in page])
    ['a', 'b', 'c']
    """

    def __init__(self, pages: Iterable[P], rest: str) -> None:
        self._pages = pages
        self._rest = rest
        self._count = 0
        self._error: CloudTasksError | KeyboardInterrupt | None = None

    def converting(self) -> AbstractContextManager[None]:
        """Within a with block, errors of a page name the page, as those of reading it do."""
        return self._pages.reading() if isinstance(self._pages, Pages) else nullcontext()

    def __iter__(self) -> Iterator[P]:
        try:
            for page in self._pages:
                self._count += len(page)
                yield page
        except (CloudTasksError, KeyboardInterrupt) as error:
            if not self._count:
                raise
            self._error = error

    def whole(self, made: T) -> T:
        """Return the result of all pages. Errors: the error of the page that failed."""
        if self._error is None:
            return made
        self._error.result = made  # type: ignore[union-attr]
        held = f"the error's .result holds the {self._count:,} read before (in a notebook: sys.last_value.result)"
        add_hint(self._error, f"{held}{rest_of(self._error, self._rest)}")
        raise self._error


def rest_of(error: BaseException, rest: str) -> str:
    """The hint to continue the listing after an error, if its page token is known."""
    return f"; {rest} lists the rest, for two hours" if rest and getattr(error, "page_token", "") else ""


def add_hint(error: BaseException, words: str) -> None:
    """Append to the hint of an error."""
    if isinstance(error, CloudTasksError):
        error.hint = f"{error.hint}; {words}" if error.hint else words
    else:
        error.add_note(words)
