"""Write Arrow batches to a folder of Parquet files. The folder appears only once it is complete."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pyarrow as pa

from ..errors import ConfigError
from .complete import Note, complete_or_absent_folder
from .files import GROUP_BYTES, GROUP_ROWS, Batches, parquet_writer

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetWriter

Key = tuple[Any, ...]

_MISSING = "__HIVE_DEFAULT_PARTITION__"  # as Hive, Arrow, Spark and DuckDB write it
_LONGEST_NAME = 255  # on all usual disks
_MOST_PARTITIONS = 10_000
_MOST_OPEN = 64
_MOST_HELD_BYTES = 4 * GROUP_BYTES
_FILE_GROUPS = 20  # a million rows


def write_dataset(
    path: str | os.PathLike[str],
    schema: pa.Schema,
    batches: Batches,
    partition_by: Sequence[str],
    *,
    private: bool = False,
    note: Note = None,
) -> Path:
    """Write batches to a new folder, with a folder for each value of `partition_by`: `location=…/queue=…`.

    Memory is bounded for any order of rows. Errors: those of `batches`, OSError, ConfigError for columns that cannot
    name folders.
    """
    _check(schema, partition_by)
    with complete_or_absent_folder(path, private=private, note=note) as folder:
        parts = _Parts(folder, schema, partition_by)
        try:
            for batch in batches:
                parts.add(batch)
            parts.flush()
        finally:
            parts.close()
    return Path(path).expanduser()


def _check(schema: pa.Schema, partition_by: Sequence[str]) -> None:
    check_partitions(schema, partition_by)
    if set(partition_by) >= set(schema.names):
        raise ConfigError(
            "partition_by names all columns, so the files would be empty.",
            hint='pass fewer columns, such as partition_by=["location", "queue"]',
        )


def check_partitions(schema: pa.Schema, partition_by: Sequence[str]) -> None:
    """Raise if a column cannot name folders. Errors: ConfigError."""
    usable = [
        field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_integer(field.type)
    ]
    if strangers := [name for name in partition_by if name not in usable]:
        raise ConfigError(
            f"partition_by={list(partition_by)!r}: {strangers[0]!r} is not an exported column of text or integers.",
            hint=f"use {', '.join(usable)}",
        )
    if len(set(partition_by)) < len(partition_by):
        raise ConfigError(
            f"partition_by={list(partition_by)!r} names a column twice.", hint="name each column once"
        )


def _folder_name(column: str, value: Any) -> str:
    """The folder for a value of a column. Errors: ConfigError."""
    if value == _MISSING:
        raise ConfigError(
            f"A row has the {column} {_MISSING!r}, which readers take for a missing value.",
            hint="pass other columns as partition_by",
        )
    name = f"{column}={_MISSING if value is None else quote(str(value), safe='')}"
    if len(name) > _LONGEST_NAME:
        raise ConfigError(
            f"A row has the {column} {value[:40]!r}…, which is too long for the name of a folder.",
            hint='pass columns with short values, such as partition_by=["location", "queue"]',
        )
    return name


class _Parts:
    """The files being written. Rows are kept until they fill a row group of their partition."""

    def __init__(self, folder: Path, schema: pa.Schema, partition_by: Sequence[str]) -> None:
        self._folder = folder
        self._names = list(partition_by)
        self._whole = schema
        self._schema = pa.schema([field for field in schema if field.name not in partition_by])
        self._parts: dict[Key, _Part] = {}
        self._open: dict[Key, None] = {}  # ordered by last use
        self._held_bytes = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows of any partitions."""
        for key, rows in self._split(batch):
            part = self._parts.get(key) or self._new(key)
            held = rows.drop_columns(self._names) if self._names else rows
            part.hold(held)
            self._held_bytes += held.nbytes
            if part.is_full:
                self._write(key)
        while self._held_bytes > _MOST_HELD_BYTES:
            self._write(max(self._parts, key=lambda key: self._parts[key].held_bytes))

    def flush(self) -> None:
        """Write the rows that are kept."""
        for key, part in self._parts.items():
            if part.held_bytes or not part.files:
                self._write(key)
        if not self._parts:  # no folder names a column, so the file has all columns
            empty = _Part(self._folder, self._whole)
            empty.write()
            empty.close()

    def close(self) -> None:
        """Close every file."""
        for key in list(self._open):
            self._close(key)

    def _split(self, batch: pa.RecordBatch) -> Iterator[tuple[Key, pa.RecordBatch]]:
        if not self._names:
            yield (), batch
            return
        places: dict[Key, list[int]] = {}
        for at, key in enumerate(zip(*(batch[name].to_pylist() for name in self._names), strict=True)):
            places.setdefault(key, []).append(at)
        for key, rows in places.items():
            yield key, batch if len(rows) == batch.num_rows else batch.take(pa.array(rows))

    def _new(self, key: Key) -> _Part:
        if len(self._parts) == _MOST_PARTITIONS:
            raise ConfigError(
                f"partition_by={self._names!r} makes more than {_MOST_PARTITIONS:,} folders.",
                hint='pass columns with few values, such as partition_by=["location", "queue"]',
            )
        folder = self._folder.joinpath(*map(_folder_name, self._names, key))
        try:
            folder.mkdir(parents=True, exist_ok=not self._names)
        except FileExistsError:
            raise ConfigError(
                f"Two values of {' and '.join(self._names)} differ only in case, and this disk ignores case.",
                hint="write to another disk, or pass other columns as partition_by",
            ) from None
        part = self._parts[key] = _Part(folder, self._schema)
        return part

    def _write(self, key: Key) -> None:
        self._open.pop(key, None)
        self._open[key] = None
        self._held_bytes -= self._parts[key].held_bytes
        self._parts[key].write()
        if len(self._open) > _MOST_OPEN:
            self._close(next(iter(self._open)))

    def _close(self, key: Key) -> None:
        del self._open[key]
        self._parts[key].close()


class _Part:
    """The files of one partition, one after the other."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self.files = 0
        self.held_bytes = 0
        self._folder = folder
        self._schema = schema
        self._held: list[pa.RecordBatch] = []
        self._rows = 0
        self._groups = 0
        self._writer: ParquetWriter | None = None

    def hold(self, rows: pa.RecordBatch) -> None:
        self._held.append(rows)
        self._rows += rows.num_rows
        self.held_bytes += rows.nbytes

    @property
    def is_full(self) -> bool:
        return self._rows >= GROUP_ROWS or self.held_bytes >= GROUP_BYTES

    def write(self) -> None:
        """Write the kept rows as one row group."""
        if self._writer is None:
            self._writer = parquet_writer(self._folder / f"part-{self.files:05}.parquet", self._schema)
            self.files += 1
        self._writer.write_table(
            pa.Table.from_batches(self._held, schema=self._schema), row_group_size=GROUP_ROWS
        )
        self._held, self._rows, self.held_bytes = [], 0, 0
        self._groups += 1
        if self._groups % _FILE_GROUPS == 0:
            self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
