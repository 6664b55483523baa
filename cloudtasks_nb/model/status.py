"""google.rpc.Status: the result of an attempt, a batch item or an operation."""

from __future__ import annotations

import re
from typing import Any

from ..discreet import discreet
from ..errors import BY_RPC_CODE
from .json import Int32, Message

_HTTP_STATUS = re.compile(r"(?:[A-Z_]+\(\d+\): )?HTTP status code (\d{3})\.?")


class Status(Message):
    """A google.rpc status. `code` is 0 for OK, else a google.rpc code.

    Example:
        >>> Status(code=5, message="gone").code_name
        'NOT_FOUND'
    """

    code: Int32 = 0
    """The google.rpc code; 0 for OK."""
    message: str = ""
    """The message of the service or the target."""
    details: list[dict[str, Any]] = []
    """Details from the service."""

    def __post_init__(self) -> None:
        if self.details:
            self.details = discreet(self.details)

    @property
    def code_name(self) -> str:
        """The code in words: "OK", "UNAVAILABLE", …"""
        if self.code == 0:
            return "OK"
        error = BY_RPC_CODE.get(self.code)
        return error.rpc_status if error else f"CODE_{self.code}"

    @property
    def http_status(self) -> int | None:
        """The HTTP status of the target's response, if the service names it."""
        named = _HTTP_STATUS.fullmatch(self.message.strip())
        return int(named[1]) if named else None
