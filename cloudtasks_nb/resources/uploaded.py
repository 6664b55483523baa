"""What an uploaded queue.yaml did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CloudTasksError
from ..names import LocationName
from ..paging.pager import Pager
from ..rest.session import Session
from ..shown import Shown
from .location import list_queues
from .queue import Queue

if TYPE_CHECKING:
    from ..render import Card, Table


class Uploaded(Shown):
    """A queue.yaml that was uploaded: to which project, and what its queues are now, as far as that is known.

    `location` is that of the project's App Engine. The API does not tell it, an emulator does: elsewhere it is empty,
    and `queues` is None.

    Example:
        >>> client.upload_queue_yaml("queue.yaml").queues
    """

    def __init__(self, session: Session, project: str, location: str) -> None:
        self.project = project
        self.location = location
        self.queues = _queues(session, project, location) if location else None

    def _shape_(self) -> Card | Table:
        from ..render import Card, code, muted

        if self.queues is not None:
            return self.queues._shape_()
        where = (
            code(self.location) if self.location else muted("where its App Engine is: the API does not say")
        )
        facts = {"project": code(self.project), "location": where}
        return Card("queue.yaml uploaded", facts=facts, code=[f'client.queues("{self.location or "-"}")'])

    def __repr__(self) -> str:
        return (
            f"<queue.yaml uploaded to {self.project} in {self.location or 'the location of its App Engine'}>"
        )


def _queues(session: Session, project: str, location: str) -> Pager[Queue] | None:
    """The queues there; None where they may not be listed: the upload is done all the same."""
    places = [LocationName(project, location)]
    try:
        return list_queues(session, places, filter=None, page_size=None, stats=False)
    except CloudTasksError:
        return None
