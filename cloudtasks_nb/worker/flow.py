"""The path of each task through a run: leased, waiting, with a handler, and acknowledged or given back."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import CloudTasksError, FailedPrecondition, ResourceExhausted
from .events import Events
from .executing import Executing
from .hand import Bundle, Hand, Haul
from .holding import End, Holding
from .leasing import Leasing
from .options import WorkerOptions
from .settling import LeaseCall
from .tally import Tally

if TYPE_CHECKING:
    from ..resources.queue import Queue

_FINISHED_S = 5.0  # on stop, waiting tasks that take less than this are still handled


class Flow:
    """The tasks of one run, and the decisions about them. For the coordinating thread only.

    `is_draining`: no more tasks are leased. `fatal`: the error that ends the run.
    """

    def __init__(
        self,
        queue: Queue,
        handler: Callable[[Any], Any],
        options: WorkerOptions,
        tally: Tally,
        events: Events,
        *,
        until_empty: bool,
    ) -> None:
        self.is_draining = self._begins_no_more = False
        self.fatal: BaseException | None = None
        self._options = options
        self.tally = msgspec.structs.replace(tally, state="running")
        self._began_s = time.monotonic() - tally.elapsed_s
        self._until_empty = until_empty
        self._leasing = Leasing(queue, options, events)
        self._holding = Holding(queue._session, events, self._settled, self._renewed)
        self._waiting: deque[Hand] = deque()
        self._returning = 0  # given back, without a response yet
        self.executing = Executing(
            handler, options, lambda bundle: events.put(partial(self._finished, bundle))
        )

    @property
    def is_unfinished(self) -> bool:
        """Whether it holds tasks without a handler, or makes calls."""
        return bool(self._waiting or self._holding.unsettled or self._leasing.is_under_way)

    def act(self, now_s: float) -> float:
        """Start all due actions. Returns the time of the next one."""
        self._begin(now_s)
        if self.is_draining:  # after free handlers got tasks: giving one back could end it
            self._finish_or_give_back(now_s)
        self._end_late(now_s)
        lease_s = self._lease_if_due(now_s)
        self._holding.act(now_s, at_once=not self.executing.count)
        return min(lease_s, self._holding.next_s(), self.executing.next_s(now_s))

    def drain(self) -> None:
        """Stop leasing."""
        self.is_draining = True
        self.tally.state = "draining"

    def drain_if_empty(self) -> None:
        """Drain if a lease call after the last handler found nothing: handlers may create tasks."""
        if self.is_draining or self._waiting or not self.executing.is_nothing_awaited:
            return
        if self._leasing.empty_s < self.executing.ended_s:
            self._leasing.look_again()
        elif not (self._holding.unsettled or self._leasing.due_again):
            self.drain()

    def fail(self, error: BaseException) -> None:
        """Record a fatal error: wait for running handlers, then raise it."""
        self.fatal, self._begins_no_more = self.fatal or error, True
        if isinstance(error, CloudTasksError):
            self.tally.trouble = error.message
        self.drain()

    def give_up(self, at_s: float) -> None:
        """Give back what has not begun. Wait no longer for handlers, and retry no call later than this."""
        self._holding.give_up(at_s)
        self._waiting += self.executing.take_back()
        self._begins_no_more = True

    def count(self) -> None:
        """Write the counts of this moment. They add up."""
        now_s = time.monotonic()
        self.tally.elapsed_s = now_s - self._began_s
        batches = self._options.batch_size is not None
        self.tally.waiting = sum(len(hand.tasks) for hand in self._waiting) if batches else len(self._waiting)
        self.executing.count_into(self.tally, now_s)

    def close(self) -> bool:
        """End the counts, and let handlers end. Returns whether none still runs, and no call is made."""
        self.count()
        self.tally.given_back -= self._returning
        self.tally.lost += self._returning
        self.tally.end("failed" if isinstance(self.fatal, Exception) else "stopped")
        self._holding.give_up(time.monotonic())
        all_ended = not (self.executing.count or self._holding.unsettled or self._leasing.is_under_way)
        self.executing.close(wait=all_ended)
        return all_ended

    def _finish_or_give_back(self, now_s: float) -> None:
        """While draining: handle the waiting tasks if that is quick, otherwise give them back."""
        takes_s = self._leasing.horizon.seconds_for(len(self._waiting), self.executing.youngest_s(now_s))
        if self._begins_no_more or takes_s > _FINISHED_S:
            self._give_back_waiting(len(self._waiting))

    def _give_back_waiting(self, count: int) -> None:
        """Give back tasks that no handler started: those that would wait longest. Tasks on their last attempt stay,
        because the service would delete them, unless no handler starts any more."""
        kept: list[Hand] = []
        given: list[Hand] = []
        while self._waiting and len(given) < count:
            hand = self._waiting.pop()
            stays = not self._begins_no_more and self._leasing.is_last_attempt(hand)
            (kept if stays else given).append(hand)
        self._waiting.extend(reversed(kept))
        self._give_back(given, "give_back")

    def _give_back(self, hands: list[Hand], how: End) -> None:
        for hand in hands:
            self.tally.given_back += len(hand.tasks)
            self._returning += len(hand.tasks)
            hand.given_back = True
            self._holding.end(hand, how)

    def _lease_if_due(self, now_s: float) -> float:
        """Lease if tasks are needed, give back if handlers became slow. Returns the time of the next check."""
        if self.is_draining:
            return math.inf
        horizon, youngest_s = self._leasing.horizon, self.executing.youngest_s(now_s)
        self._give_back_waiting(horizon.surplus(len(self._waiting), youngest_s))
        lacking = horizon.lacks(len(self._waiting), self.executing.count, youngest_s)
        if lacking and now_s >= self._leasing.next_s():
            self._leasing.call(lacking, now_s, self._leased)
        return self._leasing.next_s() if lacking else math.inf

    def _leased(self, called: Future[Haul]) -> None:
        if (error := called.exception()) is not None:
            self._not_leased(error)
            return
        haul = called.result()
        self._leasing.found(haul)
        self._holding.add(haul)
        self._waiting += haul.hands
        self.tally.leased += len(haul.tasks)
        if self.fatal is None:
            self.tally.trouble = ""

    def _not_leased(self, error: BaseException) -> None:
        paused = isinstance(error, FailedPrecondition) and not self._until_empty
        if not (self._leasing.may_go_on(error) or paused):
            self.fail(error)
            return
        self.tally.trouble = error.message if isinstance(error, CloudTasksError) else str(error)
        self.tally.refused += isinstance(error, ResourceExhausted)
        self._leasing.refused(error, is_idle=not (self._waiting or self.executing.count))

    def _renewed(self, count: int, lost: list[Hand]) -> None:
        self.tally.renewed += count
        for hand in lost:
            if hand in self._waiting and not self._still_holds(hand):
                self._waiting.remove(hand)

    def _still_holds(self, hand: Hand) -> bool:
        """Forget those tasks of a call that are lost. Returns whether there are others."""
        self.tally.lost += hand.drop_lost()
        if not hand.tasks:
            self._holding.leave(hand)
        return bool(hand.tasks)

    def _settled(self, calls: list[LeaseCall]) -> None:
        now_s = time.monotonic()
        self.tally.acknowledging -= sum(call.verb == "acknowledge" for call in calls)
        self._returning -= sum(call.hand.given_back for call in calls)
        for call in calls:
            acknowledged = call.verb == "acknowledge"
            is_free_again = call.runs_out if acknowledged else not call.is_gone
            if is_free_again:
                due_s = call.hand.haul.is_over_s if call.lost else now_s + call.lease_s
                self._leasing.comes_again(call.task, due_s)
            if call.lost and (acknowledged or call.hand.given_back):
                self.tally.given_back -= call.hand.given_back
                self.tally.lost += 1
                self.tally.note(call.task.id, call.task.dispatch_count, call.lost)
            elif acknowledged:
                self.tally.done += 1
        denied = [call.denied for call in calls if call.verb == "acknowledge"]
        if denied and denied[0] is not None and None not in denied:  # no acknowledgement will succeed
            self.fail(denied[0])

    def _begin(self, now_s: float) -> None:
        """Start handlers while tasks wait and handlers are free."""
        while self._waiting and not self._begins_no_more and self.executing.has_place:
            if (error := self.executing.begin(self._waiting, now_s)) is not None:
                self.tally.is_broken = True
                self.fail(error)

    def _finished(self, bundle: Bundle) -> None:
        """Handlers returned or raised: acknowledge, or give back."""
        finished = self.executing.finish(bundle)
        if bundle.is_late or bundle.is_taken_back:
            return
        if finished is None:  # cancelled, for example because a cluster was restarted
            self._give_back(bundle.hands, "give_back_later")  # the executor may cancel every call
            return
        ended, error = finished
        if isinstance(error, BrokenExecutor):
            self.tally.is_broken = True
            self.fail(error)
        now_s, begun = self.executing.ended_s, len(ended.whys)
        if error is None:
            self._leasing.horizon.handled(now_s - bundle.began_s, now_s, begun)
        self._wait_again(bundle.hands[begun:])
        for hand, why in zip(bundle.hands, ended.whys, strict=False):
            if why:
                self._failed(hand, why)
            else:
                self.tally.acknowledging += len(hand.tasks)
                self._holding.end(hand, "acknowledge")

    def _wait_again(self, hands: list[Hand]) -> None:
        """Put back calls that have not begun."""
        for hand in reversed(hands):
            if self._still_holds(hand):
                self._waiting.appendleft(hand)

    def _failed(self, hand: Hand, why: str) -> None:
        """Give back the tasks of a handler call that failed, or leave them until their leases end."""
        self.tally.failed += len(hand.tasks)
        for task in hand.tasks:
            self.tally.note(task.id, task.dispatch_count, why)
        if self._options.on_error == "cancel":
            self._holding.end(hand, "give_back_later")
        else:
            for task in hand.tasks:
                self._leasing.comes_again(task, hand.haul.is_over_s)
            self._holding.leave(hand)

    def _end_late(self, now_s: float) -> None:
        """Give back the tasks of handlers that run too long. The handlers themselves cannot be stopped."""
        for hand, why in self.executing.end_late(now_s):
            self._failed(hand, why)
        if why := self.executing.why_none_is_free():
            self.fail(TimeoutError(why))
