"""Exports of items in columns: as a DataFrame, an Arrow table or a file."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from operator import index
from typing import TYPE_CHECKING, Any

from ..arguments import Checked
from ..errors import ConfigError
from ..frames.resting import importing
from ..user_paths import names_folder
from .cut_short import UntilCut

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

    from ..frames import Columns, Decode, Dtypes, Export
    from ..frames.complete import Note


class Exports(Checked, ABC):
    """The exports. All have the same columns, options and values.

    - `columns`: names of columns, in this order. Defaults to all of them.
    - `decode`: "text" adds `payload_text`, "json" one column `payload.<key>` for every top-level key of JSON payloads,
      which takes the whole table into memory. Gzip and base64 are unpacked.
    - `secrets`: True keeps the secrets in headers, URLs and messages. By default they become `•••`.
    - `progress`: shows a bar. By default only for several pages.
    - `resume`: for files: saves every page in `PATH.partial` when it arrives. If the export fails, the same line
      continues from there, for two hours (the lifetime of page tokens). This needs twice the disk space.
    """

    @abstractmethod
    def _own_columns(self) -> Columns[Any]:
        """All columns."""

    @abstractmethod
    def _pages_of(self, columns: Columns[Any], limit: int | None, progress: bool | None) -> Iterator[Any]:
        """The pages in columns."""

    _has_payloads = True
    _rest = ""  # the line of code that lists the rest of a failed export

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

        Shapes: one row per item, always all columns of its kind (or only `columns`), instants as
        datetime64[us, UTC], nullable dtypes (or Arrow's, with dtype_backend="pyarrow"). `categories` names columns
        that become categorical, such as ["kind"]. `decode="text"` adds `payload_text`, `decode="json"` one column
        `payload.<key>` per top-level key. `categories` may name these, too; those with lists or dicts stay. Secrets
        in headers, URLs and messages are `•••` unless `secrets=True`. `progress` shows a bar; by default only for
        several pages.
        Errors: any ApiError if a page fails: the error's `.result` is then the frame of the earlier pages, and its
        `.page_token` continues the listing. ConfigError for `decode` without payloads.

        Example:
            >>> frame = queue.tasks(view="FULL").to_dataframe(decode="json")
            >>> frame["payload.n"].tolist()
            [0, 1, 2, 3, 4]
        """
        export = self._export(columns, decode, secrets=secrets, begins=limit is None)
        with importing("pandas"):
            from ..frames import to_pandas

        pages = self._limited(export, limit, progress)
        with UntilCut(self._rest) as cut:
            frame = to_pandas(export.columns, pages, decode, dtype_backend, categories, converted=cut.map)
            return cut.whole(frame.drop(columns=export.dropped))

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

        Errors: any ApiError if a page fails, with `.result` and `.page_token` as in to_dataframe().

        Example:
            >>> queue.tasks().to_arrow(columns=["task_id", "tag"]).num_rows
            5
        """
        export = self._export(columns, decode, secrets=secrets, begins=limit is None)
        pages = self._limited(export, limit, progress)
        with UntilCut(self._rest) as cut:
            return cut.whole(export.reader(pages, converted=cut.map).read_all())

    def to_arrow_batches(
        self,
        limit: int | None = None,
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
    ) -> pa.RecordBatchReader:
        """All items as a pyarrow.RecordBatchReader: one batch per page, fetched when it is read. It can be read once.

        Shapes: the columns of `to_arrow`, in every batch.
        Errors: any ApiError if a page fails, when it is read.

        Example:
            >>> import duckdb
            >>> duckdb.from_arrow(queue.tasks().to_arrow_batches()).aggregate("last_code, count(*)")
        """
        return self._reader(limit, progress, self._export(columns, decode, secrets=secrets))

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Lets Polars, DuckDB, pyarrow and others read a listing directly: `polars.DataFrame(queue.tasks())`."""
        return self.to_arrow_batches().__arrow_c_stream__(requested_schema)

    def to_parquet(
        self,
        path: str | os.PathLike[str],
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
        partition_by: str | Sequence[str] | None = None,
        resume: bool = False,
    ) -> Path:
        """Stream all items to a Parquet file, or to a folder of them. It appears only once complete. Returns its path.

        A path that ends with a slash, such as "tasks/", is a new folder, for Dask, Polars, DuckDB and Spark to read in
        parts. `partition_by` makes a folder in it for each value of these columns, such as
        `location=us-central1/queue=emails/`. Readers take these columns from the names of the folders. The folder must
        be empty.

        Errors: any ApiError if a page fails, and then no file remains; FileExistsError for a folder that is
        not empty; ConfigError for a column that cannot name folders.
        Shapes: the columns and options of `to_dataframe`, with Arrow types.

        Example:
            >>> queue.tasks(view="FULL").to_parquet("tasks.parquet")
            >>> client.queues("-").tasks().to_parquet("all/", partition_by=["location", "queue"])
        """
        from ..frames import file_target, folder_target

        folders = [partition_by] if isinstance(partition_by, str) else list(partition_by or ())
        is_file = not folders and not names_folder(path)
        # Checked before the first page, because decode="json" reads all pages before it writes.
        (file_target if is_file else folder_target)(path)
        export = self._export(columns, decode, secrets=secrets, begins=not resume)
        from ..frames import check_partitions, may_add, write_dataset, write_parquet

        check_partitions(export.columns.schema, [name for name in folders if not may_add(decode, name)])
        with self._reader_for(path, progress, export, resume=resume) as (reader, note):
            if is_file:
                return write_parquet(path, reader.schema, reader, private=secrets, note=note)
            return write_dataset(path, reader.schema, reader, folders, private=secrets, note=note)

    def to_csv(
        self,
        path: str | os.PathLike[str],
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
        spreadsheet_safe: bool = False,
        resume: bool = False,
    ) -> Path:
        """Stream all items to a CSV file, which appears only once it is complete. Returns its path.

        A path that ends with .gz, .bz2 or .zst, such as "tasks.csv.gz", is compressed.

        `spreadsheet_safe=True` puts an apostrophe before texts that a spreadsheet would read as a formula. Use such a
        file for reading only: create_tasks() needs a file without apostrophes.

        Errors: any ApiError if a page fails, and then no file remains; ConfigError for another compression, as .zip.
        Shapes: the columns and options of `to_dataframe`: headers as JSON, payloads as base64, instants as text,
        durations in seconds.

        Example:
            >>> queue.tasks().to_csv("tasks.csv")
        """
        from ..frames import file_target

        file_target(path)
        export = self._export(columns, decode, secrets=secrets, begins=not resume)
        from ..frames import codec_of, write_csv

        codec_of(path)
        with self._reader_for(path, progress, export, resume=resume) as (reader, note):
            return write_csv(
                path,
                reader.schema,
                reader,
                private=secrets,
                note=note,
                spreadsheet_safe=spreadsheet_safe,
            )

    def to_excel(
        self,
        path: str | os.PathLike[str],
        progress: bool | None = None,
        *,
        columns: Sequence[str] | None = None,
        decode: Decode | None = None,
        secrets: bool = False,
        resume: bool = False,
    ) -> Path:
        """Write all items to an Excel workbook, which appears only once it is complete. Returns its path.

        Errors: any ApiError if a page fails; MissingExtra without openpyxl; ConfigError for more rows, or longer
        texts, than a sheet can hold.
        Shapes: the columns and options of `to_dataframe`: instants in UTC, durations in days as Excel counts them,
        headers as JSON, payloads as base64. No text is a formula.

        Example:
            >>> queue.tasks().to_excel("tasks.xlsx")
        """
        from ..frames import file_target

        file_target(path)
        export = self._export(columns, decode, secrets=secrets, begins=not resume)
        from ..frames import check_openpyxl, write_excel

        check_openpyxl()
        with self._reader_for(path, progress, export, resume=resume) as (reader, note):
            return write_excel(path, reader.schema, reader, private=secrets, note=note)

    def _export(
        self,
        columns: Sequence[str] | None,
        decode: Decode | None,
        *,
        secrets: bool,
        begins: bool = False,
    ) -> Export[Any]:
        """The options of an export. `begins`: it will read all pages, from the first one on."""
        if decode is not None and not self._has_payloads:
            raise ConfigError(
                f"decode={decode!r} needs payloads.", hint='list them with queue.tasks(view="FULL")'
            )
        with self._beginning_to_fetch() if begins else nullcontext(), importing("pyarrow"):
            from ..frames import Export

            return Export(self._own_columns(), columns, decode, secrets=secrets)

    def _beginning_to_fetch(self) -> AbstractContextManager[None]:
        """Within a with block, which imports Arrow, begin to fetch pages. Only a listing has more pages."""
        return nullcontext()

    def _limited(self, export: Export[Any], limit: int | None, progress: bool | None) -> Iterable[Any]:
        check_count("limit", limit)
        return self._pages_of(export.columns, limit, progress)

    @contextmanager
    def _reader_for(
        self, path: str | os.PathLike[str], progress: bool | None, export: Export[Any], *, resume: bool
    ) -> Iterator[tuple[pa.RecordBatchReader, Note]]:
        """The batches of a file, and a function that records the path of its unfinished file, for `resume`. Only a
        listing saves its pages."""
        yield self._reader(None, progress, export), None

    def _reader(self, limit: int | None, progress: bool | None, export: Export[Any]) -> pa.RecordBatchReader:
        return export.reader(self._limited(export, limit, progress))


def check_count(what: str, count: int | None) -> None:
    """Validate a number of items. Errors: ConfigError."""
    try:
        usable = count is None or index(count) >= 0
    except TypeError:
        usable = False
    if not usable:
        raise ConfigError(f"{what}={count!r} is not a number of items.", hint=f"pass {what}=20, or omit it")
