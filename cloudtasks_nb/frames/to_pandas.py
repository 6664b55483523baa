"""Arrow → pandas: nullable or Arrow dtypes, maps as dicts, payloads decoded on request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from ..errors import ConfigError
from .columns import Columns
from .decoding import Decode, decoded
from .dtypes import Dtypes, frame_of

R = TypeVar("R")


def to_pandas(
    columns: Columns[R],
    pages: Iterable[Sequence[R]],
    decode: Decode | None = None,
    dtype_backend: Dtypes = "numpy_nullable",
    categories: Sequence[str] = (),
) -> pd.DataFrame:
    """Pages of rows as a DataFrame with the dtypes of their schema; `decode` adds columns read from the payload.

    Errors: ConfigError for an unknown `decode`, `dtype_backend` or category, and those of `pages`.
    """
    if decode not in (None, "json", "text"):
        raise ConfigError(f"decode={decode!r} is unknown.", hint='use decode="json" or decode="text"')
    if dtype_backend not in ("numpy_nullable", "pyarrow"):
        raise ConfigError(
            f"dtype_backend={dtype_backend!r} is unknown.",
            hint='use dtype_backend="numpy_nullable" or dtype_backend="pyarrow"',
        )
    if strangers := [name for name in categories if name not in columns.schema.names]:
        raise ConfigError(
            f"There is no column {strangers[0]!r} to make a category of.",
            hint='pass column names, such as categories=["kind"]',
        )
    if dtype_backend == "pyarrow":
        batches = [columns.batch(rows) for rows in pages]
        frame = frame_of(pa.Table.from_batches(batches, schema=columns.schema), dtype_backend)
    else:
        frame = _with_dicts(columns, pages)
    if decode is not None:
        frame = decoded(frame, decode, dtype_backend)
    return frame.astype(dict.fromkeys(categories, "category")) if categories else frame


def _with_dicts(columns: Columns[R], pages: Iterable[Sequence[R]]) -> pd.DataFrame:
    """Maps as Python dicts, everything else in nullable dtypes."""
    maps: dict[str, list[Any]] = {field.name: [] for field in columns.schema if pa.types.is_map(field.type)}
    batches = []
    for rows in pages:
        batch, found = columns.flat_batch(rows)
        batches.append(batch)
        for name, column in found.items():
            maps[name] += column.dicts(missing=pd.NA)
    flat = pa.schema([field for field in columns.schema if field.name not in maps])
    frame = frame_of(pa.Table.from_batches(batches, schema=flat), "numpy_nullable")
    for name, dicts in maps.items():
        frame.insert(columns.schema.get_field_index(name), name, pd.Series(dicts, dtype=object))
    return frame
