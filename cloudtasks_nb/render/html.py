"""Render shapes as HTML: one template per shape, all text escaped, no script, the same bytes for the same object.

The markup is readable without CSS. The layout is inline, because untrusted notebooks drop the style sheet. The style
sheet sets only colours, under one root class.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..visible import shown, visible_lines
from .dispatch import shape
from .shapes import Image, Json, Table, alignments, between, cells

BRIEF = 52
"""Table cells of at most this many characters stay on one line."""

if TYPE_CHECKING:
    from datetime import datetime

    from jinja2 import Environment


def html(obj: Any, now: datetime | None = None) -> str:
    """An object as HTML. Relative times count from `now`."""
    found = shape(obj, now)
    name = type(found).__name__.lower()
    return _templates().get_template(f"{name}.html.j2").render({name: found, "css": style_sheet()})


@cache
def style_sheet() -> str:
    """The style sheet, minified."""
    text = files(__package__).joinpath("static/ctnb.css").read_text("utf-8")
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"\s*([{}:;,>])\s*", r"\1", re.sub(r"\s+", " ", text)).replace(";}", "}").strip()


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(shown=shown, lines=visible_lines, cells=cells)
    environment.tests.update(
        table=lambda body: isinstance(body, Table),
        image=lambda body: isinstance(body, Image),
        json=lambda body: isinstance(body, Json),
    )
    environment.tests["brief"] = lambda value: sum(len(cell.text) for cell in value) <= BRIEF
    environment.globals.update(alignments=alignments, between=between)
    return environment
