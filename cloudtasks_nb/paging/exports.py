"""What holds items in columns, handed out: as a DataFrame, as Arrow, as a file."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from operator import index
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from ..frames import Columns, Decode, Dtypes, Export


class Exports(ABC):
    """Its exports have the same columns, options and values.

    - `columns`: names of columns, in this order. Defaults to all of them.
    - `decode`: "text" adds `payload_text`, "json" one column `payload.<key>` for every top-level key of JSON payloads,
      which takes the whole table into memory. Gzip and base64 are unpacked.
    - `secrets`: True keeps the secrets in headers, URLs and messages, which are `•••` otherwise.
    - `progress`: shows a bar. Defaults to when there are several pages.
    """

    @abstractmethod
    def _own_columns(self) -> Columns[Any]:
        """Every column that there is."""

    @abstractmethod
    def _pages_of(self, columns: Columns[Any], limit: int | None, progress: bool | None) -> Iterator[Any]:
        """Pages as a table reads them."""

    _has_payloads = True

    def _beginning(self, limit: int | None) -> AbstractContextManager[None]:
        """Within a with block, pages are on their way: importing pandas takes as long as fetching many of them."""
        return nullcontext()

    def to_dataframe(
        self,
        limit: int | None = None,
        progress: bool | None = None,
        decode: Decode | None = None,
        dtype_backend: Dtypes = "numpy_nullable",
        categories: Sequence[str] = (),
        *,
        columns: Sequence[str] | None = None,
        secrets: bool = False,
    ) -> pd.DataFrame:
        """All items (or the first `limit`) as a DataFrame.

        Shapes: one row per item, the columns of its kind whatever the page held (or `columns` of them), instants as
        datetime64[us, UTC], nullable dtypes (or Arrow's, with dtype_backend="pyarrow"). `categories` names columns
        that become categorical, such as ["kind"]. `decode="text"` adds `payload_text`, `decode="json"` one column
        `payload.<key>` per top-level key. Secrets in headers, URLs and messages are `•••` unless `secrets=True`.
        `progress` shows a bar; by default when there are several pages.
        Errors: any ApiError when a page fails; ConfigError when `decode` is asked for without payloads.

        Example:
            >>> frame = queue.tasks(view="FULL").to_dataframe(decode="json")
            >>> frame["payload.n"].tolist()
            [0, 1, 2, 3, 4]
        """
        with self._beginning(limit):
            from ..frames import to_pandas

            export = self._export(columns, decode, secrets=secrets)
            pages = self._limited(export, limit, progress)
            frame = to_pandas(export.columns, pages, decode, dtype_backend, categories)
            return frame.drop(columns=export.dropped)

    def to_arrow(
        self,
        limit: int | None = None,
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
    ) -> pa.Table:
        """All items (or the first `limit`) as an Arrow table; the same columns as `to_dataframe`, and its options.

        Errors: any ApiError when a page fails.

        Example:
            >>> queue.tasks().to_arrow(columns=["task_id", "tag"]).num_rows
            5
        """
        with self._beginning(limit):
            return self._reader(limit, progress, self._export(columns, decode, secrets=secrets)).read_all()

    def to_arrow_batches(
        self,
        limit: int | None = None,
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
    ) -> pa.RecordBatchReader:
        """All items as a pyarrow.RecordBatchReader: a batch per page, each fetched when it is read, read once.

        Shapes: the columns of `to_arrow`, in every batch.
        Errors: any ApiError when the page that is read fails.

        Example:
            >>> import duckdb
            >>> duckdb.from_arrow(queue.tasks().to_arrow_batches()).aggregate("last_code, count(*)")
        """
        return self._reader(limit, progress, self._export(columns, decode, secrets=secrets))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """How Polars, DuckDB, pyarrow and others take a listing as it is: `polars.DataFrame(queue.tasks())`."""
        return self.to_arrow_batches().__arrow_c_stream__(requested_schema)

    def to_parquet(
        self,
        path: str | os.PathLike[str],
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
    ) -> Path:
        """Stream all items into a Parquet file; it appears when complete. Returns its path.

        Errors: any ApiError when a page fails, and then no file is left behind.
        Shapes: the columns and options of `to_dataframe`, with Arrow types.

        Example:
            >>> queue.tasks(view="FULL").to_parquet("tasks.parquet")
        """
        with self._beginning(None):
            from ..frames import write_parquet

            reader = self._reader(None, progress, self._export(columns, decode, secrets=secrets))
            return write_parquet(path, reader.schema, reader, private=secrets)

    def to_csv(
        self,
        path: str | os.PathLike[str],
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
        spreadsheet_safe: bool = False,
    ) -> Path:
        """Stream all items into a CSV file; it appears when complete. Returns its path.

        `spreadsheet_safe=True` puts an apostrophe before texts that a spreadsheet would take for a formula. Such a
        file is for looking at: create_tasks() wants one without.

        Errors: any ApiError when a page fails, and then no file is left behind.
        Shapes: the columns and options of `to_dataframe`: headers as JSON, payloads as base64, instants as text,
        durations in seconds.

        Example:
            >>> queue.tasks().to_csv("tasks.csv")
        """
        with self._beginning(None):
            from ..frames import write_csv

            reader = self._reader(None, progress, self._export(columns, decode, secrets=secrets))
            return write_csv(path, reader.schema, reader, private=secrets, spreadsheet_safe=spreadsheet_safe)

    def to_excel(
        self,
        path: str | os.PathLike[str],
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
    ) -> Path:
        """Write all items into a workbook of Excel; it appears when complete. Returns its path.

        Errors: any ApiError when a page fails; MissingExtra without openpyxl; ConfigError for more rows, or longer
        texts, than a sheet can hold.
        Shapes: the columns and options of `to_dataframe`: instants in UTC, durations in days as Excel counts them,
        headers as JSON, payloads as base64. No text is a formula.

        Example:
            >>> queue.tasks().to_excel("tasks.xlsx")
        """
        with self._beginning(None):
            from ..frames import write_excel

            reader = self._reader(None, progress, self._export(columns, decode, secrets=secrets))
            return write_excel(path, reader.schema, reader, private=secrets)

    def _export(self, columns: Sequence[str] | None, decode: Decode | None, *, secrets: bool) -> Export[Any]:
        from ..frames import Export

        if decode is not None and not self._has_payloads:
            raise ConfigError(
                f"decode={decode!r} needs payloads.", hint='list them with queue.tasks(view="FULL")'
            )
        return Export(self._own_columns(), columns, decode, secrets=secrets)

    def _limited(self, export: Export[Any], limit: int | None, progress: bool | None) -> Iterator[Any]:
        check_count("limit", limit)
        return self._pages_of(export.columns, limit, progress)

    def _reader(self, limit: int | None, progress: bool | None, export: Export[Any]) -> pa.RecordBatchReader:
        return export.reader(self._limited(export, limit, progress))


def check_count(what: str, count: int | None) -> None:
    """Refuse what is not a number of items. Errors: ConfigError."""
    try:
        usable = count is None or index(count) >= 0
    except TypeError:
        usable = False
    if not usable:
        raise ConfigError(
            f"{what}={count!r} is not a number of items.", hint=f"pass {what}=20, or leave it out"
        )
