"""From an object to its shape: each model class registers how it looks, and subclasses inherit it."""

from __future__ import annotations

from datetime import datetime
from functools import singledispatch
from typing import Any, cast

from .shapes import Card, Image, Shape, Table, has_times
from .values import exact, moment


@singledispatch
def _shape(obj: Any, now: datetime) -> Shape:
    raise TypeError(
        f"{type(obj).__name__} has no shape: give it a method _shape_() that returns a Card or a Table"
    )


@_shape.register(Card)
@_shape.register(Table)
@_shape.register(Image)
def _(obj: Shape, now: datetime) -> Shape:
    return obj


looks = _shape.register
"""Registers a function (object, now) → Card | Table for a class and what derives from it."""


def shape(obj: Any, now: datetime | None = None) -> Shape:
    """The Card or Table that an object shows itself as, or the Image of a picture.

    `now` is what times are relative to, and the shape says it.

    A class with a method `_shape_()` says so itself, and one with `_now_()` what its times are relative to. Errors:
    TypeError when nothing is known about the object.
    """
    own, clock = (getattr(type(obj), name, None) for name in ("_shape_", "_now_"))
    seen_from = moment(now or (clock(obj) if clock is not None else None))
    found: Any = own(obj) if own is not None else _shape(obj, seen_from)
    is_own = found is obj or isinstance(found, Image)  # a shape itself was made at a time of its own
    if not is_own and not found.as_of and has_times(found):
        found.as_of = f"times as of {exact(seen_from.replace(microsecond=0))}"
    return cast(Shape, found)
