"""One thread per panel: clicks become jobs, and jobs run one after the other."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue

Job = Callable[[], None]

IDLE_S = 60.0  # a thread without jobs ends after this, so that forgotten panels cost nothing


def on_colab() -> bool:
    """Colab loses what a background thread shows, so there the work is done in the caller's thread."""
    return "google.colab" in sys.modules


def _thread_class() -> type[threading.Thread]:
    """In marimo a widget made on any other kind of thread never reaches the page."""
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        kind: type[threading.Thread] = marimo.Thread
        return kind
    return threading.Thread


class PanelThread:
    """Runs jobs in order on one daemon thread, which a job starts and `close()`, or idleness, ends.

    Units: `idle_s` in seconds.

    >>> worker = PanelThread("example")
    >>> worker.submit(lambda: None).result()
    >>> worker.close()
    """

    def __init__(self, name: str, idle_s: float = IDLE_S) -> None:
        self.name = name
        self.idle_s = idle_s
        self._jobs: SimpleQueue[tuple[Job, Future[None]] | None] = SimpleQueue()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(self, job: Job) -> Future[None]:
        """Enqueue a job. Errors: what it raises is in the future; after close() the future is cancelled."""
        future: Future[None] = Future()
        if on_colab() or self._thread is threading.current_thread():
            _run(job, future)
            return future
        with self._start:
            if self._closed:
                future.cancel()
                return future
            self._jobs.put((job, future))
            if self._thread is None:
                self._thread = _thread_class()(target=self._work, name=self.name, daemon=True)
                self._thread.start()
        return future

    def rest(self) -> None:
        """Let the thread go once its jobs are done; the next job starts another."""
        with self._start:
            if self._thread is not None and not self._closed:
                self._jobs.put(None)

    def close(self) -> None:
        """End the thread once the job that it is running is done; jobs not yet begun are cancelled."""
        with self._start:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def _work(self) -> None:
        while (item := self._next()) is not None:
            job, future = item
            if self._closed:
                future.cancel()
            else:
                _run(job, future)

    def _next(self) -> tuple[Job, Future[None]] | None:
        """The next job; None when the worker was closed, rests, or was idle for long: then its thread goes."""
        try:
            item = self._jobs.get(timeout=self.idle_s)
        except Empty:
            item = None
        if item is not None:
            return item
        with self._start:
            while not self._jobs.empty():  # came in between; a second wish to rest means nothing
                if (item := self._jobs.get()) is not None:
                    return item
            self._thread = None
            return None


def _run(job: Job, future: Future[None]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        job()
    except BaseException as error:  # whoever waits for the future gets it
        future.set_exception(error)
    else:
        future.set_result(None)
