"""How an object reaches the page: the one mixin, which hands the object to `render` when asked."""

from __future__ import annotations

from typing import Any


class Shown:
    """Shows itself as HTML in a notebook and as a text card in a terminal.

    `str(obj)` is the text card, `repr(obj)` stays on one line so that lists of objects read well.
    Showing never calls the network.
    """

    __slots__ = ()

    def __str__(self) -> str:
        from .render import text

        return text(self)

    def _repr_html_(self) -> str:
        from .render import html

        return html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from .render import html, text

        return {"text/plain": text(self), "text/html": html(self)}
