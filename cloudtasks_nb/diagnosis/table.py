"""The columns of findings. Imports pyarrow: load on first use."""

from __future__ import annotations

from collections.abc import Sequence

from ..frames import Column
from ..frames.arrays import TEXT
from ..frames.columns import each
from .card import evidence_words
from .finding import Finding

FINDING_COLUMNS: list[Column[Sequence[Finding]]] = [
    Column("severity", TEXT, each(lambda finding: finding.severity)),
    Column("rule", TEXT, each(lambda finding: finding.rule)),
    Column("sentence", TEXT, each(lambda finding: finding.sentence)),
    Column("evidence", TEXT, each(lambda finding: "\n".join(map(evidence_words, finding.evidence)))),
    Column("cure", TEXT, each(lambda finding: finding.cure)),
    Column("source", TEXT, each(lambda finding: finding.source)),
]
