"""One thread per panel: clicks become jobs, which run one at a time."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue

Job = Callable[[], None]

IDLE_S = 60.0  # a thread without jobs ends after this, so that forgotten panels cost nothing


def on_colab() -> bool:
    """Whether this is Colab, which loses output of background threads; jobs then run in the caller's thread."""
    return "google.colab" in sys.modules


def _thread_class() -> type[threading.Thread]:
    """The thread class; in marimo a widget made on another kind of thread never reaches the page."""
    marimo = sys.modules.get("marimo")
    if marimo is not None and marimo.running_in_notebook():
        kind: type[threading.Thread] = marimo.Thread
        return kind
    return threading.Thread


class PanelThread:
    """Runs jobs in order on one daemon thread. A job starts the thread; `close()` or idleness ends it.

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
        """Enqueue a job. The future holds its exception; after close() the future is cancelled."""
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
        """End the thread once its jobs are done; the next job starts a new one."""
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
        """The next job; None ends the thread, after close(), rest() or `idle_s` without jobs."""
        try:
            item = self._jobs.get(timeout=self.idle_s)
        except Empty:
            item = None
        if item is not None:
            return item
        with self._start:
            while not self._jobs.empty():  # arrived in between; ignore a second rest()
                if (item := self._jobs.get()) is not None:
                    return item
            self._thread = None
            return None


def _run(job: Job, future: Future[None]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        job()
    except BaseException as error:  # the caller gets it from the future
        future.set_exception(error)
    else:
        future.set_result(None)
