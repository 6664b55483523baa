"""Convert Arrow to pandas: nullable or Arrow dtypes, maps as dicts, payloads decoded on request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from contextlib import nullcontext
from itertools import count
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa

from ..errors import ConfigError
from ..model.policy import Binding, Policy
from .arrays import MAP, TEXT
from .columns import Column, Columns, batch_of, each, schema_of
from .decoding import decoded
from .dtypes import Dtypes, frame_of
from .export import Decode, may_add
from .resting import collector_rests, collector_waits

P = TypeVar("P", bound=Sized)
Page = TypeVar("Page")

_PAGES_A_REST = 16


def to_pandas(
    columns: Columns[P],
    pages: Iterable[P],
    decode: Decode | None = None,
    dtype_backend: Dtypes = "numpy_nullable",
    categories: Sequence[str] = (),
    converted: Callable[[Callable[[P], Any], Iterable[P]], Iterable[Any]] = map,
) -> pd.DataFrame:
    """Pages as a DataFrame with the dtypes of their schema; `decode` adds columns read from the payload.

    `converted` applies a conversion to each page, as `map` does.

    Errors: ConfigError for an unknown `decode`, `dtype_backend` or category, and those of `pages`.
    """
    if decode not in (None, "json", "text"):
        raise ConfigError(f"decode={decode!r} is unknown.", hint='use decode="json" or decode="text"')
    if dtype_backend not in ("numpy_nullable", "pyarrow"):
        raise ConfigError(
            f"dtype_backend={dtype_backend!r} is unknown.",
            hint='use dtype_backend="numpy_nullable" or dtype_backend="pyarrow"',
        )
    categorical = [*dict.fromkeys(categories)]
    for name in categorical:
        _check_category(name, columns.schema, decode)
    if dtype_backend == "pyarrow":
        batches = list(converted(columns.batch, pages))
        frame = frame_of(pa.Table.from_batches(batches, schema=columns.schema), dtype_backend)
    else:
        frame = nullable_frame(columns.columns, pages, converted)
    if decode is not None:
        frame = decoded(frame, decode, dtype_backend)
    for name in categorical:
        frame = _with_category(frame, name)
    return frame


def _check_category(name: str, schema: pa.Schema, decode: Decode | None) -> None:
    if name not in schema.names and not may_add(decode, name):
        raise ConfigError(
            f"categories={name!r} does not name a column.",
            hint=f"columns are {', '.join(schema.names)}",
        )
    if name in schema.names and schema.field(name).type == MAP:
        raise ConfigError(
            f"categories={name!r} names a column of dicts, which cannot be categories.", hint=f"omit {name!r}"
        )


def _with_category(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    if name not in frame:  # no payload has this key
        return frame
    try:
        return frame.assign(**{name: frame[name].astype("category")})
    except TypeError:  # lists or dicts of a payload
        return frame


def nullable_frame(
    columns: Sequence[Column[Page]],
    pages: Iterable[Page],
    converted: Callable[[Callable[[Page], Any], Iterable[Page]], Iterable[Any]] = map,
) -> pd.DataFrame:
    """Maps as Python dicts, everything else in nullable dtypes."""
    flat = [column for column in columns if column.type != MAP]
    mapped = [(at, column) for at, column in enumerate(columns) if column.type == MAP]
    schema = schema_of(flat)

    numbers = count(1)

    def convert(page: Page) -> tuple[pa.RecordBatch, list[list[Any]]]:
        # Only some pages are converted with the collector on: a collection after each one would take a twentieth of the
        # time. The pager enables the collector during waits.
        with nullcontext() if next(numbers) % _PAGES_A_REST else collector_waits():
            dicts = [column.values(page).dicts(missing=pd.NA) for _, column in mapped]
            return batch_of(flat, page, schema), dicts

    with collector_rests():  # `list` handles no interrupt between two pages, which would lose them
        parts: list[tuple[pa.RecordBatch, list[list[Any]]]] = list(converted(convert, pages))
    with collector_rests():  # the pager has ended the block
        frame = frame_of(
            pa.Table.from_batches([batch for batch, _ in parts], schema=schema), "numpy_nullable"
        )
        for which, (at, column) in enumerate(mapped):
            values = [value for _, dicts in parts for value in dicts[which]]
            frame.insert(at, column.name, pd.Series(values, dtype=object))
    return frame


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
    """A policy as a DataFrame; a binding without a condition has <NA> there."""
    rows = [(binding, member) for binding in policy.bindings for member in binding.members]
    return nullable_frame(POLICY_COLUMNS, [rows])
