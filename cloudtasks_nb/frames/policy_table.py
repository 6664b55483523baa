"""IAM policies as tables: one row per member of a binding."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from ..model.policy import Policy
from .arrays import TEXT
from .dtypes import frame_of

POLICIES = pa.schema({"role": TEXT, "member": TEXT, "condition_title": TEXT, "condition_expression": TEXT})


def policy_frame(policy: Policy) -> pd.DataFrame:
    """A policy as a DataFrame; a binding without a condition has none in its rows."""
    rows = [
        {
            "role": binding.role,
            "member": member,
            "condition_title": (binding.condition.title or None) if binding.condition else None,
            "condition_expression": binding.condition.expression if binding.condition else None,
        }
        for binding in policy.bindings
        for member in binding.members
    ]
    return frame_of(pa.Table.from_pylist(rows, schema=POLICIES), "numpy_nullable")
