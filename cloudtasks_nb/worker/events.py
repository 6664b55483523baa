"""Runs calls in other threads, and passes their results to the coordinating thread of a run."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from ..rest.daemon_threads import DaemonThreads

Event = Callable[[], None]
Then = Callable[[Future[Any]], None]

_CALLS_AT_ONCE, _RENEWALS_AT_ONCE = 8, 4


class Events:
    """Functions that the coordinating thread calls, because something happened in another thread."""

    def __init__(self, name: str) -> None:
        self._happened: SimpleQueue[Event] = SimpleQueue()
        self._calls = DaemonThreads(_CALLS_AT_ONCE, f"leases {name}")
        self._renewals = DaemonThreads(_RENEWALS_AT_ONCE, f"renewals {name}")

    def put(self, event: Event) -> None:
        """Let the coordinating thread call a function. Thread-safe, also in signal handlers."""
        self._happened.put(event)

    def take(self, within_s: float) -> None:
        """Wait for an event, and call all that are there. For the coordinating thread."""
        try:
            self._happened.get(timeout=within_s)()
            while True:
                self._happened.get_nowait()()
        except Empty:
            return

    def submit(self, call: Callable[[], Any], then: Then) -> None:
        """Make a call in another thread; `then` receives its future as an event. For the coordinating thread."""
        self._submit(self._calls, call, then)

    def submit_renewal(self, call: Callable[[], Any], then: Then) -> None:
        """The same in other threads, so that no renewal waits for retries of other calls."""
        self._submit(self._renewals, call, then)

    def close(self, *, wait: bool) -> None:
        """Let the threads end. `wait` for running calls."""
        for threads in (self._calls, self._renewals):
            threads.shutdown(wait=wait)

    def _submit(self, threads: DaemonThreads, call: Callable[[], Any], then: Then) -> None:
        threads.submit(call).add_done_callback(lambda called: self.put(partial(then, called)))
