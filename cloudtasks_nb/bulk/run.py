"""The loop of every bulk call: reads items, makes a few calls concurrently, and records every outcome."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import chain, groupby
from typing import Any

from msgspec.structs import replace

from ..errors import (
    Aborted,
    ApiError,
    CloudTasksError,
    DecodeError,
    PermissionDenied,
    ResourceExhausted,
    Timeout,
    TransportError,
)
from ..interrupts import interrupts_go_to
from ..progress import bar
from ..rest.deadline import Deadline
from ..rest.retry import GENERAL, may_have_run, may_repeat
from ..rest.session import Session
from ..rest.trying import Trying
from .items import MOST_BYTES, Item, NumberedItems, pieces
from .pace import Pace
from .result import BulkResult, Verb
from .steps import Outcome, Step

_OF_ONE_AMONG_OTHERS = (DecodeError, PermissionDenied)  # if other items of the same request succeeded
_BROKEN = TransportError("A connection that broke.")
_BLOCKED_S = 1.0  # a listing that needs longer for an item blocks
_LOOK_S = 0.1  # the polling interval for interrupts

Flying = dict[Future[None], list[Item]]


class BulkRun:
    """One bulk call. Each chunk of items goes through all steps; several chunks run concurrently."""

    def __init__(
        self,
        verb: Verb,
        queue: str,
        session: Session,
        steps: Sequence[Step],
        pace: Pace,
        fatal: tuple[type[CloudTasksError], ...] = (),
    ) -> None:
        self.result = BulkResult(verb, queue)
        self._session = session
        self._steps = steps
        self._pace = pace
        self._fatal: tuple[type[BaseException], ...] = (*GENERAL, *fatal)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._cause: BaseException | None = None
        self._interrupts = 0
        self._reading_since_s: float | None = None  # the next item of the input is being read
        self._goes_on = False  # whether the input goes on after an interrupt
        self._flowing = False  # whether any call has succeeded
        self._left: list[Item] = []  # read, but not started

    def go(self, items: NumberedItems, concurrency: int, progress: bool | None) -> BulkResult:
        """Process all items. An error that ends it early is raised, with the result as its `result`."""
        began = time.monotonic()
        self._goes_on = items.goes_on
        flying: Flying = {}
        pool = ThreadPoolExecutor(concurrency, "cloudtasks-bulk")
        several = items.total is None or items.total > self._most
        what = f"{self.result.verb.done} in {self.result.queue.rpartition('/')[2]}"
        with (
            interrupts_go_to(self._interrupt),
            bar(what, "tasks", progress, several=several, total=items.total) as shown,
        ):
            unsent: list[Item] = []
            try:
                while self._next(items, unsent):
                    chunk, unsent = unsent, []
                    flying[pool.submit(self._work, chunk)] = chunk
                    while len(flying) > concurrency and not self._is_over():
                        self._land(flying, shown)
            except BaseException as cause:  # an error of the input, or a second interrupt during its wait
                self._reading_since_s = None
                self._end(cause)
            self._take(unsent)
            all_ended = self._land_all(flying, shown)
            pool.shutdown(wait=all_ended)
            self.result.elapsed_s = time.monotonic() - began
            self._account(items)
        return self._ended()

    def _interrupt(self) -> None:
        """Signal handler: sets a flag that the loop checks at a safe point. It raises if a listing blocks, as while it
        waits for its quota. In other inputs, of which this would lose the rest, only a second interrupt raises."""
        self._interrupts += 1
        since_s = self._reading_since_s
        if since_s is None:
            return
        if self._interrupts > 1 or (self._goes_on and time.monotonic() - since_s > _BLOCKED_S):
            raise KeyboardInterrupt

    def _is_over(self) -> bool:
        """Whether no new chunk may start."""
        if self._interrupts and self._cause is None:
            self._end(KeyboardInterrupt())
        return self._stop.is_set()

    def _end(self, cause: BaseException) -> None:
        """Start no new chunk. Running calls may end."""
        self._cause = self._cause or cause
        self._stop.set()

    @property
    def _most(self) -> int:
        return max(1, min(step.most for step in self._steps))

    def _next(self, items: NumberedItems, chunk: list[Item]) -> bool:
        """Read one more chunk; returns whether it has items. It fills a list of the caller, so that no item is lost if
        the input raises."""
        most = min(self._most, max(1, int(min(self._pace.limit(time.monotonic()), 1e9))))
        weight = 0
        while len(chunk) < most and weight < MOST_BYTES and not self._is_over():
            self._reading_since_s = time.monotonic()
            item = next(items, None)
            self._reading_since_s = None
            if item is None:
                break
            chunk.append(item)
            weight += item.weight
        return bool(chunk) and not self._is_over()

    def _land(self, flying: Flying, shown: Any) -> None:
        """Record the finished chunks."""
        finished, _ = wait(flying, _LOOK_S, return_when=FIRST_COMPLETED)
        self._is_over()
        for future in finished:
            chunk = flying.pop(future)
            self._take(chunk)
            shown.update(len(chunk))
            if (broken := future.exception()) is not None:
                self._end(broken)

    def _take(self, items: list[Item]) -> None:
        """Record outcomes; items that were not started count as not tried."""
        left = [item for item in items if item.error is None and item.passed < len(self._steps)]
        tried = [item for item in items if item.error is not None or item.passed == len(self._steps)]
        for item in left:
            item.attempts = 0
        self._left += left
        for _, row in groupby(enumerate(tried), lambda at: at[1].index - at[0]):
            self.result.add([item for _, item in row])

    def _land_all(self, flying: Flying, shown: Any) -> bool:
        """Wait for running calls, which end within their deadline, or for a second interrupt.

        Returns whether all of them ended.
        """
        while flying and self._interrupts < 2:
            self._land(flying, shown)
        for future, items in flying.items():
            self._take(items if future.cancel() else [self._given_up(item) for item in items])
        return not flying

    def _given_up(self, item: Item) -> Item:
        """The item of an abandoned call."""
        item = replace(item)  # a thread may still write to the original
        if item.error is None and item.passed < len(self._steps):
            item.uncertain |= {self._steps[item.passed].effect.name}
            item.attempts = max(1, item.attempts)
            item.error = Timeout("It was interrupted before its response: it may have taken effect.")
        return item

    def _account(self, items: NumberedItems) -> None:
        result = self.result
        left = sorted(self._left, key=lambda item: item.index)
        if self._stop.is_set():
            result.not_tried = chain(left, items)
            result.not_tried_count = None if items.total is None else items.total - len(result)
        result.tidy()

    def _ended(self) -> BulkResult:
        self._is_over()  # checks for a late interrupt
        cause, result = self._cause, self.result
        if cause is None:
            return result
        result.stopped_by = type(cause).__name__
        cause.result = result  # type: ignore[attr-defined]
        cause.add_note(
            f"{result.summary()}; the error's .result has the items (in a notebook: sys.last_value.result)"
        )
        raise cause

    def _work(self, items: list[Item]) -> None:
        """Run all steps of a chunk, in a thread of the pool."""
        going = [item for item in items if item.error is None]
        for at, step in enumerate(self._steps):
            self._persist(at, step, going)
            for item in going:
                # An earlier step already changed something, so the item counts as failed.
                if item.error is None and item.passed == at and at and self._steps[at - 1].effect.changes:
                    item.error = Aborted(f"It was stopped before it was {self.result.verb.done} completely.")
            going = [item for item in going if item.error is None and item.passed == at + 1]

    def _persist(self, at: int, step: Step, items: list[Item]) -> None:
        """Try a step until every item has succeeded or failed finally, or its deadline has passed."""
        trying = Trying(self._session.retry, outlasts_quota=True, pauses=self._session.pauses)
        deadline = Deadline(self._session.timeout_s)
        self._wait(trying.room_s(step.effect.method, self.result.queue, deadline))
        while items and self._room(len(items), deadline):
            trying.begin()
            items = self._once(at, step, items, trying.tries)
            error = _most_severe(items)
            if error is None:
                return
            if isinstance(error, ResourceExhausted):
                with self._lock:
                    self._pace.slow_down(time.monotonic())
            delay_s = trying.delay_s(error if getattr(error, "reached", True) else _BROKEN, deadline)
            if delay_s is None:
                self._give_up(error)
            if delay_s is None or not self._wait(delay_s):
                return

    def _room(self, count: int, deadline: Deadline) -> bool:
        """Wait until this many operations may be sent, outside their deadline. Returns False if the call ends."""
        with self._lock:
            room_s = self._pace.reserve(count, time.monotonic())
        deadline.extend(room_s)
        return self._wait(room_s)

    def _once(self, at: int, step: Step, items: list[Item], tries: int) -> list[Item]:
        """Make one try; returns the items to retry, each with its error."""
        outcomes: list[Outcome] = []
        for piece in pieces(items):
            try:
                outcomes += step(piece, self._wait)
            except CloudTasksError as error:
                outcomes += [error] * len(piece)
        again, effect, is_some_done = [], step.effect, any(outcome is None for outcome in outcomes)
        for item, outcome in zip(items, outcomes, strict=True):
            item.attempts = max(item.attempts, tries)
            was_done = effect.name in item.uncertain and _status(outcome) == effect.done_when_repeated
            if outcome is None or was_done:
                item.error, item.passed = None, at + 1
                item.uncertain |= {effect.name}
                self._flowing = True
                continue
            item.error = outcome
            if may_have_run(outcome):
                item.uncertain |= {effect.name}
            if self._may_again(outcome, step):
                again.append(item)
            elif not (is_some_done and isinstance(outcome, _OF_ONE_AMONG_OTHERS)):
                self._give_up(outcome)
        return again

    def _may_again(self, error: CloudTasksError, step: Step) -> bool:
        if isinstance(error, TransportError) and not error.reached:
            # Retry only if a call succeeded before: a wrong address never works.
            return self._flowing
        return may_repeat(error, repeatable=step.effect.repeatable)

    def _give_up(self, error: CloudTasksError) -> None:
        """Record a final failure of an item. An error that applies to all items ends the whole call."""
        gone = isinstance(error, TransportError) and not error.reached
        of_one_item = isinstance(error, ApiError) and error.method is None  # from the response of a batch
        if gone or (isinstance(error, self._fatal) and not of_one_item):
            self._end(error)

    def _wait(self, seconds: float) -> bool:
        return not self._stop.wait(seconds)


def _most_severe(items: list[Item]) -> CloudTasksError | None:
    """The error with the longest Retry-After, among the items to retry."""
    errors = [item.error for item in items if item.error is not None]
    return max(errors, key=lambda one: (one.retry_after_s, isinstance(one, ResourceExhausted)), default=None)


def _status(outcome: Outcome) -> str:
    return outcome.status if isinstance(outcome, ApiError) else ""
