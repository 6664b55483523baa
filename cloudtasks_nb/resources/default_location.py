"""client.location: an id that is text, and that reads a Location when it is called."""

from __future__ import annotations

from typing import Self

from ..errors import ConfigError
from ..names import parse_location
from ..rest.session import Session
from .location import Location, read_location


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
