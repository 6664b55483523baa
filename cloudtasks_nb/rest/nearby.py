"""Suggests existing names for a queue or location that does not exist: one short listing, silent if it fails."""

from __future__ import annotations

import re
import time
from difflib import get_close_matches
from typing import TYPE_CHECKING

import msgspec

from ..errors import ApiError, CloudTasksError
from ..model.json import decode

if TYPE_CHECKING:
    from .session import Session

LOOK_S = 3.0
_FRESH_S = 5.0  # long enough for a loop over a missing queue, and short enough to see new queues soon
_SHOWN = 5
_MOST = 1000
_QUEUE = re.compile(r"(projects/[^/]+/locations/[^/]+)/queues/([^/:]+)")
_LOCATION = re.compile(r"(projects/[^/]+)/locations/([^/:]+)")


class _Named(msgspec.Struct):
    name: str = ""


class _Page(msgspec.Struct):
    queues: list[_Named] = []
    locations: list[_Named] = []


class Nearby:
    """The names of existing queues and locations, cached for a short time."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, list[str] | None]] = {}

    def forget(self) -> None:
        """Clear the cache: the names have changed."""
        self._seen.clear()

    def explain(self, session: Session, error: ApiError) -> None:
        """Add the closest existing name to the hint, if the error is about a name that does not exist."""
        resource = error.resource or ""
        no_queue = "Queue does not exist" in error.message
        match = (_QUEUE.match if no_queue else _QUEUE.fullmatch)(resource)
        if match and (no_queue or error.status == "NOT_FOUND"):
            return self._add(session, error, "queues", match[1], match[2])
        no_location = "is not a valid location" in error.message
        match = (_LOCATION.match if no_location else _LOCATION.fullmatch)(resource)
        if match and (no_location or error.status == "NOT_FOUND"):
            self._add(session, error, "locations", match[1], match[2])
        return None

    def _add(self, session: Session, error: ApiError, what: str, parent: str, missed: str) -> None:
        names = self._names(session, what, parent)
        if names is None or missed in names:
            return
        place = parent.rpartition("/")[2]
        if not names:
            error.hint = _before(f"there are no {what} in {place};", error.hint)
            return
        lower = {name.lower(): name for name in names}
        close = [lower[name] for name in get_close_matches(missed.lower(), lower, 3, 0.6)]
        if close:
            meant = " or ".join(f'"{name}"' for name in close)
            error.hint = _before(f"did you mean {meant}?", error.hint)
        elif what == "queues" and len(names) <= _SHOWN:
            error.hint = _before(f"the queues in {place} are {', '.join(names)};", error.hint)

    def _names(self, session: Session, what: str, parent: str) -> list[str] | None:
        """The ids in `parent`, by one list call; None if it failed. Failures are cached, too."""
        key = f"{parent}/{what}"
        at, names = self._seen.get(key, (0.0, None))
        if time.monotonic() - at < _FRESH_S and at:
            return names
        try:
            names = _listed(session, what, parent)
        except CloudTasksError:
            names = None
        self._seen[key] = (time.monotonic(), names)
        return names


def _before(words: str, hint: str | None) -> str:
    return f"{words} {hint}" if hint else words.removesuffix(";")


def _listed(session: Session, what: str, parent: str) -> list[str]:
    queues = what == "queues"
    call = session.speaking.call(
        "projects.locations.queues.list" if queues else "projects.locations.list",
        path={"parent" if queues else "name": parent},
        query={"pageSize": _MOST, "fields": f"{what}/name"},
    )
    page = decode(session.look(call, LOOK_S), _Page)
    return sorted(one.name.rpartition("/")[2] for one in (page.queues if queues else page.locations))
