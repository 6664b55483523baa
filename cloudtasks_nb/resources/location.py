"""Location: the fields of the API, plus its queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from ..errors import CloudTasksError, ConfigError
from ..model import location as model
from ..model.json import Message, decode
from ..model.location import CmekConfig
from ..model.queue import Kind
from ..names import LocationName, QueueName, check_queue_id, parse_location, parse_queue
from ..paging.listing import Listing
from ..paging.pager import Pager
from ..rest.pages import PagedCall
from ..rest.session import Session
from ..shown import Shown
from .bound import Bound, bind_all
from .new_queue import CreatesQueues
from .queue import Queue, queue_handle
from .queue_pager import QueuePager, list_queues

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Card, Table

_LOCATIONS = "projects.locations"


class Location(model.Location, Bound, CreatesQueues, dict=True, gc=True):
    """A region, with access to its queues. Source: REST projects.locations.

    Example:
        >>> client.location("us-central1").queues()
    """

    __reduce__ = Bound._pickled

    def queues(
        self,
        filter: str | None = None,
        page_size: int | None = None,
        stats: bool = False,
    ) -> QueuePager:
        """The queues of the location, page by page. Errors: PermissionDenied, InvalidArgument (an invalid filter).

        Source: REST queues.list.

        Example:
            >>> location.queues().first(2)
        """
        return list_queues(self._session, [self._parsed], filter=filter, page_size=page_size, stats=stats)

    def queue(
        self, queue_id: str | Queue, stats: bool = False, *, read: bool = True, kind: Kind | None = None
    ) -> Queue:
        """Read a queue by id; `read` and `kind` are as in client.queue(). Errors: NotFound, InvalidArgument.

        Source: REST queues.get.

        Example:
            >>> location.queue("emails").id
            'emails'
        """
        name = parse_queue(queue_id, self._parsed.project, self._parsed.location)
        return queue_handle(self._session, name, stats=stats, read=read, kind=kind)

    def cmek(self) -> CmekConfig:
        """Read the key that encrypts its tasks; empty means Google's own key. Errors: PermissionDenied, NotFound.

        Source: REST getCmekConfig.

        Example:
            >>> location.cmek()
        """
        path = {"name": f"{self.name}/cmekConfig"}
        return self._session.call(f"{_LOCATIONS}.getCmekConfig", CmekConfig, path=path)

    def update_cmek(self, kms_key: str) -> CmekConfig:
        """Encrypt its tasks with this Cloud KMS key from now on; "" means Google's own key.

        Errors: InvalidArgument, PermissionDenied, FailedPrecondition.
        Source: REST updateCmekConfig.

        Example:
            >>> location.update_cmek(
            ...     "projects/p/locations/us-central1/keyRings/ring/cryptoKeys/key")
        """
        name = f"{self.name}/cmekConfig"
        return self._session.call(
            f"{_LOCATIONS}.updateCmekConfig",
            CmekConfig,
            path={"name": name},
            query={"updateMask": "kmsKey"},
            body=CmekConfig(name=name, kms_key=kms_key),
        )

    def _new_queue(self, name: str) -> tuple[Session, QueueName]:
        return self._session, QueueName(self._parsed.project, self._parsed.location, check_queue_id(name))

    @property
    def _parsed(self) -> LocationName:
        return parse_location(self.name)


class LocationPage(Message):
    """A page of locations, with verbs."""

    locations: list[Location] = []


class _LocationListing(Listing[Location]):
    noun = "location"

    def items(self, raw: bytes) -> list[Location]:
        return bind_all(decode(raw, LocationPage).locations, self.session)

    def columns(self) -> Columns[Sequence[model.Location]]:
        from ..frames import LOCATIONS

        return LOCATIONS

    def table(self, items: list[Location], footer: str | None = None) -> Table:
        from ..render import location_table

        return location_table(items, caption=self.caption, footer=footer)


def read_location(session: Session, name: LocationName) -> Location:
    """Read one location. Errors: NotFound, InvalidArgument."""
    return session.call(f"{_LOCATIONS}.get", Location, path={"name": str(name)}).bind(session)


def list_locations(session: Session, project: str, *, page_size: int | None = None) -> Pager[Location]:
    """The locations of a project, page by page."""
    method, parent, caption = f"{_LOCATIONS}.list", f"projects/{project}", f"locations of {project}"
    fetch = PagedCall(session, method, {"name": parent}, {"pageSize": page_size})
    return Pager(fetch, _LocationListing(session, caption), fetch.tokens(caption))


class DefaultLocation(str):
    """The id of the default location, or "". As a call, with an id, it reads that Location."""

    # Holds no reference to the client: without that cycle, an unused client is closed at once.
    __slots__ = ("_project", "_session")
    _session: Session
    _project: str

    def __new__(cls, text: str, session: Session, project: str) -> Self:
        location = super().__new__(cls, text)
        location._session, location._project = session, project
        return location

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # a copy or pickle is only the id

    def __call__(self, location: str | Location | None = None) -> Location:
        """Read a location by id or full name; defaults to the default location. Errors: NotFound, ConfigError."""
        if location in (None, ""):
            location = str(self)
        if not location and isinstance(location, str):
            raise ConfigError("This client has no default location.", hint='client.location("us-central1")')
        return read_location(self._session, parse_location(location, self._project))


class Uploaded(Shown):
    """The result of a queue.yaml upload: the project, and its queues after the upload, if known.

    `location` is that of the project's App Engine. Only an emulator tells it. On the real service it is empty, and
    `queues` is None.

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


def _queues(session: Session, project: str, location: str) -> QueuePager | None:
    """The queues of a location; None if they cannot be listed, because the upload succeeded anyway."""
    places = [LocationName(project, location)]
    try:
        return list_queues(session, places, filter=None, page_size=None, stats=False)
    except CloudTasksError:
        return None
