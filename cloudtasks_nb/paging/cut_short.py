"""A listing that is cut short: what was read of it, and where it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Generic, TypeVar

from ..errors import CloudTasksError

P = TypeVar("P", bound=Sized)
T = TypeVar("T")


class UntilCut(Generic[P]):
    """Pages until one of them fails. What was made of those before it then becomes the error's `result`.

    >>> pages = UntilCut([["a"], ["b", "c"]], "queue.tasks(…)")
    >>> pages.whole([item for page in pages for item in page])
    ['a', 'b', 'c']
    """

    def __init__(self, pages: Iterable[P], rest: str) -> None:
        self._pages = pages
        self._rest = rest
        self._count = 0
        self._error: CloudTasksError | KeyboardInterrupt | None = None

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
        """What was made of all pages. Errors: that of the page that failed."""
        if self._error is None:
            return made
        self._error.result = made  # type: ignore[union-attr]
        where = "in the error's .result (in a notebook: sys.last_value.result)"
        add_hint(
            self._error, f"the {self._count:,} read before are {where}{rest_of(self._error, self._rest)}"
        )
        raise self._error


def rest_of(error: BaseException, rest: str) -> str:
    """How the listing goes on after an error, where its page token is known."""
    return f"; {rest} lists the rest, for two hours" if rest and getattr(error, "page_token", "") else ""


def add_hint(error: CloudTasksError | KeyboardInterrupt, words: str) -> None:
    """Have an error say what to do next."""
    if isinstance(error, CloudTasksError):
        error.hint = f"{error.hint}; {words}" if error.hint else words
    else:
        error.add_note(words)
