"""Explanation: why one task has not run, or how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ..shown import Shown
from .finding import Evidence

if TYPE_CHECKING:
    from ..render import Card


class Explanation(Shown, Struct, frozen=True, kw_only=True):
    """Why a task has not run, or how it ended.

    Example:
        >>> explanation = task.explain()
        >>> explanation.cause
        'scheduled'
        >>> explanation.sentence
        'It is scheduled for ... UTC, in 60 min. task.run() runs it now.'
    """

    task: str
    """The full name of the task."""
    cause: str
    """"scheduled", "retrying", "due", "finished", "gone", "unknown", or the rule of the finding that blocks it."""
    sentence: str
    """The explanation in words."""
    evidence: Sequence[Evidence] = ()
    """The facts that support the explanation."""
    cure: str = ""
    """A line of code that you can run to solve it. It never runs by itself."""
    source: str = ""
    """A link that describes the cause."""
    calls: int = 0
    """How many calls the explanation made."""

    def _shape_(self) -> Card:
        from .card import explanation_card

        return explanation_card(self)

    def __repr__(self) -> str:
        return f"<Explanation {self.cause}: {self.sentence}>"
