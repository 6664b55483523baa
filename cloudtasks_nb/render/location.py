"""Locations: the card and the table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ..model import CmekConfig, Location
from ..redact import redacted
from .dispatch import looks
from .json_tree import json_section
from .queue import parts, verbs
from .shapes import ROWS_SHOWN, Card, Cell, Table, Value


@looks(Location)
def _location(location: Location, now: datetime) -> Card:
    return Card(
        location.id or "unnamed",
        kind="location",
        facts={
            "place": location.display_name,
            "project": parts(location.name).get("projects"),
            "labels": _labels(location) or None,
        },
        sections=json_section("metadata", location.metadata),
        code=verbs(location, "location.queues()", 'location.create_queue("…")'),
    )


@looks(CmekConfig)
def _cmek(config: CmekConfig, now: datetime) -> Card:
    place = parts(config.name)
    return Card(
        place.get("locations") or "Encryption",
        kind="encryption of tasks",
        facts={
            "key": config.kms_key or "Google's default key (no customer key is set)",
            "project": place.get("projects"),
        },
        code=['location.update_cmek("projects/…/cryptoKeys/…")'],
    )


def location_table(locations: Sequence[Location], *, caption: str, footer: str | None = None) -> Table:
    """Locations as a table."""
    with_labels = any(_labels(location) for location in locations[:ROWS_SHOWN])

    def row(location: Location) -> dict[str, Value]:
        known: dict[str, Value] = {
            "location": Cell(location.id, location.name),
            "place": location.display_name,
        }
        return known | ({"labels": _labels(location)} if with_labels else {})

    return Table.of(locations, row, caption=caption, footer=footer)


def _labels(location: Location) -> str:
    """The labels, without the one that repeats the location's own id."""
    return ", ".join(
        f"{key}={redacted(value, key)}" for key, value in location.labels.items() if value != location.id
    )
