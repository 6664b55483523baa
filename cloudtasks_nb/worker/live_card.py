"""The live card of a worker in the output of a cell; elsewhere, a line."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..progress import in_notebook, waiting
from ..shown import Shown

_APART_S = 0.5


class LiveCard:
    """The card of an object in the output of a cell. A second run in the same cell updates the same card.

    Outside of notebooks it is a progress line, which begins with `what`; `words()` returns the latest state.
    """

    def __init__(self, shown: Shown, what: str, words: Callable[[], str]) -> None:
        self._shown = shown
        self._what = what
        self._words = words
        self._handle: Any = None
        self._cell: str | None = None
        self._next_s = 0.0

    @contextmanager
    def shown(self, wanted: bool | None) -> Iterator[Callable[[], None]]:
        """Show the card within a with block. Yields a function that updates it, at most twice a second.

        It is shown as `wanted`; by default (None) in a notebook.
        """
        if not (wanted if wanted is not None else in_notebook()):
            yield lambda: None
            return
        with self._updating() as update:

            def refresh() -> None:
                if time.monotonic() >= self._next_s:
                    self._next_s = time.monotonic() + _APART_S
                    update()

            try:
                yield refresh
            finally:
                update()

    @contextmanager
    def _updating(self) -> Iterator[Callable[[], None]]:
        """Show the card, or a line. Yields a function that updates it."""
        if in_notebook():
            self._begin()
            yield self._update
            return
        with waiting(self._what, True) as line:
            yield lambda: line.say(self._words())

    def is_in_this_cell(self) -> bool:
        """Whether the running cell already has the card."""
        return self._cell is not None and self._cell == _this_cell()

    def _begin(self) -> None:
        from IPython.display import display

        if self.is_in_this_cell():
            self._update()
        else:
            self._cell = _this_cell()
            self._handle = display(self._shown._repr_mimebundle_(), raw=True, display_id=True)

    def _update(self) -> None:
        if self._handle is not None:
            self._handle.update(self._shown._repr_mimebundle_(), raw=True)


def _this_cell() -> str | None:
    """The id of the running cell: that of its execution request."""
    from IPython.core.getipython import get_ipython

    asked = getattr(get_ipython(), "parent_header", None) or {}
    header = asked.get("header") or {}
    return header.get("msg_id") or None
