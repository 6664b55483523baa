"""Stream Arrow batches to Parquet and CSV files, which appear only once they are complete."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import ConfigError
from ..model.json import Duration
from .arrays import MAP, SPAN, TEXT
from .complete import Note, complete_or_absent

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

Batches = Iterable[pa.RecordBatch]

# One row group per page would compress badly and be slow to read; a single one could not be streamed.
GROUP_ROWS = 50_000
GROUP_BYTES = 16 * 1024 * 1024
_CODECS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd"}
_NOT_WRITTEN = (".zip", ".xz", ".7z", ".tar", ".tgz")
FORMULA = re.compile(r"[=+\-@\t\r]")
"""The beginning of a text that a spreadsheet takes for a formula."""


def write_parquet(
    path: str | os.PathLike[str],
    schema: pa.Schema,
    batches: Batches,
    *,
    private: bool = False,
    note: Note = None,
) -> Path:
    """Write batches to a Parquet file. Returns its path. Errors: those of `batches`, OSError."""
    with (
        complete_or_absent(path, private=private, note=note) as file,
        parquet_writer(file, schema) as writer,
    ):
        for group in _groups(batches):
            writer.write_table(pa.Table.from_batches(group, schema=schema), row_group_size=GROUP_ROWS)
    return Path(path).expanduser()


def parquet_writer(file: BinaryIO | Path, schema: pa.Schema) -> ParquetWriter:
    """The writer of every Parquet file."""
    from pyarrow.parquet import ParquetWriter

    return ParquetWriter(file, _with_units(schema), compression="zstd", write_page_checksum=True)


def write_csv(
    path: str | os.PathLike[str],
    schema: pa.Schema,
    batches: Batches,
    *,
    private: bool = False,
    note: Note = None,
    spreadsheet_safe: bool = False,
) -> Path:
    """Write batches to a CSV file (maps as JSON, bytes as base64, durations as "0.5s"). Returns its path.

    `spreadsheet_safe` puts an apostrophe before texts that a spreadsheet would take for formulas. A path that ends with
    .gz, .bz2 or .zst is compressed. Errors: those of `batches`, OSError, ConfigError for another compression.
    """
    from pyarrow.csv import CSVWriter

    codec = codec_of(path)
    texts = pa.schema(
        [(field.name, pa.string() if field.type in _AS_TEXT else field.type) for field in schema]
    )
    with (
        complete_or_absent(path, private=private, note=note) as file,
        _compressed(file, codec) as sink,
        CSVWriter(sink, texts) as writer,
    ):
        for batch in batches:
            columns = [flat(column) for column in batch.columns]
            writer.write_batch(
                pa.RecordBatch.from_arrays(
                    [_safe(column) if spreadsheet_safe else column for column in columns], schema=texts
                )
            )
    return Path(path).expanduser()


def codec_of(path: str | os.PathLike[str]) -> str | None:
    """The compression of a CSV file, by the end of its path. Errors: ConfigError for another compression."""
    suffix = Path(path).suffix.lower()
    if suffix in _NOT_WRITTEN:
        raise ConfigError(
            f"A CSV file cannot be compressed as {suffix} here.",
            hint="end the path with .csv.gz, .csv.bz2 or .csv.zst, or with .csv",
        )
    return _CODECS.get(suffix)


@contextmanager
def _compressed(file: BinaryIO, codec: str | None) -> Iterator[Any]:
    """The file, or a stream that compresses into it."""
    if codec is None:
        yield file
        return
    # A copy of the descriptor, because Arrow closes the file at the end, and the caller still needs it.
    with os.fdopen(os.dup(file.fileno()), "wb") as same, pa.CompressedOutputStream(same, codec) as stream:
        yield stream


def _with_units(schema: pa.Schema) -> pa.Schema:
    """The schema with the units of durations in the file metadata, for readers without Arrow."""
    spans = {f"unit of {field.name}": "microseconds" for field in schema if pa.types.is_duration(field.type)}
    return schema.with_metadata({**(schema.metadata or {}), **spans}) if spans else schema


def _groups(batches: Batches) -> Iterator[list[pa.RecordBatch]]:
    """Groups of batches, each large enough for a row group."""
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


_AS_TEXT: dict[pa.DataType, Callable[[Any], str]] = {
    MAP: lambda entries: json.dumps(dict(entries), ensure_ascii=False),
    pa.binary(): lambda data: base64.b64encode(data).decode(),
    SPAN: lambda span: str(Duration.of(span)),
}


def flat(column: pa.Array) -> pa.Array:
    """A column as plain values for a text file."""
    as_text = _AS_TEXT.get(column.type)
    if as_text is None:
        return column
    return pa.array([None if value is None else as_text(value) for value in column.to_pylist()], pa.string())


def _safe(column: pa.Array) -> pa.Array:
    if column.type != TEXT:
        return column
    return pc.replace_substring_regex(column, f"^({FORMULA.pattern})", r"'\1")
