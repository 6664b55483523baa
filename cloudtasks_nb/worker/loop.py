"""One run of a worker: lease what can be started, hand it over, renew while it runs, settle when it is done.

One thread coordinates and never waits for the network: calls run in a pool of their own and come back as events.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor, wait
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import CloudTasksError, FailedPrecondition, TransportError
from ..rest.retry import is_passing
from .options import MAX_LEASED, WorkerOptions, handle
from .refill import Patience, Turns
from .settling import Hand, Settled, renew, settle
from .tally import Tally

if TYPE_CHECKING:
    from ..resources.queue import Queue
    from ..resources.task import Task

Event = Callable[[], None]

_TURNS = Turns()
_TICK_S = 0.5
_MAX_CALLS = 32
_GIVING_BACK_S = 5.0
_NOT_IMPORTABLE = (
    "next: a function that processes run must be importable there: put it into a module, not into a cell"
)


class WorkerRun:
    """One run of a worker."""

    def __init__(
        self,
        queue: Queue,
        handler: Callable[[Any], Any],
        options: WorkerOptions,
        tally: Tally,
        *,
        until_empty: bool,
    ) -> None:
        self._queue = queue
        self._handler = handler
        self._options = options
        self._tally = tally
        self._until_empty = until_empty
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._hands: set[Hand] = set()
        self._calls = ThreadPoolExecutor(min(_MAX_CALLS, options.concurrency + 2), f"leases {queue.id}")
        self._patience = Patience()
        self._next_lease_s = 0.0
        self._leasing = False
        self._stopping = False
        self._interrupts = 0
        self._due_again: dict[str, float] = {}  # what failed here, and when it may be leased again
        self._fatal: BaseException | None = None

    def stop(self) -> None:
        """Lease no more. Any thread may call."""
        self._events.put(self._drain)

    def interrupt(self) -> None:
        """The first one drains, a second one gives up. Called within a signal handler: it only leaves a message."""
        self._interrupts += 1
        self._events.put(self._drain if self._interrupts == 1 else self._give_up)

    def work(self, refresh: Callable[[], None]) -> None:
        """Until there is nothing more to do. Errors: what made it impossible."""
        tally, began_s = self._tally, time.monotonic() - self._tally.elapsed_s
        tally.state = "running"
        own = None if self._options.executor else ThreadPoolExecutor(self._options.concurrency, "handler")
        executor = self._options.executor or own
        assert executor is not None  # noqa: S101 - one or the other
        try:
            while not self._is_over():
                self._step(executor)
                tally.elapsed_s, tally.running = time.monotonic() - began_s, len(self._hands)
                refresh()
        finally:
            tally.state, tally.running = ("failed" if self._fatal else "stopped"), len(self._hands)
            self._calls.shutdown(wait=not self._hands)
            if own is not None:
                own.shutdown(wait=not self._hands, cancel_futures=True)
            refresh()
        if self._fatal is not None:
            raise self._fatal

    def _is_over(self) -> bool:
        return self._stopping and not self._hands and not self._leasing

    def _drain(self) -> None:
        self._stopping = True
        self._tally.state = "draining"

    def _step(self, executor: Executor) -> None:
        """Begin what is due, then wait for the next thing to happen."""
        now_s = time.monotonic()
        if self._may_lease() and now_s >= self._lease_at_s():
            self._lease(now_s, executor)
        for hand in self._hands:
            if not hand.renewing and not hand.finished and now_s >= hand.renew_s:
                self._renew(hand, now_s)
        try:
            event = self._events.get(timeout=self._wait_s(now_s))
        except Empty:
            return
        event()

    def _may_lease(self) -> bool:
        return not (self._stopping or self._leasing) and len(self._hands) < self._options.concurrency

    def _wait_s(self, now_s: float) -> float:
        moments = [hand.renew_s for hand in self._hands if not hand.renewing and not hand.finished]
        if self._may_lease():
            moments.append(self._lease_at_s())
        return max(0.0, min([_TICK_S, *(moment - now_s for moment in moments)]))

    def _lease_at_s(self) -> float:
        """When to lease: handlers that end until the next turn make room for more tasks in one call."""
        return max(self._next_lease_s, _TURNS.next_s(self._queue.name))

    def _lease(self, now_s: float, executor: Executor) -> None:
        self._leasing = True
        turn_s = _TURNS.take(self._queue.name, now_s)
        free = self._options.concurrency - len(self._hands)
        count = self._options.batch_size or min(free, MAX_LEASED)

        def call() -> list[Task]:
            nonlocal turn_s
            if (early_s := turn_s - time.monotonic()) > 0:
                threading.Event().wait(early_s)
            turn_s = time.monotonic()  # leases are counted from before the call
            options = self._options
            return self._queue.lease(count, options.lease_s, options.tag, options.oldest_tag)

        self._submit(call, lambda called: self._leased(called, turn_s, executor))

    def _leased(self, called: Future[list[Task]], asked_s: float, executor: Executor) -> None:
        self._leasing = False
        error = called.exception()
        if error is not None:
            self._not_leased(error, asked_s)
            return
        self._tally.trouble = ""
        tasks = called.result()
        now_s = time.monotonic()
        if not tasks:
            self._found_nothing(asked_s, now_s)
            return
        self._patience.found()
        self._next_lease_s = now_s
        self._tally.leased += len(tasks)
        for task in tasks:
            self._due_again.pop(task.name, None)
        groups = [list(tasks)] if self._options.batch_size else [[task] for task in tasks]
        for group in groups:
            self._begin(Hand.of(group, asked_s, self._options.lease_s), executor)

    def _found_nothing(self, asked_s: float, now_s: float) -> None:
        # What was due before this call and did not come has been taken, or is gone.
        self._due_again = {name: due_s for name, due_s in self._due_again.items() if due_s > asked_s}
        if self._until_empty and not self._hands and not self._due_again:
            self._drain()
        soonest_s = min([now_s + self._patience.nothing_s(), *self._due_again.values()])
        self._next_lease_s = max(now_s, soonest_s)

    def _not_leased(self, error: BaseException, asked_s: float) -> None:
        paused = isinstance(error, FailedPrecondition) and not self._until_empty
        if not (is_passing(error) or paused):
            self._fail(error)
            return
        self._tally.trouble = error.message if isinstance(error, CloudTasksError) else str(error)
        if isinstance(error, TransportError) and error.reached:
            # The answer got lost, and with it perhaps tasks: they come back when their leases end.
            self._due_again["(a lost answer)"] = asked_s + self._options.lease_s
        least_s = getattr(error, "retry_after_s", 0.0)
        self._next_lease_s = time.monotonic() + max(least_s, self._patience.trouble_s())

    def _begin(self, hand: Hand, executor: Executor) -> None:
        self._hands.add(hand)
        given: Any = [msgspec.structs.replace(task) for task in hand.tasks]
        try:
            hand.future = executor.submit(
                handle, self._handler, given if self._options.batch_size else given[0]
            )
        except Exception as error:  # the executor was shut down, its processes died, or its cluster is gone
            self._tally.is_broken = True
            self._fail(error)
            hand.future = Future()
            hand.future.set_exception(error)
        hand.future.add_done_callback(lambda _: self._events.put(partial(self._finished, hand)))

    def _finished(self, hand: Hand) -> None:
        """The handler returned or raised: acknowledge, or give back."""
        hand.finished = True
        future = hand.future
        assert future is not None  # noqa: S101 - it has just ended
        error = None if future.cancelled() else future.exception()
        if isinstance(error, BrokenExecutor):
            if not self._tally.done:
                error.add_note(_NOT_IMPORTABLE)
            self._tally.is_broken = True
            self._fail(error)
        given_back = future.cancelled() or error is not None
        if error is not None:
            self._tally.failed += len(hand.tasks)
            for task in hand.tasks:
                self._tally.note(task.id, task.dispatch_count, error)
        act = partial(settle, hand, given_back=given_back, on_error=self._options.on_error)
        self._submit(act, lambda called: self._settled(hand, called.result()))

    def _settled(self, hand: Hand, settled: Settled) -> None:
        self._hands.discard(hand)
        self._tally.done += settled.done
        self._tally.lost += len(settled.lost)
        for task, words in settled.lost:
            self._tally.note(task.id, task.dispatch_count, words)
        for task, due_s in settled.due_again:
            if task.dispatch_count < self._options.attempts:
                self._due_again[task.name] = due_s
                self._next_lease_s = min(self._next_lease_s, due_s)

    def _renew(self, hand: Hand, now_s: float) -> None:
        hand.renewing = True
        self._submit(partial(renew, hand), lambda called: self._renewed(hand, now_s, called))

    def _renewed(self, hand: Hand, asked_s: float, called: Future[list[Task]]) -> None:
        error = called.exception()
        if error is None and (held := called.result()):
            hand.renewed(asked_s, held)
            self._tally.renewed += len(held)
        elif error is not None and is_passing(error) and not hand.is_over(time.monotonic()):
            self._tally.trouble = str(error).split("\n")[0]
            least_s = getattr(error, "retry_after_s", 0.0)
            hand.again(time.monotonic(), max(least_s, min(1.0, hand.lease_s / 20)))
        else:
            hand.lost()

    def _fail(self, error: BaseException) -> None:
        """It cannot go on: let what runs finish, then raise."""
        self._fatal = self._fatal or error
        if isinstance(error, CloudTasksError):
            self._tally.trouble = error.message
        self._drain()

    def _give_up(self) -> None:
        """Give back what has not begun; what runs keeps its lease until that ends. Errors: KeyboardInterrupt."""
        not_begun = [hand for hand in self._hands if hand.future is not None and hand.future.cancel()]
        for hand in not_begun:  # not for long: whoever interrupts twice does not want to wait
            hand.ends_s = min(hand.ends_s, time.monotonic() + _GIVING_BACK_S)
        giving = [self._calls.submit(settle, hand, given_back=True, on_error="cancel") for hand in not_begun]
        wait(giving, _GIVING_BACK_S)
        self._hands.difference_update(not_begun)
        raise KeyboardInterrupt

    def _submit(self, call: Callable[[], Any], then: Callable[[Future[Any]], None]) -> None:
        """Run a call in the pool; what follows happens in the coordinating thread."""
        future = self._calls.submit(call)
        future.add_done_callback(lambda called: self._events.put(partial(then, called)))
