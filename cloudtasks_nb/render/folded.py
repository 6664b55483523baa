"""Plain JSON values and headers as folded sections, secrets replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..redact import redacted
from .shapes import Section, Table
from .values import counted

CHARACTERS_SHOWN = 8_000


def json_section(label: str, value: Any) -> list[Section]:
    """A section of indented JSON; none when there is nothing in it."""
    if not value:
        return []
    body = json.dumps(redacted(value, label), indent=2, ensure_ascii=False, default=str)
    return [Section(label, body if len(body) <= CHARACTERS_SHOWN else f"{body[:CHARACTERS_SHOWN]}\n…")]


def headers_section(headers: Mapping[str, str]) -> list[Section]:
    """A section with a table of headers; none when there are none."""
    if not headers:
        return []
    rows = [(name, redacted(value, name)) for name, value in headers.items()]
    return [Section(counted(len(rows), "header"), Table(columns=["header", "value"], rows=rows))]
