"""Passes handler calls to the executor, and tells which of them run, ended, or run too long."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import msgspec

from ..errors import kind_of
from ..rest.daemon_threads import DaemonThreads
from .bundling import START_WITHIN_S, Bundling
from .hand import Bundle, Hand
from .handling import Ended, handle, is_handling, why
from .options import WorkerOptions
from .tally import Tally
from .time_limit import TimeLimit

_NOT_IMPORTABLE = (
    "next: other processes must be able to import the function: put it into a module, not into a cell"
)


class Executing:
    """The handlers of one run. For the coordinating thread only.

    Calls `ended` with each bundle whose handlers ended, in any thread.
    """

    def __init__(
        self, handler: Callable[[Any], Any], options: WorkerOptions, ended: Callable[[Bundle], None]
    ) -> None:
        self.ended_s = 0.0
        """The latest end of a handler."""
        self._handler = handler
        self._options = options
        self._on_ended = ended
        self._places = options.slots
        self._executor = (
            DaemonThreads(self._places, "handler") if options.executor is None else options.executor
        )
        self._bundling = Bundling(options.executor)
        self._limit = TimeLimit(options)
        self._has_returned = False
        self._running: dict[Bundle, None] = {}  # in the order of their start
        self._run_id = uuid4().hex

    @property
    def count(self) -> int:
        """How many bundles run."""
        return len(self._running)

    @property
    def has_place(self) -> bool:
        """Whether one more bundle can run."""
        return len(self._running) < self._places

    @property
    def is_handling_here(self) -> bool:
        """Whether this thread runs a handler of this run."""
        return is_handling(self._run_id)

    @property
    def is_nothing_awaited(self) -> bool:
        """Whether all handlers that still run are late: their tasks were given back."""
        return all(bundle.is_late for bundle in self._running)

    def youngest_s(self, now_s: float) -> float:
        """The running time of the handler that started last."""
        youngest = next(reversed(self._running), None)
        return now_s - youngest.began_s if youngest is not None else 0.0

    def next_s(self, now_s: float) -> float:
        """When end_late() is needed next."""
        return self._limit.next_s(self._running, now_s)

    def begin(self, waiting: deque[Hand], now_s: float) -> Exception | None:
        """Pass the next bundle to the executor. Returns its error if it takes nothing more."""
        bundle = Bundle(self._bundling.take(waiting, self._places), now_s)
        self._running[bundle] = None
        given = [self._given(hand) for hand in bundle.hands]
        failed = None
        try:
            bundle.future = self._executor.submit(handle, self._handler, given, START_WITHIN_S, self._run_id)
            if not isinstance(bundle.future, Future):
                raise TypeError(f"submit() of the executor returned {kind_of(bundle.future)}, not a Future")
        except Exception as error:  # it was shut down, its processes died, or its cluster is gone
            failed = error
            bundle.future = Future()
            bundle.future.set_exception(error)
        bundle.future.add_done_callback(lambda _: self._on_ended(bundle))
        return failed

    def finish(self, bundle: Bundle) -> tuple[Ended, BaseException | None] | None:
        """How the handlers of a bundle ended, and the error of the executor. None if it was cancelled.

        The future is released: while one exists, a cluster keeps its result, and calls the handlers again if it loses
        it.
        """
        self._running.pop(bundle, None)
        self.ended_s = now_s = time.monotonic()
        future, bundle.future = bundle.future, None
        if future is None or future.cancelled():
            return None
        error = future.exception()
        ended = future.result() if error is None else None
        if isinstance(ended, Ended):
            self._has_returned = True
            self._bundling.ended(ended, now_s)
            return ended, None
        if isinstance(error, BrokenExecutor) and not self._has_returned:
            error.add_note(_NOT_IMPORTABLE)
        error = error or TypeError(
            f"the executor's future holds {kind_of(ended)}, not the result of its function"
        )
        return Ended([why(error)] * len(bundle.hands), 0.0), error

    def end_late(self, now_s: float) -> Iterator[tuple[Hand, str]]:
        """The handler calls that run too long, and why that is a failure. They cannot be stopped."""
        for bundle in self._limit.late(self._running, now_s):
            if bundle.future is not None and bundle.future.cancel():
                self._running.pop(bundle, None)
            for hand in bundle.hands:
                yield hand, f"TimeoutError: {self._limit.why}"

    def why_none_is_free(self) -> str:
        """Why no handler will ever be free again: all of them hang. Empty if one is."""
        hanging = [bundle for bundle in self._running if bundle.is_late and not bundle.has_ended]
        if len(hanging) < self._places:
            return ""
        return f"No handler is free: {self._limit.why}, each of {self._places}. Their tasks were given back."

    def take_back(self) -> list[Hand]:
        """Take back the calls that have not begun, as far as that stops no handler."""
        if not isinstance(self._executor, ThreadPoolExecutor | ProcessPoolExecutor | DaemonThreads):
            return []  # on a cluster, cancelling would stop running handlers
        queued = [bundle for bundle in self._running if bundle.future is not None and bundle.future.cancel()]
        for bundle in queued:
            bundle.is_taken_back = True
            self._running.pop(bundle)
        return [hand for bundle in queued for hand in bundle.hands]

    def count_into(self, tally: Tally, now_s: float) -> None:
        """Write the counts of running handlers."""
        in_time = [bundle for bundle in self._running if not bundle.is_late]
        tally.running, tally.hanging = len(in_time), len(self._running) - len(in_time)
        tally.in_hand = sum(len(hand.tasks) for bundle in in_time for hand in bundle.hands)
        oldest = next(iter(self._running), None)
        tally.longest_s = now_s - oldest.began_s if oldest is not None else 0.0

    def close(self, *, wait: bool) -> None:
        """Let own threads end."""
        if isinstance(self._executor, DaemonThreads):
            self._executor.shutdown(wait=wait, cancel_futures=True)

    def _given(self, hand: Hand) -> Any:
        """The argument of a handler call: copies, because handlers may change them."""
        tasks = [msgspec.structs.replace(task) for task in hand.tasks]
        return tasks if self._options.batch_size else tasks[0]
