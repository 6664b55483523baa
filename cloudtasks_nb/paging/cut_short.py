"""A listing that fails midway: the items that were read, and how to continue."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from ..errors import CloudTasksError
from ..frames.resting import end_block
from ..interrupts import interrupts_go_to
from ..rest.pages import PageTokens

if TYPE_CHECKING:
    from .pager import Pager

P = TypeVar("P", bound=Sized)
T = TypeVar("T")
Made = TypeVar("Made")


class Pages(Generic[P]):
    """The pages of a listing. `tokens` names the last of them in errors."""

    def __init__(self, pages: Generator[P, None, None], tokens: PageTokens) -> None:
        self._pages = pages
        self.tokens = tokens

    def __iter__(self) -> Iterator[P]:
        with closing(self._pages) as pages:  # ends their thread
            yield from pages


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


class UntilCut:
    """Converts pages until one cannot be read or converted. The earlier pages then become the error's `result`.

    Use as a context manager. After the last page, an interrupt waits for the result; a second one does not. A program's
    own handler of interrupts stays.

    >>> with UntilCut("queue.tasks(…)") as cut:
    ...     cut.whole(list(cut.map(len, [["a"], ["b", "c"]])))
    [1, 2]
    """

    def __init__(self, rest: str) -> None:
        self._rest = rest
        self._count = 0
        self._error: CloudTasksError | KeyboardInterrupt | None = None
        self._waiting = interrupts_go_to(self._interrupt, only_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.__exit__()
        self._error = None  # it refers to this object, so that both would wait for the collector
        end_block()

    def map(self, convert: Callable[[P], Made], pages: Iterable[P]) -> Iterator[Made]:
        """The converted pages, as `map` makes them."""
        tokens = pages.tokens if isinstance(pages, Pages) else None
        several, unseen = iter(pages), ""
        try:
            for page in several:
                with tokens.reading() if tokens else nullcontext():
                    made = convert(page)
                self._count += len(page)
                unseen = tokens.coming if tokens else ""
                yield made
            self._waiting.__enter__()
        except (CloudTasksError, KeyboardInterrupt) as error:
            if not self._count:
                raise
            self._waiting.__enter__()
            error.page_token = unseen  # type: ignore[union-attr]
            self._error = error
        finally:
            if isinstance(several, Generator):
                several.close()

    def _interrupt(self) -> None:
        if self._error is not None:
            self._waiting.__exit__()
            raise KeyboardInterrupt
        self._error = KeyboardInterrupt()
        self._error.page_token = ""  # type: ignore[attr-defined]

    def whole(self, made: T) -> T:
        """Return the result of all pages. Errors: the error of the page that failed, or an interrupt."""
        self._waiting.__exit__()
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
