"""Sends a page the rows that a notebook does not save: the traits hold the first ones, messages hold all."""

from __future__ import annotations

from functools import partial
from typing import Any

from .clickable import Clickable

ROWS_SAVED = 100  # the first rows are traits, saved with the notebook; messages carry all rows

Sent = tuple[dict[str, Any], list[bytes]]
"""A message and its buffers."""


class UnsavedRows(Clickable):
    """A panel with a long table. A page that opened late, or missed a message, requests its rows."""

    def rows_sent(self, whole: bool = False) -> Sent | None:
        """A message with the rows that the page lacks; `whole`: with all rows. None if the traits hold all rows."""
        raise NotImplementedError

    def _send_rows(self, whole: bool = False) -> None:
        if sent := self.rows_sent(whole):
            self._tell(*sent)

    def _on_message(self, panel: object, content: Any, buffers: object) -> None:
        """Also send all rows to a page that requests them."""
        if isinstance(content, dict) and content.get("do") == "rows":
            self._worker.submit(partial(self._send_rows, whole=True))
        else:
            super()._on_message(panel, content, buffers)
