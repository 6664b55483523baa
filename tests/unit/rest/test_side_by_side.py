"""Concurrent calls: their order, their limit, and a caller that stops early."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing

import pytest

from cloudtasks_nb.rest.side_by_side import side_by_side
from tests.waiting import wait_until


def test_results_come_in_order_and_an_error_is_raised_in_its_place() -> None:
    def half(number: int) -> int:
        if number == 3:
            raise ValueError("odd")
        return number // 2

    found = side_by_side(half, [8, 6, 3, 4], 2)
    assert [next(found), next(found)] == [4, 3]
    with pytest.raises(ValueError, match="odd"):
        next(found)


def test_at_most_so_many_calls_run_concurrently() -> None:
    lock, running, most = threading.Lock(), 0, 0
    together = threading.Barrier(2)

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(timeout=60)
        with lock:
            running -= 1

    list(side_by_side(work, range(6), 2))
    assert most == 2


def test_who_stops_early_waits_for_no_call_and_no_further_one_begins() -> None:
    begun: list[int] = []
    may_end = threading.Event()

    def slow(number: int) -> int:
        begun.append(number)
        if number:
            may_end.wait(timeout=60)
        return number

    with closing(_typed(side_by_side(slow, range(5), 2))) as found:
        assert next(found) == 0
    may_end.set()
    for thread in threading.enumerate():
        if thread.name.startswith("cloudtasks-side-by-side"):
            assert thread.daemon, "Python would wait for it at exit"
            thread.join(timeout=60)
    assert set(begun) <= {0, 1, 2}


def test_if_a_thread_cannot_start_no_further_call_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    started: list[threading.Thread] = []
    may_go_on = threading.Event()
    start = threading.Thread.start

    def one_only(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    def slow(number: int) -> None:
        begun.append(number)
        may_go_on.wait(timeout=60)

    monkeypatch.setattr(threading.Thread, "start", one_only)
    with pytest.raises(RuntimeError, match="can't start"):
        list(side_by_side(slow, range(5), 2))
    may_go_on.set()
    started[0].join(timeout=60)
    assert set(begun) <= {0}


def _typed(found: Iterator[int]):  # type: ignore[no-untyped-def]
    return found


def test_an_interrupt_ends_the_wait_also_where_a_library_changed_its_handler() -> None:
    """Polars makes system calls continue after a signal, so a wait without a timeout would go on."""
    may_end, ended = threading.Event(), threading.Event()
    caller = threading.get_ident()

    def is_waited_for() -> bool:
        called = [frame.f_code for frame, _ in traceback.walk_stack(sys._current_frames()[caller])]
        return (
            called[0] is threading.Condition.wait.__code__ and threading.Thread.start.__code__ not in called
        )

    def interrupting(_: int) -> None:
        wait_until(is_waited_for)
        os.kill(os.getpid(), signal.SIGINT)
        may_end.wait(timeout=60)
        ended.set()

    before = signal.getsignal(signal.SIGINT)
    signal.siginterrupt(signal.SIGINT, False)
    try:
        with pytest.raises(KeyboardInterrupt):
            next(side_by_side(interrupting, [0], 1))
        assert not ended.is_set()
    finally:
        signal.signal(signal.SIGINT, before)  # this also makes system calls end after it again
        may_end.set()
