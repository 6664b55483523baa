"""Locations: the regions that can hold queues."""

from __future__ import annotations

from typing import Annotated, Any

from ..discreet import discreet
from .json import Message
from .marks import OUTPUT_ONLY


class Location(Message):
    """A region. The service sets `labels` and `metadata`."""

    name: str = ""
    """The full name: projects/PROJECT/locations/LOCATION."""
    location_id: str = ""
    """The id, such as us-central1."""
    display_name: str = ""
    """The display name, such as Iowa."""
    labels: dict[str, str] = {}
    """Labels that the service sets."""
    metadata: dict[str, Any] = {}
    """Metadata that the service sets."""

    def __post_init__(self) -> None:
        if self.labels or self.metadata:
            self.labels, self.metadata = discreet([self.labels, self.metadata])

    @property
    def id(self) -> str:
        """The location id, "us-central1"."""
        return self.location_id or self.name.rpartition("/")[2]

    def __repr__(self) -> str:
        return f"<Location {self.name}>"


class CmekConfig(Message):
    """The key that encrypts a location's tasks; empty for Google's default key.

    Example:
        >>> location.cmek().kms_key
        ''
    """

    name: Annotated[str, OUTPUT_ONLY] = ""
    """The full name: projects/PROJECT/locations/LOCATION/cmekConfig."""
    kms_key: str = ""
    """The key's full name in Cloud KMS; empty for Google's default key."""
