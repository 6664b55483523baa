"""Replaces the names of a caller in requests and responses, and removes private values from responses.

In a request, {queue} and {location} are filled in. In a response, the same names are replaced again, and values that
differ between runs or identify a person are removed. Recorded and replayed responses go through the same function, so
they can be compared.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from msgspec import Struct

from cloudtasks_nb import redact

_EVERYWHERE = [
    (re.compile(r"[\w.+%\-]+@[\w\-]+(?:\.[\w\-]+)+"), "{email}"),
    (re.compile(r"(?i)(\bprojects?(?:[ /:=#]|%2F)+['\"]?)\d{6,}"), r"\1{project}"),
    (re.compile(r"(?<=/tasks/)\d{10,}"), "{id}"),
    (re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"), "{address}"),
]
_NEW_EACH_TIME = {"etag": "{etag}", "nextPageToken": "{page}"}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


class Place(Struct, frozen=True):
    """The place of the calls: a project, a location, and a queue that only these calls use."""

    project: str
    location_id: str
    queue_id: str

    @property
    def location(self) -> str:
        return f"projects/{self.project}/locations/{self.location_id}"

    @property
    def queue(self) -> str:
        return f"{self.location}/queues/{self.queue_id}"

    def filled(self, value: Any) -> Any:
        """Fill the names of this place into a request."""
        if isinstance(value, dict):
            return {key: self.filled(held) for key, held in value.items()}
        if isinstance(value, list):
            return [self.filled(held) for held in value]
        if not isinstance(value, str):
            return value
        for name, held in self._names:
            value = value.replace(name, held)
        return value

    def redacted(self, value: Any) -> Any:
        """A response without names of this place, e-mail addresses, tokens, keys, and values that are new each time."""
        return self._anonymous(redact.redacted(value))

    def _anonymous(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                self._text(key): _NEW_EACH_TIME.get(key) or self._anonymous(held)
                for key, held in value.items()
            }
        if isinstance(value, list):
            return [self._anonymous(held) for held in value]
        return self._text(value) if isinstance(value, str) else value

    @property
    def _names(self) -> list[tuple[str, str]]:
        return [
            ("{queue}", self.queue),
            ("{location}", self.location),
            ("{queue_id}", self.queue_id),
            ("{project}", self.project),
            ("{location_id}", self.location_id),
        ]

    def _text(self, text: str) -> str:
        if _INSTANT.fullmatch(text):
            return "{time}"
        for name, held in self._names[:3]:
            text = text.replace(held, name)
        for pattern, name in _EVERYWHERE:
            text = pattern.sub(name, text)
        for name, held in self._names[3:]:  # words that may be parts of other words
            text = re.sub(rf"(?<![\w{{-]){re.escape(held)}(?![\w}}-])", name, text)
        return text


def new_place(project: str, location_id: str) -> Place:
    """A place with a new queue name, because the service blocks names of deleted queues for days."""
    return Place(project, location_id, f"conformance-{secrets.token_hex(6)}")
