"""The queues of the explorer as rows: which are sent to the page, and which are ticked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from .action import action
from .queue_rows import Columns, columns_of, ticks_of
from .unsaved_rows import ROWS_SAVED, Sent, UnsavedRows

if TYPE_CHECKING:
    from ..client import Client
    from ..resources.queue import Queue


class ListedQueues(UnsavedRows):
    """Queues by name, their rows, and the ticked ones. The page searches and sorts the rows without a request.

    `turn` counts the changes of the rows. The page needs it to combine the parts that it gets: the first rows and
    the ticks, which are traits, and messages with the columns that changed.
    """

    rows = traitlets.List().tag(sync=True, to_json=lambda rows, listed: listed._first(rows))
    ticked = traitlets.Dict({"turn": 0, "bits": "0"}).tag(sync=True)

    def __init__(self, client: Client, read_only: bool, every_s: float) -> None:
        self._queues: dict[str, Queue] = {}
        self._ticked: dict[str, None] = {}  # names, in the order in which they were ticked
        self._turn = 0
        self._sent: tuple[int, Columns] = (0, {})  # the turn and the columns that were sent last
        super().__init__(client, client.project, read_only=read_only, every_s=every_s)

    @property
    def queues(self) -> list[Queue]:
        """All queues, as of the last read."""
        return list(self._queues.values())

    @property
    def chosen(self) -> list[Queue]:
        """The ticked queues."""
        return [self._queues[name] for name in self._ticked if name in self._queues]

    @action(busy=False)
    def choose(self, names: list[str], on: bool = True) -> str:
        """Tick queues; on=False unticks them."""
        known = {name: None for name in names if name in self._queues}
        others = {name: None for name in self._ticked if name not in known}
        self._ticked = self._ticked | known if on else others
        self._show_ticks()
        return ""

    def _show_rows(self, rows: list[dict[str, Any]]) -> None:
        self._turn += rows != self.rows
        self._ticked = {name: None for name in self._ticked if name in self._queues}
        with self.hold_sync():
            self.rows = rows
            if self.views and self._sent[0] != self._turn:
                self._send_rows()  # before the traits that refer to these rows
            self._show_ticks()

    def _show_ticks(self) -> None:
        self.ticked = {"turn": self._turn, "bits": ticks_of(self.rows, self._ticked)}

    def _first(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        first = rows[:ROWS_SAVED]
        held = {"turn": self._turn, "count": len(first), "columns": columns_of(first)}
        return {**held, "listed": len(rows)}

    def rows_sent(self, whole: bool = False) -> Sent | None:
        """A message with the columns that changed since the last message; `whole`: with all columns."""
        if len(self.rows) <= ROWS_SAVED:
            return None
        since, before = (0, {}) if whole else self._sent
        columns = columns_of(self.rows)
        self._sent = (self._turn, columns)
        changed = {name: column for name, column in columns.items() if column != before.get(name)}
        sent = {"turn": self._turn, "since": since, "count": len(self.rows), "columns": changed}
        return {"queues": sent}, []
