"""The pandas dtype for each Arrow type and each plain JSON type."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import pyarrow as pa

Dtypes = Literal["numpy_nullable", "pyarrow"]
"""Nullable pandas dtypes (strings and bytes held by Arrow), or Arrow dtypes throughout."""

_NULLABLE: dict[pa.DataType, Any] = {
    pa.string(): pd.StringDtype("pyarrow"),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.binary(): pd.ArrowDtype(pa.binary()),
}
_JSON_TYPES: dict[type, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}


def frame_of(table: pa.Table, dtypes: Dtypes) -> pd.DataFrame:
    """An Arrow table as a DataFrame."""
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=_NULLABLE.get if dtypes == "numpy_nullable" else pd.ArrowDtype
    )
    return frame


def json_dtype(values: list[Any], dtypes: Dtypes) -> Any:
    """The dtype for JSON values: that of their common plain type, else `object`."""
    arrow = json_type(values)
    if arrow is None:
        return object
    return _NULLABLE[arrow] if dtypes == "numpy_nullable" else pd.ArrowDtype(arrow)


def json_type(values: list[Any]) -> pa.DataType | None:
    """The Arrow type of JSON values that share one plain type.

    Integers among fractions become floats if a float holds each of them exactly.
    """
    kinds = {type(value) for value in values if value is not pd.NA and value is not None}
    if kinds == {int, float} and all(_is_exact_as_float(value) for value in values if type(value) is int):
        kinds = {float}
    kind = kinds.pop() if len(kinds) == 1 else None
    return _JSON_TYPES.get(kind) if kind is not None else None


def _is_exact_as_float(number: int) -> bool:
    try:
        return float(number) == number
    except OverflowError:
        return False
