"""Who hears of a change? The panels of this process that show the same queue, so that they agree."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol
from weakref import WeakSet


class Listener(Protocol):
    """Something that shows queues of one endpoint."""

    def hear(self, endpoint: str, names: Collection[str]) -> None:
        """Queues with these full names were changed at that endpoint."""


_listeners: WeakSet[Listener] = WeakSet()


def listen(listener: Listener) -> None:
    """From now on it hears of every change, for as long as somebody holds it."""
    _listeners.add(listener)


def ignore(listener: Listener) -> None:
    """It hears of nothing any more."""
    _listeners.discard(listener)


def announce(endpoint: str, names: Collection[str], by: Listener) -> None:
    """Tell everybody else that these queues were changed."""
    for listener in list(_listeners):
        if listener is not by:
            listener.hear(endpoint, names)
