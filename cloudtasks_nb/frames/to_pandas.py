"""Arrow → pandas: nullable dtypes, maps as dicts, payloads decoded on request."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeVar

import msgspec
import pandas as pd
import pyarrow as pa

from ..errors import ConfigError
from .columns import Columns

Decode = Literal["json", "text"]
R = TypeVar("R")

_DTYPES: dict[pa.DataType, Any] = {
    pa.string(): pd.StringDtype("pyarrow"),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.binary(): pd.ArrowDtype(pa.binary()),
}


def to_pandas(
    columns: Columns[R], pages: Iterable[Sequence[R]], decode: Decode | None = None
) -> pd.DataFrame:
    """Pages of rows as a DataFrame with the dtypes of their schema; `decode` adds columns read from the payload.

    Errors: ConfigError for an unknown `decode`, and those of `pages`.
    """
    if decode not in (None, "json", "text"):
        raise ConfigError(f"decode={decode!r} is unknown.", hint='use decode="json" or decode="text"')
    maps: dict[str, list[Any]] = {field.name: [] for field in columns.schema if pa.types.is_map(field.type)}
    batches = []
    for rows in pages:
        batch, found = columns.flat_batch(rows)
        batches.append(batch)
        for name, column in found.items():
            maps[name] += column.dicts(missing=pd.NA)
    flat = pa.schema([field for field in columns.schema if field.name not in maps])
    table = pa.Table.from_batches(batches, schema=flat)
    frame: pd.DataFrame = table.to_pandas(types_mapper=_DTYPES.get)
    for name, dicts in maps.items():
        frame.insert(columns.schema.get_field_index(name), name, pd.Series(dicts, dtype=object))
    if decode == "text":
        frame["payload_text"] = pd.array(_texts(table["payload"]), dtype=pd.StringDtype("pyarrow"))
    elif decode == "json":
        extra = _json_columns(table["payload"])
        frame = pd.concat([frame, extra], axis=1) if len(extra.columns) else frame
    return frame


def _texts(payloads: pa.ChunkedArray) -> list[str | None]:
    return [value.decode("utf-8", "replace") if value is not None else None for value in payloads.to_pylist()]


def _json_columns(payloads: pa.ChunkedArray) -> pd.DataFrame:
    """One column per top-level key, in order of first appearance; rows without a JSON object stay <NA>."""
    columns: dict[str, list[Any]] = {}
    unread = 0
    for row, payload in enumerate(payloads.to_pylist()):
        found = _json_object(payload)
        unread += found is None
        for key, value in (found or {}).items():
            columns.setdefault(key, [pd.NA] * len(payloads))[row] = value
    if unread:
        warnings.warn(
            f"{unread:,} of {len(payloads):,} payloads are not JSON objects; their columns are <NA>",
            stacklevel=4,
        )
    return pd.DataFrame({f"payload.{key}": _typed(values) for key, values in columns.items()})


def _json_object(payload: bytes | None) -> dict[str, Any] | None:
    try:
        value = msgspec.json.decode(payload or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


_PLAIN = {
    str: pd.StringDtype("pyarrow"),
    int: pd.Int64Dtype(),
    float: pd.Float64Dtype(),
    bool: pd.BooleanDtype(),
}


def _typed(values: list[Any]) -> pd.Series[Any]:
    """A column of one plain JSON type gets its nullable dtype; anything else is kept as it is."""
    kinds = {type(value) for value in values if value is not pd.NA and value is not None}
    kind = kinds.pop() if len(kinds) == 1 else (float if kinds == {int, float} else None)
    dtype = _PLAIN.get(kind) if kind else None
    try:
        return pd.Series(values, dtype=dtype or object)
    except (OverflowError, TypeError, ValueError):  # an integer beyond 64 bits
        return pd.Series(values, dtype=object)
