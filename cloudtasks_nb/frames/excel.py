"""Write Arrow batches to an Excel workbook, with openpyxl (extra "excel")."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

import pyarrow as pa

from ..errors import ConfigError, MissingExtra
from .complete import Note, complete_or_absent
from .files import FORMULA, Batches, flat

ROWS_MOST, CHARACTERS_MOST = 1_048_576, 32_767
_INSTANT = "yyyy-mm-dd hh:mm:ss.000"
_DATES = datetime(1900, 3, 1), datetime(9999, 12, 31, 23, 59, 59)  # before, Excel counts a day that was none
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")  # XML cannot represent them


def write_excel(
    path: str | os.PathLike[str],
    schema: pa.Schema,
    batches: Batches,
    *,
    private: bool = False,
    note: Note = None,
) -> Path:
    """Write batches to a workbook. Returns the path of the file.

    Errors: those of `batches`, MissingExtra, ConfigError for data that a sheet cannot hold, OSError.
    """
    check_openpyxl()
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("tasks" if "task_id" in schema.names else "table")
    sheet.freeze_panes = "A2"

    def cell(value: Any, look: str = "General") -> Any:
        made = WriteOnlyCell(sheet, value)
        made.number_format = look
        if isinstance(value, str):
            made.data_type = "s"  # else Excel takes a text that begins with "=" as a formula
            made.quotePrefix = bool(FORMULA.match(value))
        return made

    with complete_or_absent(path, private=private, note=note) as file:
        try:
            sheet.append([_fitting(name, name) for name in schema.names])
            for row in _rows(schema, batches, cell):
                sheet.append(row)
            sheet.close()
            _save(book, file)
        except BaseException:
            _forget(sheet)
            raise
    return Path(path).expanduser()


def check_openpyxl() -> None:
    """Raise if it is not installed. Errors: MissingExtra."""
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        raise MissingExtra("A workbook", "excel") from None


def _save(book: Any, file: BinaryIO) -> None:
    """As `book.save`, which would leave the archive open after an error, for Python to complain about later."""
    from openpyxl.writer.excel import ExcelWriter

    archive = ZipFile(file, "w", ZIP_DEFLATED)
    try:
        ExcelWriter(book, archive).save()
    except BaseException:
        with suppress(OSError, ValueError):
            archive.close()
        raise


def _forget(sheet: Any) -> None:
    """Delete the temporary file with the rows of a sheet. openpyxl would keep it until Python ends."""
    with suppress(Exception):
        sheet.close()
    if sheet._writer is not None:
        Path(sheet._writer.out).unlink(missing_ok=True)


def _rows(schema: pa.Schema, batches: Batches, cell: Callable[..., Any]) -> Iterator[Sequence[Any]]:
    count = 1
    for batch in batches:
        count += batch.num_rows
        if count > ROWS_MOST:
            raise ConfigError(
                f"An Excel sheet holds at most {ROWS_MOST:,} rows, and this export has more.",
                hint="pass a smaller limit, or use to_parquet()",
            )
        columns = [_cells(field, column, cell) for field, column in zip(schema, batch.columns, strict=True)]
        yield from zip(*columns, strict=True)


def _cells(field: pa.Field, column: pa.Array, cell: Callable[..., Any]) -> list[Any]:
    """A column as cells; None for a missing value."""
    if pa.types.is_timestamp(field.type):
        times = (value and value.astimezone(UTC).replace(tzinfo=None) for value in column.to_pylist())
        first, last = _DATES
        return [
            value and (cell(value, _INSTANT) if first <= value <= last else cell(f"{value}Z"))
            for value in times
        ]
    if pa.types.is_duration(field.type):
        spans = column.to_pylist()
        return [None if span is None else cell(span, "[h]:mm:ss.000") for span in spans]
    values = flat(column).to_pylist()
    return [None if value is None else cell(_fitting(field.name, value)) for value in values]


def _fitting(column: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if len(value) > CHARACTERS_MOST:
        raise ConfigError(
            f"An Excel cell holds at most {CHARACTERS_MOST:,} characters; a value of {column!r} has {len(value):,}.",
            hint=f"leave {column!r} out with columns=[...], or use to_parquet()",
        )
    return _ILLEGAL.sub("\ufffd", value)
