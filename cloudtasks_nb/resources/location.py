"""Location: what the API says of it, plus its queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from ..errors import CloudTasksError, ConfigError
from ..model import location as model
from ..model.choosing import EVERY_FIELD
from ..model.json import Message, decode
from ..model.location import CmekConfig
from ..model.queue import Kind
from ..model.queue import Queue as QueueFields
from ..names import LocationName, QueueName, check_queue_id, parse_location, parse_queue
from ..paging.listing import Items, Listing
from ..paging.pager import Pager
from ..rest.pages import PagedCall, PageTokens
from ..rest.session import Session
from ..shown import Shown
from .bound import Bound, bind_all
from .everywhere import fetch_everywhere
from .failing import Lately, lately
from .new_queue import CreatesQueues
from .queue import Queue, queue_handle

if TYPE_CHECKING:
    from ..frames import Columns
    from ..render import Card, Table

_LOCATIONS = "projects.locations"
_LIST = "projects.locations.queues.list"


class Location(model.Location, Bound, CreatesQueues, dict=True, gc=True):
    """A region, and the way to its queues. Source: REST projects.locations.

    Example:
        >>> client.location("us-central1").queues()
    """

    def queues(
        self,
        filter: str | None = None,
        page_size: int | None = None,
        stats: bool = False,
    ) -> Pager[Queue]:
        """Its queues, page by page. Errors: PermissionDenied, InvalidArgument (a bad filter).

        Source: REST queues.list.

        Example:
            >>> location.queues().first(2)
        """
        return list_queues(self._session, [self._parsed], filter=filter, page_size=page_size, stats=stats)

    def queue(
        self, queue_id: str | Queue, stats: bool = False, *, read: bool = True, kind: Kind | None = None
    ) -> Queue:
        """One of its queues, by id; `read` and `kind` are as in client.queue(). Errors: NotFound, InvalidArgument.

        Source: REST queues.get.

        Example:
            >>> location.queue("emails").id
            'emails'
        """
        name = parse_queue(queue_id, self._parsed.project, self._parsed.location)
        return queue_handle(self._session, name, stats=stats, read=read, kind=kind)

    def cmek(self) -> CmekConfig:
        """The key that encrypts its tasks; blank means Google's own. Errors: PermissionDenied, NotFound.

        Source: REST getCmekConfig.

        Example:
            >>> location.cmek()
        """
        path = {"name": f"{self.name}/cmekConfig"}
        return self._session.call(f"{_LOCATIONS}.getCmekConfig", CmekConfig, path=path)

    def update_cmek(self, kms_key: str) -> CmekConfig:
        """Encrypt its tasks with this Cloud KMS key from now on; "" goes back to Google's own.

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


class _QueuePage(Message):
    queues: list[Queue] = []


class _QueueListing(Listing[Queue]):
    noun = "queue"
    lately: Lately | None = None
    """What fails, where that was asked for."""

    def items(self, raw: bytes) -> list[Queue]:
        queues = bind_all(decode(raw, _QueuePage).queues, self.session)
        if self.lately is not None:
            self.lately.note(queues)
        return queues

    def columns(self) -> Columns[Sequence[QueueFields]]:
        from ..frames import QUEUES

        return QUEUES

    def table(self, items: list[Queue], footer: str | None = None) -> Table:
        from ..render import queue_table

        if self.lately is not None:  # the worst first: a card sorts by itself
            items = sorted(items, key=lambda queue: -queue.failing.failed if queue.failing else 1)
            footer = ". ".join(filter(None, (footer, self.lately.words)))
        return queue_table(items, caption=self.caption, footer=footer, now=self.session.now())


def read_location(session: Session, name: LocationName) -> Location:
    """One location. Errors: NotFound, InvalidArgument."""
    return session.call(f"{_LOCATIONS}.get", Location, path={"name": str(name)}).bind(session)


def list_locations(session: Session, project: str, *, page_size: int | None = None) -> Pager[Location]:
    """The locations of a project, page by page."""
    method, parent, caption = f"{_LOCATIONS}.list", f"projects/{project}", f"locations of {project}"
    fetch = PagedCall(session, method, {"name": parent}, {"pageSize": page_size})
    return Pager(fetch, _LocationListing(session, caption), fetch.tokens(caption))


def list_queues(
    session: Session,
    places: list[LocationName],
    *,
    filter: str | None,
    page_size: int | None,
    stats: bool,
    failing: bool = False,
) -> Pager[Queue]:
    """The queues of one location page by page, or those of several as one page. Errors: see fetch_everywhere."""
    query = {"filter": filter, "pageSize": page_size, "readMask": EVERY_FIELD if stats else None}

    calls = {place: PagedCall(session, _LIST, {"parent": str(place)}, query) for place in places}

    def fetch(token: str) -> bytes:
        if len(places) == 1:
            return calls[places[0]](token)
        return fetch_everywhere(calls, lambda page: Items(listing.items(page), listing))

    where = places[0].location if len(places) == 1 else f"{len(places)} locations"
    listing = _QueueListing(session, f"queues of {where}")
    pager = Pager(
        fetch, listing, PageTokens(listing.caption, _LIST, str(places[0]) if len(places) == 1 else where)
    )
    if failing:
        listing.lately = lately(session, places[0].project, pager.first_page.items)
    return pager


class DefaultLocation(str):
    """The default location's id, empty when there is none; called with an id, it reads that Location."""

    # Not the client, which holds this: without that circle a client that is forgotten ends at once.
    __slots__ = ("_project", "_session")
    _session: Session
    _project: str

    def __new__(cls, text: str, session: Session, project: str) -> Self:
        location = super().__new__(cls, text)
        location._session, location._project = session, project
        return location

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # copied or pickled, it is the id and nothing else

    def __call__(self, location: str | Location | None = None) -> Location:
        """One location, by id or full name; the default one without. Errors: NotFound, ConfigError."""
        if not (location or self):
            raise ConfigError("This client has no default location.", hint='client.location("us-central1")')
        return read_location(self._session, parse_location(location or self, self._project))


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
