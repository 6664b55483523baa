"""Watch: polls a queue and saves tasks that are near their last attempt to a file, until it is stopped."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..arguments import Checked
from ..connected import Connected
from ..errors import CloudTasksError, ConfigError, NotFound
from ..interrupts import interrupts_go_to, wait_in_steps
from ..model.durations import EXAMPLES, DurationLike, span_of
from ..model.queue import RetryConfig
from ..progress import in_notebook
from ..redact import scrub
from ..rest.background import Work
from ..shown import Shown
from ..warned import warn
from .at_risk import endangered, judge_of, soon_of
from .fate import Soon

if TYPE_CHECKING:
    from ..render import Card
    from ..resources.queue import Queue
    from ..widgets.watch_panel import WatchPanel

_LEAST = timedelta(seconds=1)
_MOST = timedelta(days=1)
_DELAYS_SUMMED = 10_000
_ROWS_AT_ONCE = 10_000  # tasks per write: a long poll saves its tasks in parts


class Watch(Connected, Checked, Shown):
    """A watch that runs in the background, as queue.watch() starts it.

    It polls the queue at the interval `every`, until stop(), client.close(), or the end of the program. If a poll
    fails, `problem` holds the reason, and polling continues. It stops if the queue no longer exists.

    Example:
        >>> with queue.watch("failed.parquet", every="1min") as watch:
        ...     watch.look()
        0
    """

    def __init__(self, queue: Queue, path: str | os.PathLike[str], every: DurationLike, soon: Soon) -> None:
        from .watch_file import DeadLetters

        self.every = _every(every)
        self._queue = queue
        self._soon = soon
        self._file = DeadLetters(path, queue)
        self._looking = threading.Lock()
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._listeners: list[Callable[[], object]] = []
        self._retries: RetryConfig | None = None
        self._thread = threading.current_thread()
        self._begun = threading.Lock()  # for the thread that ends the work: only the first one acquires it
        self._panel: WatchPanel | None = None
        self._beside = queue._session.background
        self._work = Work(self._stopping.set, self._leave, self._ended.wait, self._can_be_awaited)
        self.looks = 0
        self.last_look: datetime | None = None
        self.problem = ""

    @property
    def queue(self) -> Queue:
        """The queue that is watched."""
        return self._queue

    @property
    def path(self) -> Path:
        """The file that holds the copies: a backup, for queue.restore()."""
        return self._file.path

    @property
    def kept(self) -> int:
        """How many tasks are in the file."""
        return len(self._file)

    @property
    def running(self) -> bool:
        """Whether it still polls."""
        return not self._ended.is_set()

    def look(self) -> int:
        """Poll now, and write the tasks to the disk. Returns how many of them are new in the file.

        Errors: NotFound, PermissionDenied; ConfigError if the file cannot be written; those of a listing.

        Source: REST queues.get and queues.tasks.list.

        Example:
            >>> queue.watch("failed.parquet").stop().look()
            0
        """
        with self._looking:
            added = self._look()
        self._tell()
        return added

    def _look(self) -> int:
        from .at_risk_columns import whole_columns

        judge = judge_of(self._queue, self._soon)
        self._retries = judge.queue.retry_config if judge.queue.kind != "pull" else None
        pages = endangered(self._queue, judge, "FULL").batches_of(whole_columns(judge), progress=False)
        added, held, rows = 0, [], 0
        try:
            for batch in pages:
                held.append(batch)
                rows += batch.num_rows
                if rows >= _ROWS_AT_ONCE:
                    added, held, rows = added + self._file.keep(held), [], 0
        finally:  # save the tasks of earlier pages even if a later page fails
            added += self._file.keep(held)
        self.looks += 1
        self.last_look = datetime.now(UTC)
        self.problem = ""
        return added

    def stop(self, *, wait: bool = True) -> Self:
        """Stop the watch after the current poll. The file stays. `wait`: return only when the watch has ended.

        Example:
            >>> queue.watch("failed.parquet").stop().running
            False
        """
        self._stopping.set()
        if wait and self._can_be_awaited():
            wait_in_steps(self._ended.wait)
        return self

    def wait(self, *, interruptible: bool = True) -> Self:
        """Wait until the watch has ended; an interrupt ends it. For programs that only watch.

        Example:
            >>> watch = queue.watch("failed.parquet")
            >>> watch.stop().wait().running
            False
        """
        with interrupts_go_to(self._stopping.set) if interruptible else nullcontext():
            wait_in_steps(self._ended.wait)
        return self

    def panel(self) -> WatchPanel:
        """A live card with a button that stops it.

        Example:
            >>> queue.watch("failed.parquet").stop().panel()
        """
        from ..widgets.watch_panel import WatchPanel

        if self._panel is None:
            self._panel = WatchPanel(self)
        return self._panel

    def on_change(self, listener: Callable[[], object]) -> None:
        """Call this after each poll and at the end, in the thread of the watch."""
        self._listeners.append(listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _begin(self) -> Self:
        """Poll once and raise its errors. Then poll in the background."""
        try:
            self._beside.begin(self._work)
            self.look()
            self._warn_where_blind()
            thread = threading.Thread(
                target=self._run, name=f"cloudtasks-watch {self._queue.id}", daemon=True
            )
            thread.start()
        except BaseException:  # too many threads or an interrupt, for example
            self._stopping.set()
            if self._begun.acquire(blocking=False):
                self._end()
            raise
        self._thread = thread
        return self

    def _run(self) -> None:
        if not self._begun.acquire(blocking=False):
            return
        self._thread = threading.current_thread()
        try:
            while not self._stopping.wait(self.every.total_seconds()):
                try:
                    self.look()
                except CloudTasksError as error:
                    self.problem = scrub(error.message)
                    self._tell()
                    if isinstance(error, NotFound):
                        return
        finally:
            self._end()

    def _leave(self) -> None:
        """Let the client close during a poll, which then fails."""
        self._beside.ended(self._work)

    def _can_be_awaited(self) -> bool:
        return threading.current_thread() is not self._thread

    def _end(self) -> None:
        self._file.close()
        try:
            self._beside.ended(self._work)
        finally:
            self._ended.set()
        self._tell()

    def _tell(self) -> None:
        for listener in [*self._listeners]:
            listener()

    def _warn_where_blind(self) -> None:
        if (span := blind_for(self._retries, self.every)) is not None:
            warn(
                f"A task of {self._queue.id!r} can be given up {span.total_seconds():.3g} s after its first failure, "
                f"so every={self.every.total_seconds():g} s can miss tasks. Pass a shorter every=, or give the queue "
                "longer backoffs."
            )

    def _shape_(self) -> Card:
        from .watch_card import card

        return card(self)

    def card_bundle(self) -> dict[str, str]:
        """The card as HTML and as text, without the button."""
        return super()._repr_mimebundle_()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        if not in_notebook() or not self.running:
            return self.card_bundle()
        return self.panel()._repr_mimebundle_()

    def __repr__(self) -> str:
        state = "running" if self.running else "stopped"
        return f"<Watch {self._queue.id} into {self.path.name}: {state}, {self.kept:,} kept>"


def watch(
    queue: Queue,
    path: str | os.PathLike[str],
    every: DurationLike,
    attempts_left: int,
    within: DurationLike,
) -> Watch:
    """Start a watch. Errors: those of Watch.look(); ConfigError for invalid arguments."""
    return Watch(queue, path, every, soon_of(attempts_left, within))._begin()


def blind_for(retries: RetryConfig | None, every: timedelta) -> timedelta | None:
    """How soon a task can be given up after its first failure; None if the next poll comes first."""
    if retries is None or retries.max_attempts == 1:
        return None  # no task is given up, or each task is at risk from the start
    if not retries.max_retry_duration and (retries.unlimited_attempts or retries.max_attempts is None):
        return None
    passed = timedelta()
    for passed in accumulate(islice(retries.delays(), _DELAYS_SUMMED)):
        if passed >= every:
            return None
    return passed


def _every(value: DurationLike) -> timedelta:
    try:
        span = span_of(value)
    except (TypeError, ValueError, OverflowError):
        span = timedelta()
    if not _LEAST <= span <= _MOST:
        raise ConfigError(
            f"every must be a duration from 1 second to 1 day, not {value!r}.",
            hint=f"pass seconds, a timedelta, or text such as {EXAMPLES}",
        )
    return span
