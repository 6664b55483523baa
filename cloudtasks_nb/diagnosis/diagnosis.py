"""Diagnosis: the findings about a queue, and their evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from ..shown import Shown
from .facts import Facts, Unseen
from .finding import SEVERITIES, Finding
from .words import counted

if TYPE_CHECKING:
    import pandas as pd

    from ..render import Card

_HURTS = SEVERITIES[:3]
_OBJECTS = {"blocks": " the queue", "slows": " the queue", "warns": ""}


class Diagnosis(Shown, Sequence[Finding]):
    """What is wrong with a queue: a sequence of findings, the most severe first.

    - `healthy`: no finding blocks, slows or warns, and both the queue and its tasks could be read.
    - `unseen`: the data that could not be read. Missing data never counts as healthy.
    - `calls`: how many calls the diagnosis made.

    Example:
        >>> diagnosis = queue.diagnose()
        >>> diagnosis.healthy
        True
        >>> [finding.rule for finding in diagnosis]
        ['all_future', 'logging_off']
    """

    def __init__(self, facts: Facts, findings: Sequence[Finding]) -> None:
        self.facts = facts
        self._findings = list(findings)

    @overload
    def __getitem__(self, at: int) -> Finding: ...

    @overload
    def __getitem__(self, at: slice) -> list[Finding]: ...

    def __getitem__(self, at: int | slice) -> Finding | list[Finding]:
        return self._findings[at]

    def __len__(self) -> int:
        return len(self._findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings)

    @property
    def queue(self) -> str:
        """The full name of the queue."""
        return self.facts.queue.name

    @property
    def healthy(self) -> bool:
        """Whether no finding blocks, slows or warns. False, too, if the queue or its tasks could not be read."""
        return self.facts.is_read and not any(finding.severity in _HURTS for finding in self)

    @property
    def unseen(self) -> list[Unseen]:
        """The data that could not be read, and why."""
        return self.facts.unseen

    @property
    def calls(self) -> int:
        """How many calls the diagnosis made."""
        return self.facts.calls

    @property
    def sentence(self) -> str:
        """A summary in one line: the number of findings that block, slow or warn."""
        if hurting := [finding for finding in self if finding.severity in _HURTS]:
            counts = Counter(finding.severity for finding in hurting)
            told = (
                f"{count} {name if count == 1 else name[:-1]}{_OBJECTS[name]}"
                for name, count in counts.items()
            )
            return f"Findings: {', '.join(told)}."
        if not self.facts.is_read:
            return "No problem was found, but some data could not be read."
        if not self.facts.tasks:
            return f"The queue is {self.facts.queue.state or 'in an unknown state'} and empty."
        return (
            self[0].sentence
            if self.waits
            else f"No problem was found. Waiting: {counted(self.facts.depth, 'task')}."
        )

    @property
    def waits(self) -> bool:
        """Whether all tasks are scheduled for later."""
        return bool(len(self)) and self[0].rule == "all_future"

    def to_dataframe(self) -> pd.DataFrame:
        """One row per finding, the most severe first.

        Shapes: severity, rule, sentence, evidence (a line for each fact), cure, source.

        Example:
            >>> queue.diagnose().to_dataframe()
        """
        from ..frames import nullable_frame
        from .table import FINDING_COLUMNS

        return nullable_frame(FINDING_COLUMNS, [self._findings])

    def _shape_(self) -> Card:
        from .card import diagnosis_card

        return diagnosis_card(self)

    def __repr__(self) -> str:
        rules = ", ".join(finding.rule for finding in self) or "nothing found"
        return f"<Diagnosis {self.queue}: {rules}>"
