"""The mixin that displays an object in notebooks and terminals, by means of `render`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

R = TypeVar("R", bound=Callable[..., Any])


class Shown:
    """Shows itself as HTML in a notebook and as a text card in a terminal.

    `str(obj)` is the text card. `repr(obj)` is one line, so that lists of objects are readable.
    Showing never calls the network. Secrets are hidden unless `show_secrets()` was called.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return _written(self, "text/plain")["text/plain"]

    def _repr_html_(self) -> str:
        return _written(self, "text/html")["text/html"]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return _written(self, "text/plain", "text/html")


class ShownFirst(Shown):
    """The same for lists and exceptions, where IPython would otherwise use its own format instead of the text card."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(_written(self, "text/plain")["text/plain"])


def completed_as_text(read: R) -> R:
    """Annotate the getter of a Literal property as str, for completion. jedi, which completes in notebooks, fails at a
    Literal, and the whole object would have no completion."""
    read.__annotations__["return"] = str
    return read


def _written(obj: Shown, *forms: str) -> dict[str, str]:
    from .redact import as_switched
    from .render import html, shape, text

    ways = {"text/plain": text, "text/html": html}
    with as_switched():
        found = shape(obj)  # once for all forms
        return {form: ways[form](found) for form in forms}
