"""A page that a thread fetches while another page is converted, or while pandas is imported."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

Where = TypeVar("Where")
Fetch = Callable[[str], bytes]
"""Fetches the page of a page token as JSON; "" means the first page."""

# Converting a page holds the GIL. Without this pause, the next request would be sent only afterwards.
_HEAD_START_S = 0.001


class Ahead(Generic[Where]):
    """The page of `where`, which a thread of its own fetches from now on. The thread ends with the response.

    It is not a thread of an executor: at exit after an interrupt, Python would wait for those.
    """

    def __init__(self, fetch: Callable[[Where], bytes], where: Where) -> None:
        self.where = where
        self._fetch = fetch
        self._process = os.getpid()
        self._page: Future[bytes] = Future()
        threading.Thread(target=self._run, name="cloudtasks-page", daemon=True).start()

    def leave(self) -> None:
        """Give the thread time to send its request."""
        wait([self._page], timeout=_HEAD_START_S)

    def result(self) -> bytes:
        """Wait for the page, and return it. Errors: those of fetching it.

        A forked child has no such thread, so it fetches the page itself.
        """
        if self._process != os.getpid() and not self._page.done():
            return self._fetch(self.where)
        return self._page.result()

    def _run(self) -> None:
        try:
            self._page.set_result(self._fetch(self.where))
        except BaseException as error:
            self._page.set_exception(error)


class Begun:
    """The second page of a listing, which is fetched while an export imports Arrow and pandas, and its fetcher."""

    def __init__(self, read: Fetch, token: str) -> None:
        self.read = read
        self._ahead = Ahead(read, token)

    def page(self, token: str) -> Ahead[str] | None:
        """The page, if this is its token."""
        return self._ahead if self._ahead.where == token else None


def arrow_is_loaded() -> bool:
    """Whether Arrow, and so pandas, were imported."""
    return "pyarrow" in sys.modules
