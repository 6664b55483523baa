"""Threads that do not keep the process alive, for calls and for the handlers of workers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
Work = Callable[[], None]


class DaemonThreads(Executor):
    """Runs functions in at most `count` daemon threads.

    At its end, Python waits for the threads of a ThreadPoolExecutor, so a call that hangs would keep the process alive.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._threads: list[threading.Thread] = []
        self._works: SimpleQueue[tuple[Future[Any], Work] | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run a function. For one submitting thread at a time."""
        future: Future[T] = Future()
        self._works.put((future, partial(_run, future, partial(fn, *args, **kwargs))))
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._count:
            thread = threading.Thread(
                target=self._work, name=f"{self._name} {len(self._threads)}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end. `wait` for running functions; `cancel_futures` drops those that have not begun."""
        while cancel_futures:
            try:
                work = self._works.get_nowait()
            except Empty:
                break
            if work is not None:
                work[0].cancel()
        for _ in self._threads:
            self._works.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (work := self._works.get()) is not None:
            work[1]()
            del work  # it holds a task or a page
            self._idle.release()


def _run(future: Future[T], call: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)
        del future  # the traceback holds this frame, and it would hold the error
