"""One run of a worker: leases tasks ahead, calls handlers, renews leases, and settles finished tasks.

One thread coordinates, and never waits for the network: calls run in a pool, and their results return as events.
"""

from __future__ import annotations

import atexit
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import CloudTasksError, FailedPrecondition, ResourceExhausted
from ..rest.daemon_threads import DaemonThreads
from ..rest.retry import is_passing
from .executing import Executing
from .hand import Bundle, Hand, Haul
from .holding import Holding
from .leasing import Leasing
from .options import WorkerOptions
from .settling import LeaseCall, Verb
from .tally import Tally

if TYPE_CHECKING:
    from ..resources.queue import Queue
    from ..resources.task import Task

Event = Callable[[], None]

_TICK_S = 0.5
_CALLS_AT_ONCE, _RENEWALS_AT_ONCE = 8, 4
_GIVING_BACK_S = 5.0
_FINISHED_S = 5.0  # on stop, waiting tasks that take less than this are still handled
_NOT_IMPORTABLE = (
    "next: other processes must be able to import the function: put it into a module, not into a cell"
)


class WorkerRun:
    """One run of a worker. `over` is set by its owner, after work() ended."""

    def __init__(
        self,
        queue: Queue,
        handler: Callable[[Any], Any],
        options: WorkerOptions,
        tally: Tally,
        *,
        until_empty: bool,
    ) -> None:
        self._options = options
        self._tally = msgspec.structs.replace(tally)
        self._until_empty = until_empty
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._calls = DaemonThreads(_CALLS_AT_ONCE, f"leases {queue.id}")
        self._renewals = DaemonThreads(_RENEWALS_AT_ONCE, f"renewals {queue.id}")
        submit, submit_renewal = partial(self._submit, self._calls), partial(self._submit, self._renewals)
        self._leasing = Leasing(queue, options, submit)
        self._holding = Holding(queue._session, submit, submit_renewal, self._settled, self._renewed)
        self._waiting: deque[Hand] = deque()
        self._executing = Executing(
            handler, options, lambda bundle: self._events.put(partial(self._finished, bundle))
        )
        self._stopping = False
        self._interrupts = 0
        self._gives_up_s = math.inf
        self._fatal: BaseException | None = None
        self._process = os.getpid()
        self._thread: threading.Thread | None = None
        self.over = threading.Event()

    def stop(self) -> None:
        """Stop leasing. Thread-safe."""
        self._events.put(self._drain)

    def interrupt(self) -> None:
        """Signal handler: adds an event. The first interrupt drains, a second one abandons, a third one ends now."""
        self._interrupts += 1
        self._events.put(self._drain if self._interrupts == 1 else self._give_up)

    @property
    def can_be_awaited(self) -> bool:
        """Whether this thread may wait for the end. The coordinating thread, a handler and a forked child may not."""
        mine = self._thread is threading.current_thread() or self._executing.is_handling_here
        return not mine and self._process == os.getpid()

    def work(self, report: Callable[[Tally], None]) -> None:
        """Run until the work is done. `report` gets the counts, which add up. Errors: the error that stopped it."""
        self._thread = threading.current_thread()
        began_s = time.monotonic() - self._tally.elapsed_s
        self._tally.state = "running"
        atexit.register(self._end_with_process)
        try:
            while not self._is_over():
                next_s = self._act(time.monotonic())
                self._count(began_s)
                report(msgspec.structs.replace(self._tally))
                self._take_events(max(0.0, min(_TICK_S, next_s - time.monotonic())))
                if self._until_empty and not self._stopping:
                    self._drain_if_empty()
        except Exception as error:  # not one of the service, for example of the card
            self._fatal = error
        finally:
            self._count(began_s)
            self._tally.end("failed" if isinstance(self._fatal, Exception) else "stopped")
            self._close()
            report(msgspec.structs.replace(self._tally))
            self.over.set()
        if self._fatal is not None:
            raise self._fatal

    def _close(self) -> None:
        """Let threads end. Wait for them only if none still handles a task or makes a call."""
        all_ended = not (self._executing.count or self._holding.unsettled or self._leasing.is_under_way)
        for threads in (self._calls, self._renewals):
            threads.shutdown(wait=all_ended)
        self._executing.close(wait=all_ended)
        if all_ended:
            atexit.unregister(self._end_with_process)

    def _end_with_process(self) -> None:
        """At the end of Python: stop, and wait as stop() does. Threads of handlers that hang are left."""
        if self._process == os.getpid():  # a forked child has no such threads
            self.stop()
            self.over.wait()
            self._calls.shutdown(wait=True)

    def _count(self, began_s: float) -> None:
        now_s = time.monotonic()
        self._tally.elapsed_s = now_s - began_s
        self._tally.waiting = _tasks_of(self._waiting, self._options)
        self._executing.count_into(self._tally, now_s)

    def _is_over(self) -> bool:
        if not self._stopping:
            return False
        if self._waiting or self._holding.unsettled or self._leasing.is_under_way:
            return time.monotonic() >= self._gives_up_s
        return self._gives_up_s < math.inf or self._executing.is_nothing_awaited

    def _act(self, now_s: float) -> float:
        """Start all due actions. Returns the time of the next one."""
        self._begin(now_s)
        if self._stopping:  # after free handlers got tasks: giving one back could end it
            self._finish_or_give_back(now_s)
        self._end_late(now_s)
        lease_s = self._lease_if_due(now_s)
        self._holding.act(now_s, at_once=not self._executing.count)
        return min(lease_s, self._holding.next_s(), self._executing.next_s(now_s))

    def _take_events(self, within_s: float) -> None:
        try:
            self._events.get(timeout=within_s)()
            while True:
                self._events.get_nowait()()
        except Empty:
            return

    def _drain(self) -> None:
        """Stop leasing."""
        self._stopping = True
        self._tally.state = "draining"

    def _drain_if_empty(self) -> None:
        """Drain if a lease call after the last handler found nothing, because handlers may create tasks."""
        if self._waiting or not self._executing.is_nothing_awaited:
            return
        if self._leasing.empty_s < self._executing.ended_s:
            self._leasing.look_again()
        elif not (self._holding.unsettled or self._leasing.due_again):
            self._drain()

    def _finish_or_give_back(self, now_s: float) -> None:
        """While draining: handle the waiting tasks if that is quick, otherwise give them back."""
        takes_s = self._leasing.ahead.seconds_for(len(self._waiting), self._executing.youngest_s(now_s))
        if self._fatal is not None or takes_s > _FINISHED_S:
            self._give_back_waiting(len(self._waiting))

    def _give_back_waiting(self, count: int) -> None:
        """Give back tasks that no handler started: those that would wait longest."""
        self._give_back([self._waiting.pop() for _ in range(count)], "cancelLease")

    def _give_back(self, hands: list[Hand], verb: Verb) -> None:
        for hand in hands:
            self._tally.given_back += len(hand.tasks)
            hand.given_back = True
            self._holding.end(hand, verb)

    # Leases

    def _lease_if_due(self, now_s: float) -> float:
        """Lease if tasks are needed, give back if handlers became slow. Returns the time of the next check."""
        if self._stopping:
            return float("inf")
        ahead, youngest_s = self._leasing.ahead, self._executing.youngest_s(now_s)
        self._give_back_waiting(ahead.surplus(len(self._waiting), youngest_s))
        lacking = ahead.lacks(len(self._waiting), self._executing.count, youngest_s)
        if lacking and now_s >= self._leasing.next_s():
            self._leasing.call(lacking, now_s, self._leased)
        return self._leasing.next_s() if lacking else float("inf")

    def _leased(self, called: Future[list[Task]], asked_s: float) -> None:
        error = called.exception()
        if error is not None:
            self._not_leased(error)
            return
        tasks = called.result()
        self._tally.trouble = ""
        self._tally.leased += len(tasks)
        if not tasks:
            self._leasing.found_nothing(asked_s)
            return
        self._leasing.found(tasks)
        each = self._options.batch_size or 1
        groups = [tasks[at : at + each] for at in range(0, len(tasks), each)]
        haul = Haul(groups, asked_s, time.monotonic(), self._options.lease_s)
        self._holding.add(haul)
        self._waiting += haul.hands

    def _not_leased(self, error: BaseException) -> None:
        paused = isinstance(error, FailedPrecondition) and not self._until_empty
        if not (is_passing(error) or paused):
            self._fail(error)
            return
        self._tally.trouble = error.message if isinstance(error, CloudTasksError) else str(error)
        self._tally.refused += isinstance(error, ResourceExhausted)
        self._leasing.refused(error, is_idle=not (self._waiting or self._executing.count))

    def _renewed(self, count: int, lost: list[Hand]) -> None:
        self._tally.renewed += count
        for hand in lost:
            if hand in self._waiting and not self._still_holds(hand):
                self._waiting.remove(hand)

    def _still_holds(self, hand: Hand) -> bool:
        """Forget those tasks of a call that are lost. Returns whether there are others."""
        self._tally.lost += hand.drop_lost()
        if not hand.tasks:
            self._holding.leave(hand)
        return bool(hand.tasks)

    def _settled(self, calls: list[LeaseCall]) -> None:
        now_s = time.monotonic()
        self._tally.acknowledging -= sum(call.verb == "acknowledge" for call in calls)
        for call in calls:
            acknowledged = call.verb == "acknowledge"
            if not (acknowledged or call.is_gone):
                due_s = call.hand.haul.is_over_s if call.lost else now_s + call.lease_s
                self._leasing.comes_again(call.task, due_s)
            if call.lost and (acknowledged or call.hand.given_back):
                self._tally.given_back -= call.hand.given_back
                self._tally.lost += 1
                self._tally.note(call.task.id, call.task.dispatch_count, call.lost)
            elif acknowledged:
                self._tally.done += 1

    # Handlers

    def _begin(self, now_s: float) -> None:
        """Start handlers while tasks wait and handlers are free."""
        while self._waiting and not self._fatal and self._executing.has_place:
            error = self._executing.begin(self._waiting, now_s)
            if error is not None:
                self._tally.is_broken = True
                self._fail(error)

    def _finished(self, bundle: Bundle) -> None:
        """Handlers returned or raised: acknowledge, or give back."""
        finished = self._executing.finish(bundle)
        if bundle.is_late:
            return
        if finished is None:  # cancelled, for example because a cluster was restarted
            self._give_back(bundle.hands, "renewLease")  # with a delay: the executor may cancel every call
            return
        ended, error = finished
        if isinstance(error, BrokenExecutor):
            self._broke(error)
        now_s, begun = self._executing.ended_s, len(ended.whys)
        if error is None:
            self._leasing.ahead.handled(now_s - bundle.began_s, now_s, begun)
        self._wait_again(bundle.hands[begun:])
        for hand, why in zip(bundle.hands, ended.whys, strict=False):
            if why:
                self._failed(hand, why)
            else:
                self._tally.acknowledging += len(hand.tasks)
                self._holding.end(hand, "acknowledge")

    def _wait_again(self, hands: list[Hand]) -> None:
        """Put back calls that have not begun."""
        for hand in reversed(hands):
            if self._still_holds(hand):
                self._waiting.appendleft(hand)

    def _broke(self, error: BrokenExecutor) -> None:
        if not self._tally.done:
            error.add_note(_NOT_IMPORTABLE)
        self._tally.is_broken = True
        self._fail(error)

    def _failed(self, hand: Hand, why: str) -> None:
        """Give back the tasks of a handler call that failed, or leave them until their leases end."""
        self._tally.failed += len(hand.tasks)
        for task in hand.tasks:
            self._tally.note(task.id, task.dispatch_count, why)
        if self._options.on_error == "cancel":
            self._holding.end(hand, "renewLease")
            return
        for task in hand.tasks:
            self._leasing.comes_again(task, hand.haul.is_over_s)
        self._holding.leave(hand)

    def _end_late(self, now_s: float) -> None:
        """Give back the tasks of handlers that run too long. The handlers themselves cannot be stopped."""
        for hand, why in self._executing.end_late(now_s):
            self._failed(hand, why)
        if why := self._executing.why_none_is_free():
            self._fail(TimeoutError(why))

    def _fail(self, error: BaseException) -> None:
        """Record a fatal error: wait for running handlers, then raise it."""
        self._fatal = self._fatal or error
        if isinstance(error, CloudTasksError):
            self._tally.trouble = error.message
        self._drain()

    def _give_up(self) -> None:
        """Give back what has not begun, and wait no longer for handlers: the leases of running ones end later."""
        within_s = _GIVING_BACK_S if self._gives_up_s == math.inf else 0.0
        self._gives_up_s = time.monotonic() + within_s
        self._holding.give_up(self._gives_up_s)
        self._waiting += self._executing.take_back()
        self._fatal = KeyboardInterrupt()  # so all that waits is given back

    def _submit(
        self, threads: DaemonThreads, call: Callable[[], Any], then: Callable[[Future[Any]], None]
    ) -> None:
        """Run a call in other threads; its callback runs in the coordinating thread."""
        future = threads.submit(call)
        future.add_done_callback(lambda called: self._events.put(partial(then, called)))


def _tasks_of(hands: Collection[Hand], options: WorkerOptions) -> int:
    """The number of tasks in these handler calls."""
    return len(hands) if options.batch_size is None else sum(len(hand.tasks) for hand in hands)
