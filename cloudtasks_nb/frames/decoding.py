"""Payloads as columns: text, or one column per JSON key."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import msgspec
import pandas as pd

from .dtypes import Dtypes, json_dtype

Decode = Literal["json", "text"]
TEXT_COLUMN = "payload_text"
PREFIX = "payload."


def decoded(frame: pd.DataFrame, decode: Decode, dtypes: Dtypes) -> pd.DataFrame:
    """The frame with what its payloads say: `payload_text`, or `payload.<key>` for every top-level key."""
    payloads = [None if payload is pd.NA else payload for payload in frame["payload"].tolist()]
    if decode == "text":
        texts = [None if payload is None else payload.decode("utf-8", "replace") for payload in payloads]
        dtype = json_dtype([""], dtypes)
        return frame.assign(**{TEXT_COLUMN: pd.Series(texts, dtype=dtype, index=frame.index)})
    extra = _json_columns(payloads, dtypes)
    return pd.concat([frame, extra], axis=1) if len(extra.columns) else frame


def _json_columns(payloads: list[bytes | None], dtypes: Dtypes) -> pd.DataFrame:
    """One column per top-level key, in order of first appearance; rows without a JSON object stay <NA>."""
    columns: dict[str, list[Any]] = {}
    unread = 0
    for row, payload in enumerate(payloads):
        found = json_object(payload)
        unread += found is None
        for key, value in (found or {}).items():
            columns.setdefault(key, [pd.NA] * len(payloads))[row] = value
    if unread:
        warnings.warn(
            f"{unread:,} of {len(payloads):,} payloads are not JSON objects; their columns are <NA>",
            stacklevel=5,
        )
    return pd.DataFrame({f"{PREFIX}{key}": _typed(values, dtypes) for key, values in columns.items()})


def json_object(payload: bytes | None) -> dict[str, Any] | None:
    """The object that a payload holds; None when it holds anything else."""
    try:
        value = msgspec.json.decode(payload or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _typed(values: list[Any], dtypes: Dtypes) -> pd.Series[Any]:
    """A column of one plain JSON type gets its nullable dtype; anything else is kept as it is."""
    try:
        column: pd.Series[Any] = pd.Series(values, dtype=json_dtype(values, dtypes))
    except (OverflowError, TypeError, ValueError):  # an integer beyond 64 bits
        column = pd.Series(values, dtype=object)
    return column
