"""The options of an export: its columns, the decoding of payloads, and whether secrets are hidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Generic, Literal, TypeVar

import pyarrow as pa

from ..errors import ConfigError
from .columns import Columns

P = TypeVar("P", bound=Sized)

Decode = Literal["json", "text"]
PAYLOAD, TEXT_COLUMN, PREFIX = "payload", "payload_text", "payload."


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
        self.dropped = [PAYLOAD] if decode and names is not None and PAYLOAD not in names else []
        self.columns = every.chosen(None if names is None else [*names, *self.dropped], secrets=secrets)

    def reader(self, pages: Iterable[P]) -> pa.RecordBatchReader:
        """One batch for each page. With decoded JSON, one table: its keys are known only after the last page."""
        return self.decoded(map(self.columns.batch, pages))

    def decoded(self, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
        """The same, from batches of `columns`."""
        if self.decode is None:
            return pa.RecordBatchReader.from_batches(self.columns.schema, batches)
        if self.decode == "json":
            return self._decoded(pa.Table.from_batches(batches, schema=self.columns.schema)).to_reader()
        empty = self._decoded(self.columns.schema.empty_table())
        return pa.RecordBatchReader.from_batches(empty.schema, self._decoded_batches(batches))

    def _decoded_batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from self._decoded(pa.Table.from_batches([batch])).to_batches()

    def _decoded(self, table: pa.Table) -> pa.Table:
        from .decoding import decoded_table

        assert self.decode is not None  # noqa: S101 - for mypy
        return decoded_table(table, self.decode).drop_columns(self.dropped)
