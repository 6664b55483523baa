"""Names in an error everything that could not be listed, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from ..errors import ApiError, CloudTasksError

_NAMED = 10
_REASONS = 5
_LONGEST = 160

_RESOURCE = re.compile(r"projects/[^\s\"'(),;]+")


class Reason(Struct, frozen=True):
    """Why one of them failed: the kind of error, and its message."""

    kind: str
    message: str

    @classmethod
    def of(cls, error: CloudTasksError) -> Reason:
        kind = f"{error.code} {error.status}" if isinstance(error, ApiError) else type(error).__name__
        return cls(kind, " ".join(error.message.split()).rstrip("."))

    @property
    def shared(self) -> str:
        """Equal for reasons that differ only in the name of the resource."""
        return f"{self.kind}: {_RESOURCE.sub('', self.message)}"

    def __str__(self) -> str:
        cut = "…" * (len(self.message) > _LONGEST)
        return f"{self.kind}: {self.message[:_LONGEST]}{cut}"


def not_listed(failed: Mapping[str, Reason | None]) -> str:
    """Sentences with the names of all that failed, by reason. None is an unknown reason.

    The first one is that of the raised error, whose message has its reason.

    >>> denied = Reason("403 PERMISSION_DENIED", "You may not")
    >>> not_listed({"a": denied, "b": denied, "c": Reason("DecodeError", "It is not JSON")})
    'a, b could not be listed; c could not be listed (DecodeError: It is not JSON)'
    """
    groups: dict[str, list[str]] = {}
    told: dict[str, str] = {}
    for name, reason in failed.items():
        shared = reason.shared if reason else ""
        groups.setdefault(shared, []).append(name)
        told.setdefault(shared, f" ({reason})" if reason and told else "")
    shown = list(groups)[:_REASONS]
    said = [f"{_names(groups[shared])} could not be listed{told[shared]}" for shared in shown]
    others = [name for shared in list(groups)[_REASONS:] for name in groups[shared]]
    return "; ".join([*said, f"{_names(others)} could not be listed for other reasons"] if others else said)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"
