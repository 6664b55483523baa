"""Lists the queues of several locations, and the locations that did not respond."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from ..errors import CloudTasksError
from ..rest.side_by_side import side_by_side

if TYPE_CHECKING:
    from ..client import Client
    from ..resources.queue import Queue

PARALLEL = 8


class QueueListing(Struct, frozen=True):
    """The queues of the locations asked; `silent` has the locations that did not respond, with the errors."""

    asked: list[str]
    queues: dict[str, Queue]
    silent: dict[str, CloudTasksError]


def listed(client: Client, locations: Sequence[str] | None = None) -> QueueListing:
    """List the queues of these locations, or of all, in parallel. A failing location does not hide the others.

    Errors: those of client.locations(); when no location responds, the error of the first.
    """
    places = [place.id for place in client.locations()] if locations is None else list(locations)

    def ask(place: str) -> list[Queue] | CloudTasksError:
        try:
            return list(client.queues(place, stats=client.offers_stats))
        except CloudTasksError as error:
            return error

    answers = dict(zip(places, side_by_side(ask, places, PARALLEL), strict=True))
    silent = {place: said for place, said in answers.items() if isinstance(said, CloudTasksError)}
    if silent and len(silent) == len(answers):
        raise next(iter(silent.values()))
    queues = {queue.name: queue for said in answers.values() if isinstance(said, list) for queue in said}
    return QueueListing(places, queues, silent)
