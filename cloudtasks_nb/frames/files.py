"""Arrow batches → Parquet and CSV files: streamed, and there only when complete."""

from __future__ import annotations

import base64
import errno
import json
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from ..model.json import Duration
from ..platforms import check_names_file
from .arrays import MAP, SPAN, TEXT

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

Batches = Iterable[pa.RecordBatch]

# A row group per page of a listing would compress badly and be slow to read; one for all would not be streamed.
GROUP_ROWS = 50_000
GROUP_BYTES = 16 * 1024 * 1024
FORMULA = re.compile(r"[=+\-@\t\r]")
"""How a text begins that a spreadsheet takes for a formula."""


def write_parquet(
    path: str | os.PathLike[str], schema: pa.Schema, batches: Batches, *, private: bool = False
) -> Path:
    """Write batches to a Parquet file; the path of the finished file. Errors: those of `batches`, OSError."""
    with complete_or_absent(path, private=private) as file, parquet_writer(file, schema) as writer:
        for group in _groups(batches):
            writer.write_table(pa.Table.from_batches(group, schema=schema), row_group_size=GROUP_ROWS)
    return Path(path).expanduser()


def parquet_writer(file: BinaryIO | Path, schema: pa.Schema) -> ParquetWriter:
    """How every Parquet file is written."""
    from pyarrow.parquet import ParquetWriter

    return ParquetWriter(file, _with_units(schema), compression="zstd", write_page_checksum=True)


def write_csv(
    path: str | os.PathLike[str],
    schema: pa.Schema,
    batches: Batches,
    *,
    private: bool = False,
    spreadsheet_safe: bool = False,
) -> Path:
    """Write batches to a CSV file (maps as JSON, bytes as base64, durations as "0.5s"); the path of the finished file.

    `spreadsheet_safe` puts an apostrophe before texts that would be formulas in a spreadsheet.
    """
    from pyarrow.csv import CSVWriter

    texts = pa.schema(
        [(field.name, pa.string() if field.type in _AS_TEXT else field.type) for field in schema]
    )
    with complete_or_absent(path, private=private) as file, CSVWriter(file, texts) as writer:
        for batch in batches:
            columns = [flat(column) for column in batch.columns]
            writer.write_batch(
                pa.RecordBatch.from_arrays(
                    [_safe(column) if spreadsheet_safe else column for column in columns], schema=texts
                )
            )
    return Path(path).expanduser()


def _with_units(schema: pa.Schema) -> pa.Schema:
    """The schema, with units of durations where readers without Arrow look: beside the columns of the file."""
    spans = {f"unit of {field.name}": "microseconds" for field in schema if pa.types.is_duration(field.type)}
    return schema.with_metadata({**(schema.metadata or {}), **spans}) if spans else schema


def _groups(batches: Batches) -> Iterator[list[pa.RecordBatch]]:
    """Batches gathered until they make a row group."""
    group: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        group.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= GROUP_ROWS or size >= GROUP_BYTES:
            yield group
            group, rows, size = [], 0, 0
    if group:
        yield group


@contextmanager
def complete_or_absent(path: str | os.PathLike[str], *, private: bool = False) -> Iterator[BinaryIO]:
    """A file that takes its name only when all is written; an error or interrupt leaves nothing behind.

    A `private` one is for its owner alone. One that replaces another is for no more people than that was.
    """
    check_names_file(path)
    target = Path(path).expanduser().resolve()
    if target.is_dir() or not target.parent.is_dir():  # said now rather than after the last page
        why = errno.EISDIR if target.is_dir() else errno.ENOENT
        raise OSError(why, os.strerror(why), str(target))
    if target.exists() and not target.is_file():  # a file in place of a device would be no device any more
        raise OSError(errno.EINVAL, "It is not a regular file", str(target))
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    mode = (0o600 if private else 0o666) & (target.stat().st_mode if target.exists() else 0o777)
    try:
        with open(part, "xb", opener=partial(os.open, mode=mode | 0o200)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # what relies on it, such as a purge, may come next
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


_AS_TEXT: dict[pa.DataType, Callable[[Any], str]] = {
    MAP: lambda entries: json.dumps(dict(entries), ensure_ascii=False),
    pa.binary(): lambda data: base64.b64encode(data).decode(),
    SPAN: lambda span: str(Duration.of(span)),
}


def flat(column: pa.Array) -> pa.Array:
    """A column as a file of plain values holds it."""
    as_text = _AS_TEXT.get(column.type)
    if as_text is None:
        return column
    return pa.array([None if value is None else as_text(value) for value in column.to_pylist()], pa.string())


def _safe(column: pa.Array) -> pa.Array:
    if column.type != TEXT:
        return column
    return pc.replace_substring_regex(column, f"^({FORMULA.pattern})", r"'\1")
