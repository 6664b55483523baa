"""Plain JSON values and headers as folded sections, secrets replaced."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from ..redact import redacted
from .json_tree import json_tree
from .shapes import ROWS_SHOWN, Section, Table
from .values import counted
from .visible import elided

VALUE_SHOWN = 2_000


def json_section(label: str, value: Any) -> list[Section]:
    """A section of JSON, folded level by level; none when there is nothing in it."""
    if not value:
        return []
    tree = json_tree(value, label)
    return [Section(label + ", cut" * tree.is_cut, tree)]


def headers_section(headers: Mapping[str, str]) -> list[Section]:
    """A section with a table of headers; none when there are none."""
    if not headers:
        return []
    shown = {name: headers[name] for name in islice(headers, ROWS_SHOWN)}
    seen = {name: redacted(value, name) for name, value in shown.items()}
    table = Table(
        columns=["header", "value"],
        rows=[(elided(name, VALUE_SHOWN), elided(value, VALUE_SHOWN)) for name, value in seen.items()],
        more=len(headers) - len(seen),
    )
    return [Section(counted(len(headers), "header") + ", secrets hidden" * (seen != shown), table)]
