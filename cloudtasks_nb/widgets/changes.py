"""Who hears of a change? The panels of this process that show the same queue, so that they agree."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from .clickable import Clickable

listening: WeakSet[Clickable] = WeakSet()
"""Who hears of every change, for as long as somebody holds it."""


def announce(endpoint: str, names: Collection[str], by: Clickable) -> None:
    """Tell everybody else that the queues of these names were changed."""
    for panel in list(listening):
        if panel is not by:
            panel.hear(endpoint, names)
