"""What a worker has done so far, in numbers and as a card, which is brought up to date while it works."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from ..redact import scrub_lines
from ..shown import Shown

if TYPE_CHECKING:
    from ..render import Card, Section, Value

ERRORS_KEPT = 50
_LONG_S = 10  # handlers that run longer are told
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
    waiting: int = 0
    """Tasks that were leased ahead and that no handler began."""
    running: int = 0
    """Handler calls that run now."""
    in_hand: int = 0
    """Tasks of these calls: more, where a call takes several."""
    longest_s: float = 0.0
    """For how long the oldest of them has run, in seconds."""
    done: int = 0
    """Tasks that were handled and acknowledged."""
    failed: int = 0
    """Tasks whose handlers raised, or ran longer than `handler_timeout`."""
    given_back: int = 0
    """Tasks that were given back before a handler began. Each used one attempt."""
    lost: int = 0
    """Leases that ended before the work was acknowledged, so that somebody may do it again."""
    renewed: int = 0
    """Leases that were renewed."""
    refused: int = 0
    """Lease calls that were refused, because the queue got more than ten a second."""
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
                "waiting here": self.waiting or None,
                "running now": self._running(),
                "done": self.done,
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
        from ..render.values import duration

        calls = (
            f"{self.running} with {self.in_hand} tasks" if self.in_hand > self.running else str(self.running)
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


_APART_S = 0.5


class LiveCard:
    """The card of an object in the output of a cell. What runs in the same cell again goes on in the same card."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._handle: Any = None
        self._cell: str | None = None
        self._next_s = 0.0

    @contextmanager
    def shown(self, wanted: bool | None) -> Iterator[Callable[[], None]]:
        """Shows it within a with block; the value brings it up to date, at most twice a second.

        It shows when `wanted`; by default (None) in a notebook.
        """
        if not (wanted if wanted is not None else "ipykernel" in sys.modules):
            yield lambda: None
            return
        self._begin()
        try:
            yield self._refresh
        finally:
            self._update()

    def is_in_this_cell(self) -> bool:
        """Whether the cell that runs now holds the card already."""
        return self._cell is not None and self._cell == _this_cell()

    def _begin(self) -> None:
        from IPython.display import display

        if self.is_in_this_cell():
            self._update()
        else:
            self._cell = _this_cell()
            self._handle = display(self._shown._repr_mimebundle_(), raw=True, display_id=True)

    def _refresh(self) -> None:
        if time.monotonic() >= self._next_s:
            self._update()

    def _update(self) -> None:
        self._next_s = time.monotonic() + _APART_S
        if self._handle is not None:
            self._handle.update(self._shown._repr_mimebundle_(), raw=True)


def _this_cell() -> str | None:
    """What tells the cell that runs now from all others: the id of the message that asked for it."""
    from IPython.core.getipython import get_ipython

    asked = getattr(get_ipython(), "parent_header", None) or {}
    header = asked.get("header") or {}
    return header.get("msg_id") or None
