"""The counts of a worker, and its card."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from ..redact import scrub_lines

if TYPE_CHECKING:
    from ..render import Card, Section, Value

ERRORS_KEPT = 50
_LONGEST_WHY = 300  # characters
_LONG_S = 10  # the card mentions handlers that run longer
NEW_WORKER = "worker = queue.worker(handler, executor=…)"


class Failure(msgspec.Struct, frozen=True):
    """A task whose handler failed, or whose lease was lost."""

    task: str
    attempt: int
    words: str


class Tally(msgspec.Struct):
    """The counts of a worker so far."""

    leased: int = 0
    """Tasks that were leased."""
    waiting: int = 0
    """Tasks that were leased ahead and wait for a handler."""
    running: int = 0
    """Running handlers, without those that hang. An executor with other processes may hold more calls."""
    hanging: int = 0
    """Handler calls that still run after `handler_timeout`. Their tasks count as failed."""
    in_hand: int = 0
    """Tasks in the executor: more than handlers if a call takes several tasks, or if short calls travel together."""
    longest_s: float = 0.0
    """The running time of the oldest handler call, in seconds."""
    acknowledging: int = 0
    """Tasks that were handled, and whose acknowledgement has no response yet."""
    done: int = 0
    """Tasks that were handled and acknowledged."""
    failed: int = 0
    """Tasks whose handlers raised, or ran longer than `handler_timeout`."""
    given_back: int = 0
    """Tasks that were given back before a handler started. Each used one attempt. Tasks that could not be
    given back are lost."""
    lost: int = 0
    """Leases that ended before the task was acknowledged or given back, or whose handler was abandoned by a second
    interrupt, so that another worker may handle the task again."""
    renewed: int = 0
    """Leases that were renewed."""
    refused: int = 0
    """Lease calls that were rejected, because the queue got more than ten per second."""
    elapsed_s: float = 0.0
    """The running time of the worker, in seconds."""
    state: str = "new"
    """new, running, draining, stopped or failed."""
    is_broken: bool = False
    """Whether the executor is shut down. Then a new worker with a new executor is needed."""
    trouble: str = ""
    """The message of the last failed call to the service; empty while calls succeed."""
    failures: deque[Failure] = msgspec.field(default_factory=lambda: deque(maxlen=ERRORS_KEPT))
    """The last failures, and why."""

    @property
    def rate(self) -> float:
        """Finished tasks per second."""
        return self.done / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def words(self) -> str:
        """The state and the outcomes, in one line."""
        return f"{self.state}, {self.done} succeeded, {self.failed} failed"

    def end(self, state: str) -> None:
        """Record the end of a run. The tasks that it still holds are lost to it."""
        self.lost += self.waiting + self.in_hand + self.acknowledging
        self.waiting = self.running = self.in_hand = self.acknowledging = 0
        self.state = state

    def note(self, task: str, attempt: int, why: str) -> None:
        """Record why a task failed, without secrets, because the card shows it."""
        failure = Failure(task, attempt, scrub_lines(why.split("\n")[0])[:_LONGEST_WHY])
        self.failures = deque([*self.failures, failure], ERRORS_KEPT)  # copies of this tally keep theirs

    def card(self, title: str) -> Card:
        """The live card of a worker."""
        from ..render import Card, badge
        from ..render.values import counted, duration

        seconds = round(
            self.elapsed_s, 1 if self.elapsed_s < 10 else None
        )  # "46 a second over 0 s" is meaningless
        tones = {"running": "ok", "draining": "warn", "stopped": "", "failed": "bad", "new": ""}
        return Card(
            title,
            kind="pull worker",
            badge=badge(self.state, tones[self.state]),  # type: ignore[arg-type]
            facts={
                "leased": counted(self.leased, "task"),
                "waiting here": self.waiting or None,
                "running now": self._running(),
                "hanging": counted(self.hanging, "handler") if self.hanging else None,
                "acknowledging": self.acknowledging or None,
                "succeeded": self.done,
                "failed": self.failed,
                "given back unhandled": self.given_back or None,
                "leases lost": self.lost or None,
                "lease calls refused": self.refused or None,
                "rate": f"{self.rate:,.3g}/s over {duration(timedelta(seconds=seconds))}",
                "trouble": self.trouble or None,
            },
            sections=self._failures(),
            code=self._next(),
        )

    def _running(self) -> str:
        from ..render.values import counted, duration

        calls = (
            f"{self.running} with {counted(self.in_hand, 'task')}"
            if self.in_hand > self.running
            else str(self.running)
        )
        if self.longest_s < _LONG_S:
            return calls
        return f"{calls}, longest running: {duration(timedelta(seconds=int(self.longest_s)))}"

    def _next(self) -> list[str]:
        if self.is_broken:
            return [NEW_WORKER]
        return [] if self.state == "running" else ["worker.run(until_empty=True)", "worker.start()"]

    def _failures(self) -> list[Section]:
        from ..render import Section, Table, code

        if not self.failures:
            return []
        rows: list[list[Value]] = [
            [code(one.task), one.attempt, one.words] for one in reversed(self.failures)
        ]
        table = Table(columns=["task", "attempt", "why"], rows=rows[:10])
        return [Section("last failures", table, open=True)]
