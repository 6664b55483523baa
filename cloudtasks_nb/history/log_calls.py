"""Read the pages of a log within a window of time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from ..model.json import Message, decode
from ..rest.pages import PageTokens
from ..rest.session import Session
from .services import ENTRIES, log_entries
from .windows import Window, written

PAGE_SIZE = 1000
_FAST = 1


class _Token(Message):
    next_page_token: str = ""


class EntryCall:
    """A query to the log. Call it with a page token ("" for the first page).

    Pages are cached, because past entries do not change. So after an interrupt or an error, the iteration continues
    with the first missing page. They are compressed: 100,000 entries have about 100 MB.
    """

    def __init__(self, session: Session, project: str, body: dict[str, Any]) -> None:
        self._session = session
        self._project = project
        self._body = {"orderBy": "timestamp asc", "pageSize": PAGE_SIZE, **body}
        self._kept: dict[str, bytes] = {}

    def __call__(self, token: str) -> bytes:
        if token not in self._kept:
            body = {**self._body, "pageToken": token} if token else self._body
            raw = log_entries(self._session, self._project, body)
            self._kept[token] = zlib.compress(raw, _FAST)
            return raw
        return zlib.decompress(self._kept[token])

    def tokens(self, what: str) -> PageTokens:
        """Page tokens for a new iteration. `what` names the listed items in errors."""
        return PageTokens(what, ENTRIES.id, f"projects/{self._project}")


def entry_pages(session: Session, project: str, body: dict[str, Any], what: str) -> Iterator[bytes]:
    """All pages of a query. An empty page does not end the iteration. Errors: any ApiError."""
    call = EntryCall(session, project, body)
    tokens, token = call.tokens(what), ""
    while True:
        raw = call(token)
        yield raw
        with tokens.reading():
            held = decode(raw, _Token).next_page_token
        if not (token := tokens.next(held)):
            return
        tokens.number += 1


def bounds(window: Window) -> list[str]:
    """The filter terms for a window of time."""
    return [
        f'timestamp>="{written(window.since)}"',
        f'timestamp<"{written(window.until)}"',
    ]
