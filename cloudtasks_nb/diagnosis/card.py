"""The cards of a diagnosis: the findings, and below them, folded, the evidence for each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..render import Card, Cell, Section, Table, Value, badge, code, muted
from ..render.shapes import Tone
from ..render.values import counted, exact
from .facts import Facts
from .finding import Evidence, Finding, Severity

if TYPE_CHECKING:
    from .diagnosis import Diagnosis
    from .explanation import Explanation

TONES: dict[Severity, Tone] = {"blocks": "bad", "slows": "warn", "warns": "warn", "info": ""}
CAUSE_TONES: dict[str, Tone] = {"scheduled": "", "due": "", "finished": "ok", "gone": "", "unknown": "warn"}
BIAS = (
    "The listing does not contain tasks that succeeded, so a failure rate counted from it is an upper bound."
)


def evidence_words(one: Evidence) -> str:
    """A fact on one line: "state = PAUSED (queues.get)"."""
    return f"{one.field} = {one.value}" + (f" ({one.call})" if one.call else "")


def severity_badge(finding: Finding) -> Cell:
    """The severity, as a coloured badge."""
    return badge(finding.severity, TONES[finding.severity])


def verdict(diagnosis: Diagnosis) -> Cell:
    """The worst severity, or "healthy"."""
    if diagnosis.healthy:
        return badge("healthy", "ok")
    return severity_badge(diagnosis[0]) if len(diagnosis) else badge("unclear", "warn")


def diagnosis_card(diagnosis: Diagnosis) -> Card:
    facts = diagnosis.facts
    rows: list[list[Value]] = [
        [severity_badge(one), one.sentence, code(one.cure) if one.cure else None] for one in diagnosis
    ]
    return Card(
        facts.queue.id,
        kind="why?",
        badge=verdict(diagnosis),
        facts={
            "in short": diagnosis.sentence,
            "read": looked_at(facts),
            "could not read": [f"{one.what}: {one.why}" for one in facts.unseen] or None,
            "bias": muted(BIAS) if facts.failed else None,
        },
        table=Table(columns=["", "finding", "cure"], rows=rows) if rows else None,
        sections=[evidence_section(one.rule, one.evidence, one.source) for one in diagnosis],
        code=["diagnosis.to_dataframe()", *(["queue.diagnose(deep=True)"] if not facts.is_deep else [])],
    )


def looked_at(facts: Facts) -> str:
    """Such as "4 calls: the queue, 3,000 of about 41,000 tasks"."""
    held = f"all {counted(len(facts.tasks), 'task')}"
    if not facts.complete:
        held = f"the first {len(facts.tasks):,} of about {counted(facts.depth, 'task')}"
    return f"{counted(facts.calls, 'call')}: the queue, {held}{''.join(f', {one}' for one in facts.also)}"


def _time(instant: datetime | None) -> Cell | None:
    """A time of day in UTC; hovering shows the exact time."""
    return muted(f"{instant.astimezone(UTC):%H:%M:%S} UTC", exact(instant)) if instant is not None else None


def evidence_section(name: str, evidence: Sequence[Evidence], source: str = "") -> Section:
    """The evidence of a finding: each fact, the call that returned it and when, and a link that describes the cause."""
    rows: list[list[Value]] = [
        [
            code(one.field),
            one.value,
            [one.call, _time(one.at)] if one.call else None,
        ]
        for one in evidence
    ]
    if source:
        rows.append(["source", source, None])
    return Section(f"evidence: {name}", Table(columns=["field", "value", "returned by"], rows=rows))


def explanation_card(explanation: Explanation) -> Card:
    return Card(
        explanation.task.rpartition("/")[2],
        kind="why?",
        badge=badge(explanation.cause, CAUSE_TONES.get(explanation.cause, "warn")),
        facts={"why": explanation.sentence, "read": counted(explanation.calls, "call")},
        sections=[evidence_section(explanation.cause, explanation.evidence, explanation.source)],
        code=[explanation.cure] if explanation.cure else [],
    )


def finding_card(finding: Finding) -> Card:
    return Card(
        finding.rule,
        kind="finding",
        badge=severity_badge(finding),
        facts={"finding": finding.sentence, "source": finding.source or None},
        sections=[evidence_section(finding.rule, finding.evidence, finding.source)],
        code=[finding.cure] if finding.cure else [],
    )
