"""The work that runs in the background of a client. It ends before the client closes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from ..errors import ConfigError
from ..interrupts import interrupts_go_to

_LOOK_S = 0.5  # Ctrl-C does not end an endless wait on each system


class Work(NamedTuple):
    """How to end work, such as the run of a worker. Any thread may call these functions.

    `stop`: begin nothing new, and end. `abandon`, after that: end soon, also if something still runs. `wait` for its
    end, at most this many seconds; returns whether it ended. `can_be_awaited`: whether this thread may wait: the work
    itself may not.
    """

    stop: Callable[[], object]
    abandon: Callable[[], object]
    wait: Callable[[float], bool]
    can_be_awaited: Callable[[], bool]


class Background:
    """What runs in the background of one client, in this process. Thread-safe, also in signal handlers."""

    def __init__(self) -> None:
        self.is_closed = False
        """Whether calls are refused."""
        self._works: set[Work] = set()
        self._then: Callable[[], object] | None = None
        self._lock = threading.RLock()
        self._process = os.getpid()

    def check_open(self) -> None:
        """Raise if calls are refused. Errors: ConfigError."""
        if self.is_closed:
            raise ConfigError("This client is closed.", hint="make a new one with ct.connect() or ct.local()")

    def begin(self, work: Work) -> None:
        """Add work that begins. Errors: ConfigError if the client closes."""
        with self._lock:
            self.check_open()
            if self._then is not None:
                raise ConfigError(
                    "This client closes.", hint="make a new one with ct.connect() or ct.local()"
                )
            self._here().add(work)

    def ended(self, work: Work) -> None:
        """Remove work that ended. The last one closes the client, if it is time."""
        with self._lock:
            works = self._here()
            works.discard(work)
            then = None if works else self._then
        if then is not None:
            then()

    def end(self, then: Callable[[], object], timeout_s: float | None) -> None:
        """Stop all work, wait for its end, and call `then`, also if nothing runs. Work itself does not wait for its own
        end: it calls `then` later, in its own thread.

        After `timeout_s`, or an interrupt, work is abandoned. Errors: KeyboardInterrupt at the end, if interrupted.
        """
        with self._lock:
            self._then = then
            works = list(self._here())
        for work in works:
            work.stop()
        if not works:
            then()
        elif all(work.can_be_awaited() for work in works):
            _await(works, timeout_s)

    def _here(self) -> set[Work]:
        """What runs in this process: in a forked child nothing does."""
        if self._process != os.getpid():
            self._process, self._works = os.getpid(), set()
        return self._works


def _await(works: list[Work], timeout_s: float | None) -> None:
    interrupts: list[None] = []

    def abandon() -> None:
        for work in works:
            work.abandon()

    def interrupt() -> None:
        interrupts.append(None)
        abandon()

    with interrupts_go_to(interrupt):
        until_s = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        for work in works:
            while not work.wait(max(0.0, min(_LOOK_S, until_s - time.monotonic()))):
                if time.monotonic() >= until_s:
                    until_s = float("inf")
                    abandon()
    if interrupts:
        raise KeyboardInterrupt
