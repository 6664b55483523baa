"""Shares commits between concurrent calls: no response is sent before its data is on disk.

Work on the database runs in turns. Work that arrives while the disk is busy waits for the next turn. All work of one
turn is committed together, and only then do its callers get their results, whether they wrote or only read. Expired
tasks are deleted first, in turns of their own: callers wait for that, the event loop does not.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from msgspec import Struct

from ....errors import Internal
from .expiry import Expiry
from .store import Store

T = TypeVar("T")


class _Work(Struct):
    """A piece of work on the database, and its result. `told` is done when the last work of the same caller is."""

    do: Callable[[], Any]
    told: asyncio.Future[None]
    is_last: bool = True
    alone: bool = False
    then: Callable[[], None] | None = None
    result: Any = None
    error: BaseException | None = None

    def tell(self, lost: BaseException | None = None) -> None:
        """The result is final: wakes the caller, unless it has gone."""
        self.error = lost or self.error
        if self.is_last and not self.told.cancelled():
            self.told.set_result(None)

    def outcome(self) -> Any:
        """The result. Errors: those of the work; Internal."""
        if self.error is not None:
            raise self.error
        return self.result


class Commits:
    """The turns of one store. Lives in one event loop."""

    def __init__(self, store: Store, expiry: Expiry | None = None) -> None:
        self._store = store
        self._expiry = expiry
        self._expiring = asyncio.Lock()
        self._store.shares_transactions = True
        self._waiting: list[_Work] = []
        self._turn: list[_Work] = []
        self._disk: asyncio.Future[Any] | None = None
        self._flushing: asyncio.Handle | None = None
        self._listeners: list[Callable[[], None]] = []
        # one thread: the event loop goes on reading requests while the disk works
        self._thread = ThreadPoolExecutor(1, "commits") if store.is_durable else None

    async def run(self, work: Callable[[], T]) -> T:
        """Runs the work in the next turn; returns when its reads and writes are on disk. Errors: Internal; its own."""
        if self._expiry is not None and self._expiry.is_due():
            await self._expire(self._expiry)
        (asked,) = self._asked([work])
        await asked.told
        result: T = asked.outcome()
        return result

    async def together(self, works: Sequence[Callable[[], T]]) -> list[T | BaseException]:
        """As run, for several pieces of work, one after the other. Returns the result or the error of each."""
        if self._expiry is not None and self._expiry.is_due():
            await self._expire(self._expiry)
        asked = self._asked(works)
        await asked[-1].told
        return [one.result if one.error is None else one.error for one in asked]

    async def alone(self, work: Callable[[], T], then: Callable[[], None] | None = None) -> T:
        """Runs work that cannot be in a transaction, such as replacing the whole database, while nothing else uses the
        store.

        All earlier work is on disk by then. Work that waits meanwhile runs after `then`, which is called on the event
        loop unless the work failed. Errors: as run.
        """
        asked = _Work(work, asyncio.get_running_loop().create_future(), alone=True, then=then)
        self._waiting.append(asked)
        if self._disk is None and not self._turn:
            self._go_on()
        await asked.told
        result: T = asked.outcome()
        return result

    def on_turn(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls the listener after every turn that wrote something. Returns a function that stops this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def _expire(self, expiry: Expiry) -> None:
        async with self._expiring:  # one expiry for all: later callers find it done
            while expiry.is_due():
                (asked,) = self._asked([expiry.end_some])
                await asked.told
                asked.outcome()
                await asyncio.sleep(0)  # lets other work run, also with a database in memory

    def _asked(self, works: Sequence[Callable[[], Any]]) -> list[_Work]:
        """Runs the work of a caller, or puts it into the next turn. The caller is told when all of it is on disk."""
        told, last = asyncio.get_running_loop().create_future(), len(works) - 1
        asked = [_Work(work, told, at == last) for at, work in enumerate(works)]
        if self._disk is None:
            for one in asked:
                self._do(one)
        else:
            self._waiting += asked
        return asked

    async def close(self) -> None:
        """Returns when no work is on its way to the disk."""
        while self._turn or self._waiting:
            await asyncio.wait([work.told for work in (*self._turn, *self._waiting)])
        if self._thread is not None:
            self._thread.shutdown()
        self._store.shares_transactions = False

    def _do(self, work: _Work) -> None:
        try:
            work.result = work.do()
        except sqlite3.Error as error:
            work.error = self._failure(error)
        except Exception as error:  # the caller gets the exception
            work.error = error
        if self._store.in_transaction:
            self._turn.append(work)
            if self._flushing is None:  # more work may arrive in this round of the event loop
                self._flushing = asyncio.get_running_loop().call_soon(self._flush)
            return
        lost = work.error if self._turn else None
        work.tell()
        if lost is not None:  # a full disk rolls back the whole transaction, not just one piece of work
            self._end_turn(lost)

    def _flush(self) -> None:
        self._flushing = None
        if not self._turn:
            return
        if self._thread is None:
            self._committed(_failed(self._store.commit))
            return
        self._disk = asyncio.get_running_loop().run_in_executor(self._thread, self._store.commit)
        self._disk.add_done_callback(lambda disk: self._committed(disk.exception()))

    def _committed(self, error: BaseException | None) -> None:
        self._disk = None
        if error is not None:
            self._store.rollback()
            error = self._failure(error)
        self._end_turn(error)
        self._go_on()

    def _go_on(self) -> None:
        """Runs the waiting work, up to the next piece that must run alone."""
        while self._waiting and self._disk is None:
            if self._waiting[0].alone and self._turn:
                return  # continue when this turn is committed
            work = self._waiting.pop(0)
            if work.told.cancelled():  # the caller has gone
                continue
            if work.alone:
                self._do_alone(work)
            else:
                self._do(work)

    def _do_alone(self, work: _Work) -> None:
        self._turn = [work]
        if self._thread is None:
            self._did_alone(work, self._by_itself(work.do))
            return
        self._disk = asyncio.get_running_loop().run_in_executor(self._thread, self._by_itself, work.do)
        self._disk.add_done_callback(lambda disk: self._did_alone(work, disk.result()))

    def _by_itself(self, work: Callable[[], Any]) -> tuple[Any, Exception | None]:
        """Work that manages its own transactions."""
        self._store.shares_transactions = False
        try:
            return _outcome(work)
        finally:
            self._store.shares_transactions = True

    def _did_alone(self, work: _Work, outcome: tuple[Any, Exception | None]) -> None:
        self._disk = None
        work.result, error = outcome
        work.error = self._failure(error) if isinstance(error, sqlite3.Error) else error
        if error is None and work.then is not None:
            _, work.error = _outcome(work.then)
        self._end_turn(None)
        self._go_on()

    def _tell_listeners(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def _end_turn(self, lost: BaseException | None) -> None:
        turn, self._turn = self._turn, []
        for work in turn:
            work.tell(lost)
        for follow in self._store.followers(lost=lost is not None):
            follow()
        self._tell_listeners()

    def _failure(self, error: BaseException) -> Internal:
        """The database failed: reports it to the callers and to the owner."""
        if self._expiry is not None:
            self._expiry.look_again()
        message = f"The emulator's database failed, and this call was rolled back: {error}."
        print(f"cloudtasks_nb emulator: {message}", file=sys.stderr, flush=True)
        return Internal(message)


def _outcome(work: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return work(), None
    except Exception as error:  # the caller gets the exception
        return None, error


def _failed(commit: Callable[[], None]) -> BaseException | None:
    try:
        commit()
    except sqlite3.Error as error:
        return error
    return None
