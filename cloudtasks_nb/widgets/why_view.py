"""Converts a diagnosis or an explanation for the page. (pure)"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..diagnosis.card import BIAS, evidence_section, looked_at, severity_badge, verdict
from ..diagnosis.finding import Finding
from .cells import fact_list, instant, plain, section

if TYPE_CHECKING:
    from ..diagnosis.diagnosis import Diagnosis
    from ..diagnosis.explanation import Explanation


def why_shown(diagnosis: Diagnosis) -> dict[str, Any]:
    """A diagnosis for the page."""
    facts = diagnosis.facts
    return {
        "updated": instant(datetime.now(UTC)),
        "deep": facts.is_deep,
        "verdict": plain(verdict(diagnosis)),
        "sentence": diagnosis.sentence,
        "facts": fact_list({"read": looked_at(facts), "bias": BIAS if facts.failed else None}),
        "unseen": [[one.what, one.why] for one in diagnosis.unseen],
        "findings": [_finding(one) for one in diagnosis],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": plain(severity_badge(finding)),
        "sentence": finding.sentence,
        "cure": finding.cure,
        "source": finding.source,
        "evidence": section(evidence_section(finding.rule, finding.evidence)),
    }


def explanation_shown(explanation: Explanation) -> dict[str, Any]:
    """An explanation for the detail pane of a task."""
    return {
        "sentence": explanation.sentence,
        "cause": explanation.cause,
        "cure": explanation.cure,
        "evidence": section(evidence_section(explanation.cause, explanation.evidence)),
    }
