"""Messages of the emulator on stderr. Writing never blocks the emulator, even if nobody reads them."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import sys
import threading
from collections.abc import Iterator

_MOST_WAITING = 1000  # texts; further texts are dropped while so many wait for a reader
_LAST_WORDS_S = 2


class Complaints(io.TextIOBase):
    """A text stream over a file descriptor whose `write` never blocks: a thread does the writing.

    A pipe that nobody reads is full after 64 kB, and then blocks every writer.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: queue.Queue[str | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._hand_on, name="complaints", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(text)
        return len(text)

    def writable(self) -> bool:
        return True

    def finish(self) -> None:
        """Wait a moment for the last texts to be written."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
            self._thread.join(_LAST_WORDS_S)

    def _hand_on(self) -> None:
        while (text := self._waiting.get()) is not None:
            raw = text.encode(errors="backslashreplace")
            with contextlib.suppress(OSError):  # the reader is gone
                while raw:
                    raw = raw[os.write(self._descriptor, raw) :]


@contextlib.contextmanager
def never_waiting_for_readers() -> Iterator[None]:
    """Makes sys.stderr such a stream within the block."""
    kept = sys.stderr
    try:
        complaints = Complaints(kept.fileno())
    except (AttributeError, OSError, ValueError):  # a stderr that is not a file cannot block
        yield
        return
    sys.stderr = complaints
    try:
        yield
    finally:
        sys.stderr = kept
        complaints.finish()
