"""The inbox panel: a live table of received requests."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import traitlets

from ..render import Shape
from ..render.shapes import ROWS_SHOWN, badge
from .action import Refused, action
from .cells import Plain, fact_list, plain, section
from .clickable import Clickable

if TYPE_CHECKING:
    from ..emulator.client.inbox import Inbox
    from ..emulator.client.received import Received


class InboxPanel(Clickable):
    """The requests of an inbox as they arrive, newest first. A click opens one.

    Example:
        >>> inbox.panel()
    """

    _script = "inbox_panel"

    state = traitlets.Dict().tag(sync=True)
    rows = traitlets.List().tag(sync=True)
    opened = traitlets.Dict().tag(sync=True)

    def __init__(self, inbox: Inbox) -> None:
        self._shown = threading.Event()  # set while an update is still to come
        super().__init__(inbox, inbox.url, state=_state(inbox), rows=_rows(inbox))
        self._keep()
        inbox.listen(self._news)

    @property
    def inbox(self) -> Inbox:
        """The inbox."""
        return self.subject  # type: ignore[return-value]

    @property
    def endpoint(self) -> str:
        """The inbox's own URL."""
        return self.inbox.url

    @property
    def expression(self) -> str:
        return "inbox"

    @action("{queue}.clear()")
    def clear(self) -> str:
        """Delete the received requests."""
        self.inbox.clear()
        self.opened = {}
        return ""

    @action(busy=False)
    def open_request(self, number: int) -> str:
        """Show a request with its headers and payload. Errors: Refused when the inbox no longer keeps it."""
        held = next((one for one in self.inbox.requests if one.number == number), None)
        if held is None:
            raise Refused("The inbox no longer keeps this request.", hint="open a request of the table")
        self.opened = _detail(held)
        return ""

    @action(busy=False)
    def close_request(self) -> str:
        """Close the detail pane."""
        self.opened = {}
        return ""

    def close(self) -> None:
        """Remove the panel from the page; the inbox stays."""
        self.inbox.ignore(self._news)
        super().close()

    def _news(self) -> None:
        """A request arrived: schedule one update for all requests that arrive before it."""
        if not self._shown.is_set():
            self._shown.set()
            self._worker.submit(self._update)

    def _update(self) -> None:
        self._shown.clear()
        self.rows, self.state = _rows(self.inbox), _state(self.inbox)
        self._keep()

    @property
    def read_at(self) -> datetime:
        """Now: the inbox is in this process, so the data is always current."""
        return datetime.now(UTC)

    def _shape_(self) -> Shape:
        return self.inbox._shape_()


def _state(inbox: Inbox) -> dict[str, Any]:
    closed = inbox.closed
    return {
        "title": inbox.title,
        "badge": plain(badge("CLOSED", "bad") if closed else badge("LISTENING", "ok")),
        "answers": inbox.paths,
        "received": inbox.received,
        "url": inbox.url,
    }


def _rows(inbox: Inbox) -> list[dict[str, Any]]:
    newest = inbox.requests[: -ROWS_SHOWN - 1 : -1]
    return [{"number": one.number, "cells": [plain(value) for value in one.row().values()]} for one in newest]


def _detail(one: Received) -> Plain:
    card = one._shape_()
    return {
        "number": one.number,
        "title": card.title,
        "facts": fact_list(card.facts),
        "sections": [section(part) for part in card.sections],
    }
