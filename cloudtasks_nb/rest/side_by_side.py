"""Calls several things concurrently, in threads that an interrupt does not wait for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from typing import TypeVar

from ..interrupts import wait_in_steps
from .daemon_threads import DaemonThreads

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(call: Callable[[A], B], items: Iterable[A], most: int) -> Iterator[B]:
    """The result of `call` for each item, in their order. At most `most` calls run concurrently.

    If the caller stops early, as after Ctrl-C, no further call begins, and nothing waits for the running ones, which
    may wait for minutes until a quota allows them. At exit, Python would wait for the threads of an executor.

    Errors: those of `call`.

    >>> list(side_by_side(str, [3, 1, 2], 2))
    ['3', '1', '2']
    """
    threads = DaemonThreads(most, "cloudtasks-side-by-side")
    try:
        futures = [threads.submit(call, item) for item in items]
        for future in futures:
            yield result_of(future)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def result_of(future: Future[B]) -> B:
    """Wait for a result, until an interrupt. Errors: those of the call."""
    wait_in_steps(lambda for_s: wait([future], for_s).done)
    return future.result()
