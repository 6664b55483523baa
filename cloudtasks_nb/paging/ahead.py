"""Pages that are on their way while others are worked on: how many, and what when nobody takes them any more?"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

_MOST_BYTES = 16 * 1024 * 1024


class Ahead:
    """Fetches the pages of a walk on a thread of its own, from one token on: up to `most` pages, or 16 MB, ahead.

    Not by an executor, for whose threads an interrupted Python waits before it exits.
    """

    def __init__(
        self, fetch: Callable[[str], bytes], token_after: Callable[[bytes], str], token: str, most: int
    ) -> None:
        self._fetch = fetch
        self._token_after = token_after
        self._most = most
        self._pages: deque[bytes] = deque()
        self._held_bytes = 0
        self._failed: BaseException | None = None
        self._is_over = self._is_closed = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, args=(token,), name="cloudtasks-page", daemon=True).start()

    def take(self) -> bytes | None:
        """The next page; None after the last one. Errors: those of fetching it."""
        with self._changed:
            self._changed.wait_for(lambda: self._pages or self._is_over)
            if not self._pages:
                if self._failed is not None:
                    raise self._failed
                return None
            page = self._pages.popleft()
            self._held_bytes -= len(page)
            self._changed.notify_all()
            return page

    def wait(self, timeout_s: float) -> None:
        """Wait until a page is here, for so long at most."""
        with self._changed:
            self._changed.wait_for(lambda: self._pages or self._is_over, timeout_s)

    def close(self) -> None:
        """Fetch no more. A page on its way is dropped when it comes."""
        with self._changed:
            self._is_closed = True
            self._pages.clear()
            self._changed.notify_all()

    def _run(self, token: str) -> None:
        seen: set[str] = set()
        try:
            while token not in seen and self._has_room():
                seen.add(token)
                raw = self._fetch(token)
                with self._changed:
                    self._pages.append(raw)
                    self._held_bytes += len(raw)
                    self._changed.notify_all()
                token = self._token_after(raw)
                if not token:
                    break
        except BaseException as error:
            self._failed = error
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _has_room(self) -> bool:
        """Wait until another page may be fetched; False when nobody wants it any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._is_closed
                    or (len(self._pages) < self._most and (not self._pages or self._held_bytes < _MOST_BYTES))
                )
            )
            return not self._is_closed
