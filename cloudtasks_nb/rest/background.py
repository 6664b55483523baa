"""The work that runs in the background of a client. It ends before the client closes."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from ..errors import ConfigError
from ..interrupts import interrupts_go_to

_LOOK_S = 0.5  # Ctrl-C does not end an endless wait on each system
_NEW_CLIENT = "make a new one with ct.connect() or ct.local()"


class Work(NamedTuple):
    """How to end work, such as the run of a worker. Any thread may call these functions.

    `stop`: begin nothing new, and end. `abandon`, after that: end soon, also if something still runs; the second time:
    end at once. `wait` for its end, at most this many seconds; returns whether it ended. `can_be_awaited`: whether this
    thread may wait: the work itself may not.
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
            raise ConfigError("This client is closed.", hint=_NEW_CLIENT)

    def begin(self, work: Work) -> None:
        """Add work that begins. Errors: ConfigError if the client closes."""
        with self._lock:
            self.check_open()
            if self._then is not None:
                raise ConfigError("This client closes.", hint=_NEW_CLIENT)
            self._here().add(work)

    def ended(self, work: Work) -> None:
        """Remove work that ended, if it is there. The last one closes the client, if it is time."""
        with self._lock:
            works = self._here()
            was_last = works == {work}
            works.discard(work)
            then = self._then if was_last else None
        if then is not None:
            then()

    def end(
        self,
        then: Callable[[], object],
        timeout_s: float | None,
        is_served: Callable[[], bool] = lambda: True,
    ) -> None:
        """Stop all work, wait for its end, and call `then`, also if nothing runs. Work itself does not wait for its own
        end: it calls `then` later, in its own thread.

        After `timeout_s`, or an interrupt, work is abandoned. It ends at once if `is_served` says that no service is
        there. Errors: KeyboardInterrupt at the end, if interrupted; at once if interrupted three times.
        """
        closing = _Closing(is_served, math.inf if timeout_s is None else time.monotonic() + timeout_s)
        with interrupts_go_to(closing.interrupt):  # before stop(): an interrupt must not skip the rest
            with self._lock:
                self._then = then
                works = list(self._here())
            closing.stop(works)
            if not works:
                then()
            elif all(work.can_be_awaited() for work in works):
                closing.wait()
        if closing.interrupts:
            raise KeyboardInterrupt

    def _here(self) -> set[Work]:
        """What runs in this process: in a forked child nothing does."""
        if self._process != os.getpid():
            self._process, self._works = os.getpid(), set()
        return self._works


class _Closing:
    """The end of some works, and the interrupts of the thread that waits for it."""

    def __init__(self, is_served: Callable[[], bool], until_s: float) -> None:
        self.interrupts = 0
        self._works: list[Work] = []
        self._is_served = is_served
        self._until_s = until_s

    def stop(self, works: list[Work]) -> None:
        self._works = works
        for work in works:
            work.stop()
        if self.interrupts:  # perhaps before the works were known
            self._abandon()

    def interrupt(self) -> None:
        """Signal handler."""
        self.interrupts += 1
        self._abandon()
        if self.interrupts > 2:
            raise KeyboardInterrupt

    def wait(self) -> None:
        for work in self._works:
            wait_s = 0.0
            while not work.wait(wait_s):
                self._abandon_if_due()
                wait_s = max(0.0, min(_LOOK_S, self._until_s - time.monotonic()))

    def _abandon_if_due(self) -> None:
        if not self._is_served():  # ask each time: it may end during the wait
            self._abandon()
            self._abandon()
        elif time.monotonic() >= self._until_s:
            self._until_s = math.inf
            self._abandon()

    def _abandon(self) -> None:
        for work in self._works:
            work.abandon()
