"""IAM policies as tables: one row per member of a binding."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..model.policy import Binding, Policy
from .arrays import TEXT
from .columns import Column, each
from .to_pandas import nullable_frame

POLICY_COLUMNS: list[Column[Sequence[tuple[Binding, str]]]] = [
    Column("role", TEXT, each(lambda row: row[0].role)),
    Column("member", TEXT, each(lambda row: row[1])),
    Column(
        "condition_title",
        TEXT,
        each(lambda row: (held.title or None) if (held := row[0].condition) else None),
    ),
    Column(
        "condition_expression",
        TEXT,
        each(lambda row: held.expression if (held := row[0].condition) else None),
    ),
]


def policy_frame(policy: Policy) -> pd.DataFrame:
    """A policy as a DataFrame; a binding without a condition has none in its rows."""
    rows = [(binding, member) for binding in policy.bindings for member in binding.members]
    return nullable_frame(POLICY_COLUMNS, [rows])
