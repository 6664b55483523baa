"""Requests the pages of a listing one by one: in one API version, in a size that fits, and without loops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..errors import AnswerTooLarge, CloudTasksError, DecodeError
from ..model.json import decode, version_said
from ..model.versions import Version

if TYPE_CHECKING:
    from .session import Session


class _Paged(Protocol):
    next_page_token: str


P = TypeVar("P", bound=_Paged)

_USUAL_SIZE = 1000
_SHOWN = 60


class PagedCall:
    """A list method: call it with a page token ("" for the first page); it returns the page as JSON bytes.

    If a page is too large, it is requested again with half the size, down to 1. A page token goes to the API version
    that issued it.
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
        """The page tokens of a new listing of `what`."""
        return PageTokens(what, self._method_id, next(iter(self._path.values())))

    def pages(self, kind: type[P], what: str) -> Iterator[P]:
        """All pages, as messages of a type with `next_page_token`. Errors: any ApiError, DecodeError."""
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
        """Read one page. `continues`: it belongs to a running listing, even if it is the first page of its queue."""
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
    """The page tokens of one listing, in order. It counts the pages, and rejects a token that was used before.

    `what` names the items; `method` and `resource` are those of the calls. `page_resource` is that of the current page,
    if pages have different ones.
    """

    def __init__(self, what: str, method: str, resource: str) -> None:
        self._what = what
        self._method = method
        self._resource = resource
        self._seen: set[str] = set()
        self.page_resource = ""
        self.number = 1
        self.items = 0
        """The number of items that were read, if the reader counts them."""
        self.coming = ""
        """The token of the next page."""

    def afresh(self) -> PageTokens:
        """The page tokens for reading the same listing again."""
        return PageTokens(self._what, self._method, self._resource)

    def next(self, token: str) -> str:
        """Record a token, and return it. Errors: DecodeError if it was used before: the listing would never end."""
        if token in self._seen:
            with self.reading():
                read = f" Items read before: {self.items:,}." if self.items else ""
                raise DecodeError(
                    f"Its nextPageToken {token[:_SHOWN]!r} is that of a page that was already read, so the "
                    f"listing would never end.{read}",
                    hint="the endpoint is faulty: check that it is a Cloud Tasks API, and report it to its operator",
                )
        if token:
            self._seen.add(token)
        self.coming = token
        return token

    @property
    def resource(self) -> str:
        """The resource of the calls."""
        return self._resource

    @contextmanager
    def reading(self, token: str | None = None) -> Iterator[None]:
        """Within a with block, add the method and the resource to an error, and the page to a DecodeError."""
        try:
            yield
        except CloudTasksError as error:
            if error.method is None:
                error.method, error.resource = self._method, self.page_resource or self._resource
            if not isinstance(error, DecodeError):
                raise
            page = f"Page {self.number}" if token is None else f"The page with the token {token[:_SHOWN]!r}"
            said = f"{page} of the {self._what} cannot be used. "
            error.message = said + error.message.removeprefix(said)  # it may have passed here before
            error.args = (error.message,)
            raise
