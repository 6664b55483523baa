"""Findings: each describes one problem in a sentence, with its evidence and a remedy."""

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
    """One fact that supports a finding: a field, its value, and the call that returned it.

    Example:
        >>> queue.pause().diagnose()[0].evidence[0]
        Evidence(field='state', value='PAUSED', call='queues.get', at=...)
    """

    field: str
    """The field, or the expression."""
    value: str
    """Its value, as text."""
    call: str = ""
    """The call that returned it; empty if it was computed from other facts."""
    at: datetime | None = None
    """When the response arrived."""


class Finding(Shown, Struct, frozen=True, kw_only=True):
    """One problem of a queue.

    Example:
        >>> finding = queue.pause().diagnose()[0]
        >>> finding.rule, finding.severity, finding.cure
        ('paused_with_backlog', 'blocks', 'queue.resume()')
    """

    rule: str
    """The rule that fired."""
    severity: Severity
    """"blocks" (no task runs), "slows", "warns" (it will be a problem later), or "info"."""
    sentence: str
    """The problem in words."""
    evidence: Sequence[Evidence] = ()
    """The facts that support it."""
    cure: str = ""
    """A line of code that you can run to solve it. It never runs by itself."""
    source: str = ""
    """A link that describes the cause."""

    def _shape_(self) -> Card:
        from .card import finding_card

        return finding_card(self)

    def __repr__(self) -> str:
        return f"<Finding {self.severity}: {self.rule}>"
