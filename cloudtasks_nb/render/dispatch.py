"""Find the shape of an object: each model class registers a function for it, which subclasses inherit."""

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
"""Registers a function (object, now) → Card | Table for a class and its subclasses."""


def shape(obj: Any, now: datetime | None = None) -> Shape:
    """The Card, Table or Image of an object. Relative times count from `now`, and the shape shows that instant.

    A class may define `_shape_()` to build its shape itself, and `_now_()` to supply the default of `now`. Errors:
    TypeError for an object without a shape.
    """
    own, clock = (getattr(type(obj), name, None) for name in ("_shape_", "_now_"))
    seen_from = moment(now or (clock(obj) if clock is not None else None))
    found: Any = own(obj) if own is not None else _shape(obj, seen_from)
    is_own = found is obj or isinstance(found, Image)  # a shape that was passed in has its own time
    if not is_own and not found.as_of and has_times(found):
        found.as_of = f"times as of {exact(seen_from.replace(microsecond=0))}"
    return cast(Shape, found)
