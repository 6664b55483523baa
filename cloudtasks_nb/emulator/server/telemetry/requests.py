"""Reads the parameters of calls to Monitoring and Logging strictly: known names, one value each. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from ....errors import InvalidArgument
from ..calls.queries import SYSTEM
from ..calls.request import Pairs

_IGNORED = SYSTEM | {f"${name}" for name in SYSTEM}


def parameters(query: Pairs, known: Iterable[str], repeated: Iterable[str] = ()) -> dict[str, list[str]]:
    """The values of the parameters by name. Errors: InvalidArgument for an unknown or repeated one."""
    held: dict[str, list[str]] = {}
    names = (*known, *repeated)
    for name, value in query:
        if name in _IGNORED:
            continue
        if name not in names:
            raise InvalidArgument(
                f"'{name[:60]}' is not supported here. The emulator supports: {', '.join(names)}."
            )
        held.setdefault(name, []).append(value)
        if len(held[name]) > 1 and name not in repeated:
            raise InvalidArgument(f"'{name}' was given more than once.")
    return held


def number(name: str, text: str, largest: int) -> int:
    """A page size: 0 and values above the maximum mean the maximum. Errors: InvalidArgument."""
    if not text:
        return largest
    if not (text.isascii() and text.isdecimal()):
        raise InvalidArgument(f"{name} must be a number, 0 or more, not '{text[:40]}'.")
    return min(int(text), largest) or largest


def instant(name: str, text: str) -> datetime:
    """Errors: InvalidArgument."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidArgument(f"{name} must be a time such as \"2026-03-01T12:00:00Z\", not '{text[:60]}'.")
    return moment.astimezone(UTC)
