"""How is a log asked for, page by page, within a window?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model.json import Message, decode
from ..rest.pages import PageTokens
from ..rest.session import Session
from .services import ENTRIES, log_entries
from .windows import Window

PAGE_SIZE = 1000


class _Token(Message):
    next_page_token: str = ""


class EntryCall:
    """A question to the log, to be asked with a page token ("" for the first page).

    The past does not change: a page that was read is kept, and asking again for it calls nothing. So a walk that was
    interrupted, or that ended in an error, goes on where it stopped.
    """

    def __init__(self, session: Session, project: str, body: dict[str, Any]) -> None:
        self._session = session
        self._project = project
        self._body = {"orderBy": "timestamp asc", "pageSize": PAGE_SIZE, **body}
        self._kept: dict[str, bytes] = {}

    def __call__(self, token: str) -> bytes:
        if token not in self._kept:
            body = {**self._body, "pageToken": token} if token else self._body
            self._kept[token] = log_entries(self._session, self._project, body)
        return self._kept[token]

    def tokens(self, what: str) -> PageTokens:
        """For a walk that begins; `what` is listed."""
        return PageTokens(what, ENTRIES.id, f"projects/{self._project}")


def entry_pages(session: Session, project: str, body: dict[str, Any], what: str) -> Iterator[bytes]:
    """All pages of a question; an empty page in the middle means that the search goes on. Errors: any ApiError."""
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
    """The terms of a filter that keep it in a window."""
    return [
        f'timestamp>="{window.since:%Y-%m-%dT%H:%M:%SZ}"',
        f'timestamp<"{window.until:%Y-%m-%dT%H:%M:%SZ}"',
    ]
