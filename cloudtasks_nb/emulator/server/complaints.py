"""What an emulator says to its owner: nothing that is said can hold it up, whether somebody reads it or not."""

from __future__ import annotations

import contextlib
import io
import os
import queue
import sys
import threading
from collections.abc import Iterator

_MOST_WAITING = 1000  # texts; what comes while so many wait for a reader is dropped
_LAST_WORDS_S = 0.5


class Complaints(io.TextIOBase):
    """A text stream over a file descriptor whose `write` never waits: a thread of its own hands on what was written.

    A pipe that nobody reads is full after 64 kB, and then stops whoever writes to it.
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
        """Give what was written last a moment to be read."""
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
    """Within the block, sys.stderr is such a stream."""
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
