"""Findings: what is wrong, in one sentence, with the evidence for it and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from ..shown import Shown

if TYPE_CHECKING:
    from ..render import Card

Severity = Literal["blocks", "slows", "warns", "info"]
SEVERITIES: tuple[Severity, ...] = ("blocks", "slows", "warns", "info")


class Evidence(Struct, frozen=True):
    """One fact that a finding rests on: a field, its value, and the call that it came from.

    Example:
        >>> queue.pause().diagnose()[0].evidence[0]
        Evidence(field='state', value='PAUSED', call='queues.get', at=...)
    """

    field: str
    """The field, or the reckoning, that was looked at."""
    value: str
    """Its value, as text."""
    call: str = ""
    """The call that said it; empty where it was reckoned from others."""
    at: datetime | None = None
    """When that call was answered."""


class Finding(Shown, Struct, frozen=True, kw_only=True):
    """One reason why a queue does not do what it should.

    Example:
        >>> finding = queue.pause().diagnose()[0]
        >>> finding.rule, finding.severity, finding.cure
        ('paused_with_backlog', 'blocks', 'queue.resume()')
    """

    rule: str
    """The rule that fired."""
    severity: Severity
    """"blocks" (nothing goes on), "slows", "warns" (it will hurt later), or "info"."""
    sentence: str
    """What was found, in words."""
    evidence: Sequence[Evidence] = ()
    """The facts that it rests on."""
    cure: str = ""
    """A line of code that helps. Nothing runs it but you."""
    source: str = ""
    """Where the cause is described."""

    def _shape_(self) -> Card:
        from .card import finding_card

        return finding_card(self)

    def __repr__(self) -> str:
        return f"<Finding {self.severity}: {self.rule}>"
