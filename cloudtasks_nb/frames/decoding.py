"""Decode payloads into columns: text, or one column per JSON key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from ..model.unpacking import inflated, json_object
from ..warned import warn
from .dtypes import Dtypes, json_dtype, json_type
from .export import PAYLOAD, PREFIX, TEXT_COLUMN, Decode


def decoded(frame: pd.DataFrame, decode: Decode, dtypes: Dtypes) -> pd.DataFrame:
    """The frame with decoded payloads: `payload_text`, or `payload.<key>` for every top-level key."""
    payloads = [None if payload is pd.NA else payload for payload in frame[PAYLOAD].tolist()]
    if decode == "text":
        texts = pd.Series(_texts(payloads), dtype=json_dtype([""], dtypes), index=frame.index)
        return frame.assign(**{TEXT_COLUMN: texts})
    columns = {name: _typed(values, dtypes) for name, values in _json_values(payloads).items()}
    return pd.concat([frame, pd.DataFrame(columns)], axis=1) if columns else frame


def decoded_table(table: pa.Table, decode: Decode) -> pa.Table:
    """The same for an Arrow table. A column of mixed or nested values holds JSON text."""
    payloads = table[PAYLOAD].to_pylist()
    if decode == "text":
        return table.append_column(TEXT_COLUMN, pa.array(_texts(payloads), pa.string()))
    for name, values in _json_values(payloads).items():
        table = table.append_column(name, _arrow(values))
    return table


def _texts(payloads: Sequence[bytes | None]) -> list[str | None]:
    return [None if payload is None else inflated(payload).decode("utf-8", "replace") for payload in payloads]


def _json_values(payloads: Sequence[bytes | None]) -> dict[str, list[Any]]:
    """One column per top-level key, in order of first appearance; rows without a JSON object stay <NA>."""
    columns: dict[str, list[Any]] = {}
    unread = 0
    for row, payload in enumerate(payloads):
        found = json_object(payload)
        unread += found is None
        for key, value in (found or {}).items():
            columns.setdefault(f"{PREFIX}{key}", [pd.NA] * len(payloads))[row] = value
    if unread:
        warn(f"payloads that are not JSON objects: {unread:,} of {len(payloads):,}; their columns are <NA>")
    return columns


def _typed(values: list[Any], dtypes: Dtypes) -> pd.Series[Any]:
    """A column of one plain JSON type gets its nullable dtype; any other column stays as it is."""
    try:
        column: pd.Series[Any] = pd.Series(values, dtype=json_dtype(values, dtypes))
    except (OverflowError, TypeError, ValueError):  # an integer beyond 64 bits
        column = pd.Series(values, dtype=object)
    return column


def _arrow(values: list[Any]) -> pa.Array:
    known = [None if value is pd.NA else value for value in values]
    try:
        if (kind := json_type(values)) is not None:
            return pa.array(known, kind)
    except (OverflowError, pa.ArrowInvalid):  # an integer beyond 64 bits
        pass
    return pa.array(
        [None if value is None else json.dumps(value, ensure_ascii=False) for value in known], pa.string()
    )
