"""Calls several things concurrently, in threads that an interrupt does not wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from queue import Empty, SimpleQueue
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

_STEP_S = 0.2


def side_by_side(call: Callable[[A], B], items: Iterable[A], most: int) -> Iterator[B]:
    """The result of `call` for each item, in their order. At most `most` calls run concurrently.

    If the caller stops early, as after Ctrl-C, no further call begins, and nothing waits for the running ones, which
    may wait for minutes until a quota allows them. At exit, Python would wait for the threads of an executor.

    Errors: those of `call`.

    >>> list(side_by_side(str, [3, 1, 2], 2))
    ['3', '1', '2']
    """
    waiting: SimpleQueue[tuple[A, Future[B]]] = SimpleQueue()
    futures: list[Future[B]] = []
    for item in items:
        futures.append(Future())
        waiting.put((item, futures[-1]))
    for _ in range(min(most, len(futures))):
        threading.Thread(
            target=_work_off, args=(call, waiting), name="cloudtasks-side-by-side", daemon=True
        ).start()
    try:
        for future in futures:
            yield result_of(future)
    finally:
        for future in futures:
            future.cancel()


def result_of(future: Future[B]) -> B:
    """Wait for a result, in steps: Ctrl-C does not end an endless wait on Windows, or after Polars was imported.

    Errors: those of the call.
    """
    while not future.done():
        wait([future], timeout=_STEP_S)
    return future.result()


def _work_off(call: Callable[[A], B], waiting: SimpleQueue[tuple[A, Future[B]]]) -> None:
    while True:
        try:
            item, future = waiting.get_nowait()
        except Empty:
            return
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(call(item))
        except BaseException as error:
            future.set_exception(error)
