"""What a worker has done so far, in numbers and as a card."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from ..redact import scrub_lines

if TYPE_CHECKING:
    from ..render import Card, Section, Value

ERRORS_KEPT = 50
NEW_WORKER = "worker = queue.worker(handler, executor=…)"


class Failure(msgspec.Struct, frozen=True):
    """A task whose handler failed, or whose lease was lost."""

    task: str
    attempt: int
    words: str


class Tally(msgspec.Struct):
    """What a worker has done so far: counts of tasks."""

    leased: int = 0
    """Tasks that were leased."""
    running: int = 0
    """Tasks whose handlers run now."""
    done: int = 0
    """Tasks that were handled and acknowledged."""
    failed: int = 0
    """Tasks whose handlers raised."""
    lost: int = 0
    """Leases that ended before the work was acknowledged, so that somebody may do it again."""
    renewed: int = 0
    """Leases that were renewed."""
    elapsed_s: float = 0.0
    """How long it has run, in seconds."""
    state: str = "new"
    """new, running, draining, stopped or failed."""
    is_broken: bool = False
    """Whether the executor takes no more work, so that another worker with another one is needed."""
    trouble: str = ""
    """What the last failed call to the service said; empty when calls succeed."""
    failures: deque[Failure] = msgspec.field(default_factory=lambda: deque(maxlen=ERRORS_KEPT))
    """The last failures, and why."""

    @property
    def rate(self) -> float:
        """Tasks done a second."""
        return self.done / self.elapsed_s if self.elapsed_s else 0.0

    def note(self, task: str, attempt: int, error: BaseException | str) -> None:
        """Remember why a task was not done; secrets replaced, because it will be shown."""
        said = scrub_lines(str(error).split("\n")[0])
        words = said if isinstance(error, str) else f"{type(error).__name__}: {said}"
        self.failures.append(Failure(task, attempt, words[:200]))

    def card(self, title: str) -> Card:
        """The live card of a worker."""
        from ..render import Card, badge
        from ..render.values import counted, duration

        seconds = round(
            self.elapsed_s, 1 if self.elapsed_s < 10 else None
        )  # "46 a second over 0 s" tells nothing
        tones = {"running": "ok", "draining": "warn", "stopped": "", "failed": "bad", "new": ""}
        return Card(
            title,
            kind="pull worker",
            badge=badge(self.state, tones[self.state]),  # type: ignore[arg-type]
            facts={
                "leased": counted(self.leased, "task"),
                "running now": self.running,
                "done": self.done,
                "failed": self.failed,
                "leases lost": self.lost or None,
                "rate": f"{self.rate:,.3g}/s over {duration(timedelta(seconds=seconds))}",
                "trouble": self.trouble or None,
            },
            sections=self._failures(),
            code=self._next(),
        )

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
