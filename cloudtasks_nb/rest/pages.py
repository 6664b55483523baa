"""The pages of a listing, asked for one by one: in one version, in a size that fits, and never in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..errors import AnswerTooLarge, DecodeError
from ..model.json import decode, version_said
from ..model.versions import Version
from .answers import asked

if TYPE_CHECKING:
    from .session import Session


class _Paged(Protocol):
    next_page_token: str


P = TypeVar("P", bound=_Paged)

_USUAL_SIZE = 1000
_SHOWN = 60


class PagedCall:
    """A method that lists, to be called with a page token ("" for the first page); the page comes as JSON bytes.

    A page that is too large is asked for again with half the size, down to 1. Page tokens go to the version that gave
    them.
    """

    def __init__(
        self, session: Session, method_id: str, path: Mapping[str, str], query: Mapping[str, Any]
    ) -> None:
        self._session = session
        self._method_id = method_id
        self._path = path
        self._query = query
        self._size: int | None = query.get("pageSize")
        self.version: Version | None = None

    def tokens(self, what: str) -> PageTokens:
        """For a walk that begins; `what` is listed."""
        return PageTokens(what, self._method_id, next(iter(self._path.values())))

    def pages(self, kind: type[P], what: str) -> Iterator[P]:
        """All pages, as messages of a kind that holds `next_page_token`. Errors: any ApiError, DecodeError."""
        tokens, token = self.tokens(what), ""
        while True:
            raw = self(token)
            with tokens.reading():
                page = decode(raw, kind)
            yield page
            if not (token := tokens.next(page.next_page_token)):
                return
            tokens.number += 1

    def __call__(self, token: str, *, continues: bool = False) -> bytes:
        """One page. `continues`: it is a further page of a listing, although of this queue it may be the first."""
        while True:
            query = {**self._query, "pageSize": self._size, "pageToken": token}
            try:
                page = self._session.fetch(
                    self._method_id,
                    path=self._path,
                    query=query,
                    version=self.version if token else None,
                    continues=continues,
                )
            except AnswerTooLarge:
                size = self._size or _USUAL_SIZE
                if size <= 1:
                    raise
                self._size = size // 2
            else:
                self.version = version_said(page)
                return page


class PageTokens:
    """The page tokens of one walk through a listing, in order: on which page one is, and that none comes twice.

    `what` is listed, by a call of `method` about `resource`.
    """

    def __init__(self, what: str, method: str, resource: str) -> None:
        self._what = what
        self._method = method
        self._resource = resource
        self._seen: set[str] = set()
        self.number = 1
        self.coming = ""
        """The token of the page after the one that was handed out last."""

    def afresh(self) -> PageTokens:
        """Another walk through the same listing."""
        return PageTokens(self._what, self._method, self._resource)

    def next(self, token: str) -> str:
        """The token itself. Errors: DecodeError when it came before, because the listing would then never end."""
        if token in self._seen:
            with self.reading():
                raise DecodeError(
                    f"It names a next page that was read before (nextPageToken {token[:_SHOWN]!r}), so that the "
                    "listing would never end.",
                    hint="the endpoint is at fault: check that it is a Cloud Tasks API, and report it to who runs it",
                )
        if token:
            self._seen.add(token)
        self.coming = token
        return token

    @contextmanager
    def reading(self, token: str | None = None) -> Iterator[None]:
        """Within a with block, an answer that cannot be used says which page it is, and what was asked."""
        page = f"Page {self.number}" if token is None else f"The page with the token {token[:_SHOWN]!r}"
        try:
            with asked(self._method, self._resource):
                yield
        except DecodeError as error:
            error.message = f"{page} of the {self._what} cannot be used. {error.message}"
            error.args = (error.message,)
            raise
