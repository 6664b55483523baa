"""Long-running operations, as batch calls answer them."""

from __future__ import annotations

from typing import Any

from ..discreet import discreet
from ..errors import DecodeError
from .json import Message, from_dict
from .status import Status


class Operation(Message):
    """A call that may go on after its answer."""

    name: str = ""
    """The full name."""
    metadata: dict[str, Any] = {}
    """How far it is, as the service tells it."""
    done: bool = False
    """Whether it is over."""
    error: Status | None = None
    """Why it failed; None while it runs, or when it did not."""
    response: dict[str, Any] | None = None
    """What came of it, as the service sends it; None while it runs, or when it failed."""

    def __post_init__(self) -> None:
        if self.metadata or self.response:
            self.metadata, self.response = discreet([self.metadata, self.response])

    @property
    def id(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]

    @property
    def state(self) -> str:
        """How far it is: RUNNING, SUCCEEDED, PARTIALLY_SUCCEEDED, FAILED or CANCELLED."""
        said = str(self.metadata.get("state") or "").removesuffix("_UNSPECIFIED")
        if said and said != "STATE":
            return said
        return ("FAILED" if self.error is not None else "SUCCEEDED") if self.done else "RUNNING"

    @property
    def failures(self) -> dict[int, Status]:
        """Which of its requests failed, by their place in the order given, and why."""
        failed = self.metadata.get("failedRequests") or {}
        return {int(index): from_dict(status, Status) for index, status in _in_order(failed)}

    def __repr__(self) -> str:
        return f"<Operation {self.name} {self.state}>"


def _in_order(failed: dict[str, Any]) -> list[tuple[str, Any]]:
    """Map entries in the order of their numbers, which JSON writes as text. Errors: DecodeError."""
    if strange := [index for index in failed if not index.isdecimal()]:
        raise DecodeError(f"The operation names a failed request {strange[0]!r}, which is not a number.")
    return sorted(failed.items(), key=lambda entry: int(entry[0]))
