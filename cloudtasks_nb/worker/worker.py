"""Worker: what a person starts, stops and looks at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from ..errors import ConfigError
from ..interrupts import interrupts_go_to
from ..model.durations import DurationLike
from ..model.json import Duration
from ..shown import Shown
from .loop import WorkerRun
from .options import WorkerOptions, check_handler, is_handling
from .tally import NEW_WORKER, LiveCard, Tally

if TYPE_CHECKING:
    from ..render import Card
    from ..resources.queue import Queue


class Worker(Shown):
    """Leases tasks of a pull queue and calls a handler with each of them.

    The handler, which may be an `async def`, gets a Task of its own, with the payload, and no verbs: returning
    acknowledges it, raising gives it back. About a second of work is leased ahead, and leases are renewed after two
    thirds of their time for as long as the handler runs. Delivery is at least once: when a lease is lost, somebody
    else may do the work again.

    Example:
        >>> work.worker(lambda task: print(task.json()), concurrency=4).run(until_empty=True)
    """

    def __init__(self, queue: Queue, handler: Callable[[Any], Any], options: WorkerOptions) -> None:
        options.check()
        check_handler(handler, options.executor)
        if queue._kind_of_tasks not in (None, "pull"):
            raise ConfigError(
                f'"{queue.id}" is not a pull queue: the service itself dispatches its tasks.',
                hint='make one with client.create_queue("…", kind="pull")',
            )
        self.queue = queue
        self.handler = handler
        self.options = options
        self.tally = Tally()
        self._card = LiveCard(self)
        self._thread: threading.Thread | None = None
        self._run: WorkerRun | None = None
        self._failed: BaseException | None = None

    def run(self, until_empty: bool = False, progress: bool | None = None) -> Self:
        """Work until stopped, or until the queue is empty; returns itself.

        Empty means that nothing is left that could be leased now, and nothing that failed here waits for another try.
        An interrupt (Ctrl-C, the notebook's stop button) leases no more, lets running handlers finish and returns; a
        second one gives back what has not begun and leaves the rest. `progress` shows a live card; by default in a
        notebook, where the cell shows it once.

        Errors: NotFound, PermissionDenied, InvalidArgument and the like, when running handlers are done;
        FailedPrecondition when the queue is paused and `until_empty` is asked for.
        Source: REST queues.tasks.lease and queues.tasks.acknowledge, SPEC section 4.

        Example:
            >>> work.worker(lambda task: task.json()).run(until_empty=True)
            >>> len(list(work.tasks()))
            0
        """
        self._work(self._begin(until_empty=until_empty), progress)
        return self

    def start(self) -> Self:
        """Work on a thread of its own until stop(); returns itself at once.

        Errors: ConfigError when it is running already; what ends it later is raised by stop().

        Example:
            >>> worker = work.worker(lambda task: task.json()).start()
            >>> worker.stop()
        """
        run = self._begin(until_empty=False)  # here, so that a stop() that follows at once finds it
        self._failed = None
        self._thread = threading.Thread(
            target=self._background, args=(run,), name=f"worker {self.queue.id}", daemon=True
        )
        self._thread.start()
        return self

    def stop(self, timeout: DurationLike | None = None) -> Self:
        """Lease no more, let running handlers finish, and return itself.

        A handler may call it, too: it does not wait then.

        Units: `timeout` is seconds, a timedelta, or text such as "1m".
        Errors: what ended a worker that start() began; TimeoutError when handlers take longer.

        Example:
            >>> worker = work.worker(handle).start()
            >>> worker.stop(timeout="1m")
        """
        if self._run is not None:
            self._run.stop()
        if self._thread is not None and not is_handling(self.handler):
            self._thread.join(None if timeout is None else Duration.of(timeout).total_seconds())
            if self._thread.is_alive():
                raise TimeoutError("Handlers are still running; stop() again waits for them.")
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        return self

    def _begin(self, *, until_empty: bool) -> WorkerRun:
        if self._run is not None:
            raise ConfigError("This worker is running already.", hint="worker.stop(), or make another one")
        if self.tally.is_broken:
            raise ConfigError("The executor of this worker takes no more work.", hint=NEW_WORKER)
        self._run = WorkerRun(self.queue, self.handler, self.options, self.tally, until_empty=until_empty)
        return self._run

    def _work(self, run: WorkerRun, progress: bool | None) -> None:
        try:
            with interrupts_go_to(run.interrupt), self._card.shown(progress) as refresh:
                run.work(refresh)
        finally:
            self._run = None

    def _background(self, run: WorkerRun) -> None:
        try:
            self._work(run, progress=False)
        except BaseException as error:  # stop() raises it in the thread that asks
            self._failed = error

    def _ipython_display_(self) -> None:
        """As the value of a cell that has shown it all the time, it is not shown a second time."""
        if not self._card.is_in_this_cell():
            raise NotImplementedError  # which IPython understands: as usual

    def _shape_(self) -> Card:
        return self.tally.card(f"{self.queue.location}/{self.queue.id}")

    def __repr__(self) -> str:
        return f"<Worker {self.queue.name}: {self.tally.state}, {self.tally.done} done, {self.tally.failed} failed>"
