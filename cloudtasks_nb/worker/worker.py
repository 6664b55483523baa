"""Worker: the object that users start, stop and inspect."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from ..arguments import Checked
from ..errors import ConfigError
from ..interrupts import interrupts_go_to
from ..model.durations import DurationLike
from ..model.json import Duration
from ..shown import Shown
from .live_card import LiveCard
from .options import WorkerOptions, check_handler
from .run import WorkerRun
from .tally import NEW_WORKER, Tally

if TYPE_CHECKING:
    from ..render import Card
    from ..resources.queue import Queue


class Worker(Checked, Shown):
    """Leases tasks of a pull queue and calls a handler with each of them.

    The handler, which may be an `async def`, gets a copy of the Task with its payload, without verbs. If it returns,
    the task is acknowledged; if it raises, the task is given back. About a second of work is leased ahead. Leases are
    renewed after two thirds of their time, while the handler runs. Delivery is at least once: if a lease is lost,
    another worker may handle the task again.

    Example:
        >>> work.worker(lambda task: print(task.json()), concurrency=4).run(until_empty=True)
    """

    def __init__(self, queue: Queue, handler: Callable[[Any], Any], options: WorkerOptions) -> None:
        options.check()
        check_handler(handler, options.executor)
        if queue._kind_of_tasks not in (None, "pull"):
            raise ConfigError(
                f'"{queue.id}" is not a pull queue: the service dispatches its tasks itself.',
                hint='create one with client.create_queue("…", kind="pull")',
            )
        self.queue = queue
        self.handler = handler
        self.options = options
        self.tally = Tally()
        self._card = LiveCard(self, f"worker {queue.id}", lambda: self.tally.words)
        self._run: WorkerRun | None = None
        self._lock = threading.Lock()
        self._failed: BaseException | None = None

    def run(self, until_empty: bool = False, progress: bool | None = None) -> Self:
        """Work until stopped, or until the queue is empty; returns itself.

        Empty means: no task can be leased now, and no task that failed here, or could not be acknowledged, comes again.
        An interrupt (Ctrl-C, the notebook's stop button) stops leasing, lets running handlers finish and returns; a
        second one gives back waiting tasks and abandons the running ones. `progress` shows a live card, once in a cell;
        outside of notebooks, a line. By default only in a notebook.

        Errors: NotFound, PermissionDenied, InvalidArgument and the like, after running handlers end, also if tasks
        cannot be acknowledged; FailedPrecondition with `until_empty` if the queue is paused.
        Source: REST queues.tasks.lease and queues.tasks.acknowledge, SPEC section 4.

        Example:
            >>> work.worker(lambda task: task.json()).run(until_empty=True)
            >>> len(list(work.tasks()))
            0
        """
        run = self._new_run(until_empty=until_empty)
        try:
            self._begin(run)
            self._work(run, progress)
        finally:
            run.ended()  # also if an interrupt, or the card, ended it before it began
        return self

    def start(self) -> Self:
        """Work in a background thread until stop(); returns itself at once.

        Errors: ConfigError if it is already running. stop() raises later errors.

        Example:
            >>> worker = work.worker(lambda task: task.json()).start()
            >>> worker.stop()
        """
        run = self._new_run(until_empty=False)
        thread = threading.Thread(
            target=self._background, args=(run,), name=f"worker {self.queue.id}", daemon=True
        )
        try:
            self._begin(run)  # in this thread, so that an immediate stop() finds it
            thread.start()
        except BaseException:  # too many threads or an interrupt, for example
            run.stop()
            if run.begun.acquire(blocking=False):
                run.ended()
            raise
        run.thread = run.background = thread
        return self

    def stop(self, timeout: DurationLike | None = None) -> Self:
        """Stop leasing, wait for running handlers, and return itself.

        It does not wait in a handler, or in a signal handler that interrupts run().

        Units: `timeout` is seconds, a timedelta, or text such as "1m".
        Errors: the error that ended a worker of start(); TimeoutError if handlers take longer.

        Example:
            >>> worker = work.worker(handle).start()
            >>> worker.stop(timeout="1m")
        """
        timeout_s = None if timeout is None else Duration.of(timeout).total_seconds()
        run = self._run
        if run is not None:
            run.stop()
            if not (run.over.is_set() or run.can_be_awaited()):
                return self
            if not run.wait(timeout_s):
                raise TimeoutError("Handlers are still running; stop() again waits for them.")
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        return self

    def _new_run(self, *, until_empty: bool) -> WorkerRun:
        return WorkerRun(self.queue, self.handler, self.options, self.tally, until_empty=until_empty)

    def _begin(self, run: WorkerRun) -> None:
        """Register a run, whose ended() must follow."""
        with self._lock:
            if self._run is not None and not self._run.over.is_set():
                raise ConfigError(
                    "This worker is already running.", hint="worker.stop(), or make another one"
                )
            if self.tally.is_broken:
                raise ConfigError("The executor of this worker is shut down.", hint=NEW_WORKER)
            run.begin()
            self._run, self._failed = run, None

    def _work(self, run: WorkerRun, progress: bool | None) -> None:
        def report(tally: Tally) -> None:
            self.tally = tally
            refresh()

        with interrupts_go_to(run.interrupt), self._card.shown(progress) as refresh:
            run.work(report)

    def _background(self, run: WorkerRun) -> None:
        if not run.begun.acquire(blocking=False):
            return
        run.thread = run.background = threading.current_thread()
        try:
            self._work(run, progress=False)
        except BaseException as error:  # stop() raises it in the thread that asks
            self._failed = error
        finally:
            run.ended()

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy has not run."""
        return Worker, (self.queue, self.handler, self.options)

    def _ipython_display_(self) -> None:
        """Show nothing if the cell already shows the live card."""
        if not self._card.is_in_this_cell():
            raise NotImplementedError  # IPython then uses the default

    def _shape_(self) -> Card:
        return self.tally.card(f"{self.queue.location}/{self.queue.id}")

    def __repr__(self) -> str:
        return f"<Worker {self.queue.name}: {self.tally.words}>"
