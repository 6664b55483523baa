"""History: the attempts of a queue, as a table and as a DataFrame."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, overload

from ...model import Status
from ...model.emulated import AttemptRecord
from ...redact import redacted, scrub_lines
from ...shown import Shown

if TYPE_CHECKING:
    import pandas as pd

    from ...render import Cell, Table, Value
    from ...render.shapes import Tone

_WORDS = {
    "SUCCEEDED": "succeeded", "RETRY": "due again", "GIVEN_UP": "given up", "UNDER_WAY": "under way",
    "DELETED": "deleted meanwhile", "CUT_OFF": "cut off",
}  # fmt: skip
_JSON_TEXT = re.compile(r'"([\w.-]{1,64})"(\s*:\s*)"((?:[^"\\]|\\.)*)(?:"|\\?\Z)')
_TONES: dict[str, Tone] = {"SUCCEEDED": "ok", "RETRY": "warn", "GIVEN_UP": "bad"}


class History(Sequence[AttemptRecord], Shown):
    """Attempts in the order in which they were sent: a sequence of AttemptRecord.

    `dropped` counts the attempts that the emulator has deleted to save memory.

    Example:
        >>> history = client.emulator.history(queue)
        >>> history.to_dataframe()
    """

    def __init__(self, queue: str, attempts: Sequence[AttemptRecord], dropped: int = 0) -> None:
        self.queue = queue
        self.dropped = dropped
        self._attempts = tuple(attempts)

    def to_dataframe(self) -> pd.DataFrame:
        """One row per attempt.

        Shapes: task (id), attempt (from 1), scheduled, sent, answered (UTC), took_s (real seconds), code (HTTP status,
        absent without a response), status, message, answer (the beginning of the response body, secrets hidden),
        outcome (SUCCEEDED, RETRY, GIVEN_UP, DELETED, CUT_OFF, UNDER_WAY), retry_at (UTC).
        """
        from ...frames import nullable_frame
        from .tables import HISTORY

        return nullable_frame(HISTORY, [self._attempts])

    @overload
    def __getitem__(self, at: int) -> AttemptRecord: ...
    @overload
    def __getitem__(self, at: slice) -> History: ...
    def __getitem__(self, at: int | slice) -> AttemptRecord | History:
        if isinstance(at, slice):
            return History(self.queue, self._attempts[at], self.dropped)
        return self._attempts[at]

    def __len__(self) -> int:
        return len(self._attempts)

    def __iter__(self) -> Iterator[AttemptRecord]:
        return iter(self._attempts)

    def __repr__(self) -> str:
        return f"<History of {self.queue}: attempts: {len(self)}>"

    def _shape_(self) -> Table:
        from ...render import Table
        from ...render.shapes import ROWS_SHOWN
        from ...render.values import counted

        shown = self._attempts[-ROWS_SHOWN:]  # the newest
        tasks = len({one.task for one in self._attempts})
        earlier = len(self) - len(shown)
        notes = [
            f"{counted(earlier, 'earlier attempt')}: to_dataframe()" if earlier else "",
            f"{counted(self.dropped, 'older attempt')} dropped to make room" if self.dropped else "",
        ]
        return Table.of(
            shown,
            _row,
            caption=f"{counted(len(self), 'attempt')} of {counted(tasks, 'task')} in {self.queue.rpartition('/')[2]}",
            footer="; ".join(note for note in notes if note) or (None if len(self) else "no attempts yet"),
        )


def _row(one: AttemptRecord) -> dict[str, Value]:
    from ...render import badge, code, muted
    from ...render.status import status_words

    status: Value = muted("no response yet")
    if one.status is not None:
        name = f"{one.status.code_name}({one.status.code}): "  # the badge shows the code already
        status = status_words(Status(code=one.status.code, message=one.status.message.removeprefix(name)))
    if one.outcome == "SUCCEEDED":
        status = badge(f"{one.code or ''} OK".strip(), "ok")
    return {
        "task": code(one.task.rpartition("/")[2]),
        "attempt": one.attempt,
        "sent": _time(one.dispatch_time),
        "answered": _time(one.response_time),
        "status": status,
        "answer": _answer(one.answer) if one.answer else None,
        "took": _took(one.took) if one.took is not None else None,
        "outcome": badge(_WORDS.get(one.outcome, one.outcome), _TONES.get(one.outcome, "")),
    }


def _time(moment: datetime | None) -> Cell | None:
    """The exact time of day; the date appears on hover."""
    from ...render import Cell
    from ...render.values import exact

    return Cell(f"{moment:%H:%M:%S.%f}"[:-3], exact(moment)) if moment is not None else None


def without_secrets(answer: str) -> str:
    """The beginning of a response body, with secrets replaced, also in truncated JSON.

    >>> without_secrets('{"n": 1, "token": "abc')
    '{"n": 1, "token": "•••"'
    """
    return scrub_lines(
        _JSON_TEXT.sub(lambda held: f'"{held[1]}"{held[2]}"{redacted(held[3], held[1])}"', answer)
    )


def _answer(text: str) -> Cell:
    """The beginning of the response body on one line, with secrets replaced; more of it on hover."""
    from ...render import code
    from ...visible import elided

    shown = without_secrets(text)
    return code(elided(" ".join(shown.split()), 32), shown)


def _took(took: timedelta) -> Cell:
    """Milliseconds below one second: local targets respond that fast."""
    from ...render import Cell
    from ...render.values import duration

    took_s = took.total_seconds()
    return Cell(f"{took_s * 1000:.3g} ms" if took_s < 1 else duration(took), look="number")
