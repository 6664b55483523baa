"""Lists the queues of all locations as one listing. The API lists only one location at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Any

from msgspec import Raw, Struct

from ..errors import ApiError, AuthError, CloudTasksError, TransportError
from ..model.json import encode, in_version
from ..model.marks import OWN, Version
from ..names import LocationName
from ..rest.pages import PagedCall
from ..rest.side_by_side import side_by_side

_PARALLEL = 8


class _Whole(Struct):
    """All queues of a location, in the JSON of an API version. All locations use the same version."""

    queues: list[Raw]
    version: Version


class _Page(Struct, rename="camel"):
    queues: list[Raw] = []
    next_page_token: str = ""


def fetch_everywhere(
    calls: Mapping[LocationName, PagedCall], listed: Callable[[bytes], Sequence[Any]]
) -> bytes:
    """Read all queues of all locations as one page.

    Errors: the error of the first location that cannot be listed, because a listing without it would look complete. Its
    `result` has the queues of the other locations, converted by `listed`; its `not_listed` has all failed locations.
    """
    found, failed = _ask(calls)
    queues = [queue for page in found.values() for queue in page.queues]
    page = in_version(encode({"queues": queues}), next((page.version for page in found.values()), OWN))
    if not failed:
        return page
    error = next(iter(failed.values()))
    error.result = listed(page)
    error.not_listed = {place.location: reason_of(other) for place, other in failed.items()}
    said = _said(failed, len(found), len(calls), len(error.result))
    error.hint = f"{error.hint}; {said}" if error.hint else said
    raise error


def _ask(
    calls: Mapping[LocationName, PagedCall],
) -> tuple[dict[LocationName, _Whole], dict[LocationName, CloudTasksError]]:
    """List all locations concurrently: the pages, and the errors of those that failed."""

    futile = Event()  # the other locations would fail, too

    def ask(place: LocationName) -> _Whole | CloudTasksError | None:
        if futile.is_set():
            return None
        fetch = calls[place]
        try:
            pages = fetch.pages(_Page, f"queues of {place.location}")
            return _Whole([queue for page in pages for queue in page.queues], fetch.version or OWN)
        except CloudTasksError as error:
            if isinstance(error, AuthError | TransportError):
                futile.set()
            return error

    found: dict[LocationName, _Whole] = {}
    failed: dict[LocationName, CloudTasksError] = {}
    for place, said in zip(calls, side_by_side(ask, calls, _PARALLEL), strict=True):
        if isinstance(said, _Whole):
            found[place] = said
        elif said is not None:
            failed[place] = said
    return found, failed


def reason_of(error: CloudTasksError) -> str:
    """Why something could not be listed, in one line."""
    kind = f"{error.code} {error.status}" if isinstance(error, ApiError) else type(error).__name__
    return " ".join(f"{kind}: {error.message}".split())


def _said(failed: dict[LocationName, CloudTasksError], found: int, places: int, queues: int) -> str:
    """A message with the number of failed locations, and how to get the queues of the others."""
    from ..render.values import counted

    if len(failed) == places:
        return f"none of the {places} locations could be listed"
    what = next(iter(failed)).location if len(failed) == 1 else counted(len(failed), "location")
    said = [f"{what} could not be listed"]
    if untried := places - found - len(failed):
        said.append(f"not tried: {untried} of {places} locations")
    if found:
        others = "location" if found == 1 else f"{found} locations"
        held = f"{counted(queues, 'queue')} of the other {others}"
        said.append(f"the error's .result has {held} (in a notebook: sys.last_value.result)")
    return "; ".join(said)
