"""The columns of a BulkResult. Imports pyarrow: load on first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from ..errors import ApiError, CloudTasksError, Timeout
from ..frames import Column
from ..frames.arrays import TEXT

if TYPE_CHECKING:
    from .result import Block

_UNAVAILABLE, _DEADLINE_EXCEEDED = 14, 4


def _code(error: CloudTasksError) -> int:
    """The google.rpc code of any error; without a response, the code that gRPC clients use."""
    if isinstance(error, ApiError):
        return error.rpc_code
    return _DEADLINE_EXCEEDED if isinstance(error, Timeout) else _UNAVAILABLE


def _of_errors(value: Callable[[CloudTasksError], Any]) -> Callable[[Block], list[Any]]:
    """One value for each failed item, None for the others."""

    def values(block: Block) -> list[Any]:
        errors = {at: item.error for at, item in block.failed.items()}
        return [value(error) if (error := errors.get(at)) is not None else None for at in range(len(block))]

    return values


RESULT_COLUMNS: list[Column[Block]] = [
    Column("index", pa.int64(), lambda block: range(block.start, block.start + len(block))),
    Column("name", TEXT, lambda block: [name or None for name in block.names]),
    Column("ok", pa.bool_(), lambda block: [at not in block.failed for at in range(len(block))]),
    Column("code", pa.int32(), _of_errors(_code)),
    Column("message", TEXT, _of_errors(lambda error: error.message)),
    Column("attempts", pa.int32(), lambda block: list(block.attempts)),
]
