"""Long-running operations, which batch calls return."""

from __future__ import annotations

from typing import Any

from ..discreet import discreet
from ..errors import DecodeError
from .json import Message, from_dict
from .status import Status


class Operation(Message):
    """A call that may continue after its response."""

    name: str = ""
    """The full name."""
    metadata: dict[str, Any] = {}
    """Progress data from the service."""
    done: bool = False
    """Whether it has ended."""
    error: Status | None = None
    """The error; None while it runs or if it succeeded."""
    response: dict[str, Any] | None = None
    """The result from the service; None while it runs or if it failed."""

    def __post_init__(self) -> None:
        if self.metadata or self.response:
            self.metadata, self.response = discreet([self.metadata, self.response])

    @property
    def id(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]

    @property
    def state(self) -> str:
        """The state: RUNNING, SUCCEEDED, PARTIALLY_SUCCEEDED, FAILED or CANCELLED."""
        said = str(self.metadata.get("state") or "").removesuffix("_UNSPECIFIED")
        if said and said != "STATE":
            return said
        return ("FAILED" if self.error is not None else "SUCCEEDED") if self.done else "RUNNING"

    @property
    def failures(self) -> dict[int, Status]:
        """The errors of failed requests, by their index in the batch."""
        failed = self.metadata.get("failedRequests") or {}
        return {int(index): from_dict(status, Status) for index, status in _in_order(failed)}

    def __repr__(self) -> str:
        return f"<Operation {self.name} {self.state}>"


def _in_order(failed: dict[str, Any]) -> list[tuple[str, Any]]:
    """Map entries in numeric order; JSON has the numbers as text. Errors: DecodeError."""
    if strange := [index for index in failed if not index.isdecimal()]:
        raise DecodeError(f"The operation has the failed request {strange[0]!r}, which is not an index.")
    return sorted(failed.items(), key=lambda entry: int(entry[0]))
