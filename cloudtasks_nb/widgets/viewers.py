"""Tracks the views of a panel: each until it unmounts, or stops reporting because its tab was closed."""

from __future__ import annotations

from time import monotonic

SILENT_S = 90.0
"""A visible view reports itself every 30 s. After this silence it no longer counts, until it reports again."""


class Viewers:
    """The views of a panel.

    >>> viewers = Viewers()
    >>> viewers.heard("view 1")
    >>> len(viewers)
    1
    >>> viewers.left("view 1")
    >>> len(viewers)
    0
    """

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}

    def heard(self, view: object) -> None:
        """A view reported itself."""
        now_s = monotonic()
        self._until_s = {one: until_s for one, until_s in self._until_s.items() if until_s > now_s}
        self._until_s[str(view)] = now_s + SILENT_S

    def left(self, view: object) -> None:
        """A view was unmounted."""
        self._until_s.pop(str(view), None)

    def __len__(self) -> int:
        now_s = monotonic()
        return sum(until_s > now_s for until_s in self._until_s.values())
