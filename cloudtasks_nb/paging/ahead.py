"""A page that a thread fetches while another page is converted, or while pandas is imported."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from queue import SimpleQueue
from typing import Generic, TypeVar

from ..frames.resting import collector_waits
from ..rest.sent import when_sent
from ..rest.side_by_side import result_of

Where = TypeVar("Where")
Fetch = Callable[[str], bytes]
"""Fetches the page of a page token as JSON; "" means the first page."""

# Converting a page holds the GIL. Without this pause, the next request might be sent only afterwards.
_HEAD_START_S = 0.001

# During a longer wait, the garbage collector is enabled. A collection after each page of a fast server would take a
# twentieth of the time.
_SHORT_WAIT_S = 0.02


Work = Callable[[], None]


def in_own_thread(work: Work) -> None:
    """Run work in a new thread, which ends with it.

    It is not a thread of an executor: at exit after an interrupt, Python would wait for those.
    """
    threading.Thread(target=work, name="cloudtasks-page", daemon=True).start()


class OneThread:
    """Runs the works of one listing in one thread, until it is closed.

    A new thread for each page would take an eighth of the time of converting pages.
    """

    def __init__(self) -> None:
        self._process = 0
        self._begin(SimpleQueue())

    def _begin(self, works: SimpleQueue[Work | None]) -> None:
        self._works = works
        self.close = partial(works.put, None)
        """Lets the thread end after its work. It runs no Python, so an interrupt cannot prevent it."""

    def __call__(self, work: Work) -> None:
        if self._process != os.getpid():  # also in a forked child, which has no such thread
            self._process = os.getpid()
            self._begin(SimpleQueue())
            in_own_thread(partial(_work_off, self._works))
        self._works.put(work)


def _work_off(works: SimpleQueue[Work | None]) -> None:
    while (work := works.get()) is not None:
        work()
        del work  # it holds a page


class Ahead(Generic[Where]):
    """The page of `where`, which another thread fetches from now on; `run` starts it there."""

    def __init__(
        self, fetch: Callable[[Where], bytes], where: Where, run: Callable[[Work], None] = in_own_thread
    ) -> None:
        self.where = where
        self._fetch = fetch
        self._process = os.getpid()
        self._page: Future[bytes] = Future()
        self._sent = threading.Event()
        run(self._run)

    def leave(self) -> None:
        """Give the thread time to send its request."""
        self._sent.wait(_HEAD_START_S)

    def result(self) -> bytes:
        """Wait for the page, and return it. Errors: those of fetching it.

        A forked child has no such thread, so it fetches the page itself.
        """
        if self._process != os.getpid() and not self._page.done():
            return self._fetch(self.where)
        if not self._page.done():
            wait([self._page], timeout=_SHORT_WAIT_S)
        if self._page.done():
            return self._page.result()
        with collector_waits():
            return result_of(self._page)

    def _run(self) -> None:
        try:
            with when_sent(self._sent.set):
                page = self._fetch(self.where)
            self._page.set_result(page)
        except BaseException as error:
            self._page.set_exception(error)
        finally:
            self._sent.set()


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
