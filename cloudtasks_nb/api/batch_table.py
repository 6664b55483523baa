"""The columns of a BatchResult. Imports pyarrow: load on first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..errors import ApiError
from ..frames import Column, each
from ..frames.arrays import TEXT

if TYPE_CHECKING:
    from .batch import BatchItem

BATCH_COLUMNS: list[Column[Sequence[BatchItem[Any]]]] = [
    Column("index", pa.int64(), lambda items: range(len(items))),
    Column("method", TEXT, each(lambda item: item.method)),
    Column("resource", TEXT, each(lambda item: item.resource or None)),
    Column("ok", pa.bool_(), each(lambda item: item.ok)),
    Column(
        "code",
        pa.int32(),
        each(lambda item: error.rpc_code if isinstance(error := item.error, ApiError) else None),
    ),
    Column("message", TEXT, each(lambda item: getattr(item.error, "message", None))),
    Column("attempts", pa.int32(), each(lambda item: item.attempts)),
]
