"""Long-running operations, as batch calls answer them."""

from __future__ import annotations

from typing import Any

from .json import Message
from .status import Status


class Operation(Message):
    """A call that may go on after its answer."""

    name: str = ""
    metadata: dict[str, Any] = {}
    done: bool = False
    error: Status | None = None
    response: dict[str, Any] | None = None
