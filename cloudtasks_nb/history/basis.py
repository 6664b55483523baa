"""The basis of reports: their window, the end of their data, and the sources that were read."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from ..paging.exports import Exports
from ..shown import Shown
from .audit import AuditEvent
from .windows import Window


class Basis(Struct, frozen=True, kw_only=True):
    """The basis of a report: its window, its step, the end of its data, and its sources."""

    window: Window
    step: timedelta
    as_of: datetime
    events: list[AuditEvent]
    sources: dict[str, str]


class AnyReport(Shown, Exports):
    """What the reports of a queue and of a project share."""

    _has_payloads = False

    def __init__(self, basis: Basis) -> None:
        self._basis = basis

    @property
    def since(self) -> datetime:
        """The start of the window, a whole minute."""
        return self._basis.window.since

    @property
    def until(self) -> datetime:
        """The end of the window, a whole minute."""
        return self._basis.window.until

    @property
    def is_widened(self) -> bool:
        """Whether the window was extended to whole minutes or steps."""
        return self._basis.window.is_widened

    @property
    def as_of(self) -> datetime:
        """The report covers the time up to here. On Google, the last minutes are missing."""
        return self._basis.as_of

    @property
    def step(self) -> timedelta:
        """The resolution of `started`, `finished` and the values over time."""
        return self._basis.step

    @property
    def events(self) -> list[AuditEvent]:
        """Who paused, purged or changed the queue, oldest first."""
        return self._basis.events

    @property
    def sources(self) -> dict[str, str]:
        """The result of reading each source ("metrics", "audit log"), or why it failed, with a remedy."""
        return self._basis.sources

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the report to one HTML file without scripts. Returns its path.

        Shapes: the content of the card with all sections open, in the light or dark theme of the reader.

        Errors: OSError if the file cannot be written; no partial file remains.

        Example:
            >>> queue.report(since="24h").to_html("report.html")
        """
        from .page import write_page

        return write_page(self, path)
