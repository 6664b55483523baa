"""Explanation: what becomes of one task, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ..shown import Shown
from .finding import Evidence

if TYPE_CHECKING:
    from ..render import Card


class Explanation(Shown, Struct, frozen=True, kw_only=True):
    """Why a task has not run, or what became of it.

    Example:
        >>> explanation = task.explain()
        >>> explanation.cause
        'scheduled'
        >>> explanation.sentence
        'It waits until ... UTC, in 60 min. Only task.run() is sooner.'
    """

    task: str
    """The full name of the task."""
    cause: str
    """"scheduled", "retrying", "due", "finished", "gone", "unknown", or the rule of a finding that holds it back."""
    sentence: str
    """What happens to it, or happened, in words."""
    evidence: Sequence[Evidence] = ()
    """The facts that this rests on."""
    cure: str = ""
    """A line of code that helps. Nothing runs it but you."""
    source: str = ""
    """Where the cause is described."""
    calls: int = 0
    """How many calls it took."""

    def _shape_(self) -> Card:
        from .card import explanation_card

        return explanation_card(self)

    def __repr__(self) -> str:
        return f"<Explanation {self.cause}: {self.sentence}>"
