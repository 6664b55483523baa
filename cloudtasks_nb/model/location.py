"""Locations: the regions that can hold queues."""

from __future__ import annotations

from typing import Any

from .json import Message


class Location(Message):
    """A region. `labels` and `metadata` are the service's own."""

    name: str = ""
    location_id: str = ""
    display_name: str = ""
    labels: dict[str, str] = {}
    metadata: dict[str, Any] = {}

    @property
    def id(self) -> str:
        """The location id, "us-central1"."""
        return self.location_id or self.name.rpartition("/")[2]

    def __repr__(self) -> str:
        return f"<Location {self.name}>"


class CmekConfig(Message):
    """The key that encrypts a location's tasks; blank means Google's own.

    Example:
        >>> location.cmek().kms_key
        ''
    """

    name: str = ""
    kms_key: str = ""
