"""The options of an export: its columns, the decoding of payloads, and whether secrets are hidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from itertools import chain
from typing import Any, Generic, Literal, TypeVar

import pyarrow as pa

from ..errors import ConfigError
from .columns import Columns

P = TypeVar("P", bound=Sized)

Decode = Literal["json", "text"]
PAYLOAD, TEXT_COLUMN, PREFIX = "payload", "payload_text", "payload."


def may_add(decode: Decode | None, column: str) -> bool:
    """Whether decoding may add this column. With "json", the keys of the payloads decide."""
    return column == TEXT_COLUMN if decode == "text" else decode == "json" and column.startswith(PREFIX)


class Export(Generic[P]):
    """The options of an export. `columns` are read; those in `dropped` are only decoded and then left out.

    Errors: ConfigError for a column that does not exist, or an unknown `decode`.
    """

    def __init__(
        self, every: Columns[P], names: Sequence[str] | None, decode: Decode | None, *, secrets: bool
    ) -> None:
        if decode not in (None, "json", "text"):
            raise ConfigError(f"decode={decode!r} is unknown.", hint='use decode="json" or decode="text"')
        self.decode = decode
        self.secrets = secrets
        names = None if names is None else [*names]
        self.dropped = [PAYLOAD] if decode and names is not None and PAYLOAD not in names else []
        self.columns = every.chosen(None if names is None else [*names, *self.dropped], secrets=secrets)

    def reader(
        self,
        pages: Iterable[P],
        converted: Callable[[Callable[[P], Any], Iterable[P]], Iterable[Any]] = map,
    ) -> pa.RecordBatchReader:
        """One batch for each page. With decoded JSON, one table: its keys are known only after the last page.

        `converted` applies a conversion to each page, as `map` does.
        """
        if self.decode == "text":
            return self._texts(converted(lambda page: self._with_texts(self.columns.batch(page)), pages))
        return self.decoded(converted(self.columns.batch, pages))

    def decoded(self, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
        """The same, from batches of `columns`."""
        if self.decode is None:
            return pa.RecordBatchReader.from_batches(self.columns.schema, batches)
        if self.decode == "json":
            return self._decoded(pa.Table.from_batches(batches, schema=self.columns.schema)).to_reader()
        return self._texts(map(self._with_texts, batches))

    def _texts(self, pages: Iterable[list[pa.RecordBatch]]) -> pa.RecordBatchReader:
        schema = self._decoded(self.columns.schema.empty_table()).schema
        return pa.RecordBatchReader.from_batches(schema, chain.from_iterable(pages))

    def _with_texts(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        texts: list[pa.RecordBatch] = self._decoded(pa.Table.from_batches([batch])).to_batches()
        return texts

    def _decoded(self, table: pa.Table) -> pa.Table:
        from .decoding import decoded_table

        assert self.decode is not None  # noqa: S101 - for mypy
        return decoded_table(table, self.decode).drop_columns(self.dropped)
