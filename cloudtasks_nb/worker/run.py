"""One run of a worker, from start to end. One thread coordinates it, and never waits for the network."""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ..interrupts import wait_in_steps
from ..rest.background import Work
from .events import Events
from .flow import Flow
from .options import WorkerOptions
from .tally import Tally

if TYPE_CHECKING:
    from ..resources.queue import Queue

_TICK_S, _GIVING_BACK_S = 0.5, 5.0


class WorkerRun:
    """One run of a worker. The client closes after its end.

    `thread`: its coordinating thread. `background`: this thread, if start() made it. `over` is set after work() ended.
    `begun`: the thread that acquires it ends the run.
    """

    def __init__(
        self,
        queue: Queue,
        handler: Callable[[Any], Any],
        options: WorkerOptions,
        tally: Tally,
        *,
        until_empty: bool,
    ) -> None:
        self._events = Events(queue.id)
        self._flow = Flow(queue, handler, options, tally, self._events, until_empty=until_empty)
        self._until_empty = until_empty
        self._interrupts = 0
        self._gives_up_s = math.inf
        self._process = os.getpid()
        self.thread = threading.current_thread()
        self.background: threading.Thread | None = None
        self.over = threading.Event()
        self.begun = threading.Lock()
        self._beside = queue._session.background
        self._work = Work(self.stop, self.abandon, self.wait, self.can_be_awaited)

    def begin(self) -> None:
        """Let the client wait for the end: ended() must follow. Errors: ConfigError if the client closes."""
        self._beside.begin(self._work)

    def stop(self) -> None:
        """Stop leasing. Thread-safe."""
        self._events.put(self._flow.drain)

    def interrupt(self) -> None:
        """Signal handler: adds an event. The first interrupt drains, a second one abandons, a third one ends now."""
        self._interrupts += 1
        self._events.put(self._flow.drain if self._interrupts == 1 else self._give_up)

    def abandon(self) -> None:
        """After stop(): give back what has not begun, and wait no longer for handlers. Thread-safe."""
        self._events.put(self._give_up)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end. Returns whether it ended."""
        if not wait_in_steps(self.over.wait, math.inf if timeout_s is None else timeout_s):
            return False
        if self.background is not None:
            self.background.join()
        return True

    def can_be_awaited(self) -> bool:
        """Whether this thread may wait for the end. The coordinating thread, a handler and a forked child may not."""
        mine = self.thread is threading.current_thread() or self._flow.executing.is_handling_here
        return not mine and self._process == os.getpid()

    def work(self, report: Callable[[Tally], None]) -> None:
        """Run until the work is done. `report` gets the counts, which add up. Errors: the error that stopped it."""
        atexit.register(self._end_with_process)
        flow = self._flow
        try:
            while not self._is_over():
                next_s = flow.act(time.monotonic())
                flow.count()
                report(msgspec.structs.replace(flow.tally))
                self._events.take(max(0.0, min(_TICK_S, next_s - time.monotonic())))
                if self._until_empty:
                    flow.drain_if_empty()
        except Exception as error:  # not one of the service, for example of the card
            flow.fail(error)
        finally:
            self._end(report)
        if self._interrupts > 1:
            raise KeyboardInterrupt
        if flow.fatal is not None:
            raise flow.fatal

    def _is_over(self) -> bool:
        flow = self._flow
        if not flow.is_draining:
            return False
        if flow.is_unfinished:
            return time.monotonic() >= self._gives_up_s
        return self._gives_up_s < math.inf or flow.executing.is_nothing_awaited

    def _give_up(self) -> None:
        """Wait no longer for handlers, and only for some seconds for calls."""
        within_s = _GIVING_BACK_S if self._gives_up_s == math.inf else 0.0
        self._gives_up_s = time.monotonic() + within_s
        self._flow.give_up(self._gives_up_s)

    def _end(self, report: Callable[[Tally], None]) -> None:
        try:
            all_ended = self._flow.close()
            self._events.close(wait=all_ended)
            if all_ended:
                atexit.unregister(self._end_with_process)
            report(msgspec.structs.replace(self._flow.tally))
        finally:
            self.ended()

    def ended(self) -> None:
        """Record the end. A client that waits for it closes now."""
        if not self.over.is_set():
            try:
                self._beside.ended(self._work)
            finally:
                self.over.set()

    def _end_with_process(self) -> None:
        """At the end of Python: stop, and wait as stop() does, but not for handlers after an interrupt. Threads of
        handlers that hang are left."""
        if self._process == os.getpid():  # a forked child has no such threads
            try:
                self.stop()
                wait_in_steps(self.over.wait)
            except KeyboardInterrupt:
                self.stop()
                self.abandon()
                wait_in_steps(self.over.wait)
            self._events.close(wait=True)
