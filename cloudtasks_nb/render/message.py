"""Cards of all other messages: the fields that are set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from ..model import Status
from ..model.json import Message
from ..redact import redacted
from .dispatch import looks
from .json_tree import headers_section, json_section
from .payload import payload_sections
from .shapes import Card, Section, Value
from .status import status_badge
from .values import counted, duration, when

_ACRONYMS = {"http": "HTTP", "uri": "URI", "url": "URL", "oidc": "OIDC", "oauth": "OAuth"}
_FLAT = 4
"""How many levels of nested messages are listed field by field."""


@looks(Message)
def _message(message: Message, now: datetime) -> Card:
    fields, title = list(_fields(message)), _words(type(message).__name__)
    return Card(
        title[:1].upper() + title[1:],
        facts=dict(_facts(fields, now)) or {"fields": "none set"},
        sections=[section for path, value in fields for section in _sections(path, value)],
    )


def _fields(message: Message, above: str = "", depth: int = _FLAT) -> Iterator[tuple[str, Any]]:
    """The fields that are set, each with its path ("uri override host"). Nested messages are listed by field."""
    for field in structs.fields(message):
        value = getattr(message, field.name)
        if value is None or value == field.default or value in ("", [], {}):
            continue
        path = f"{above} {_words(field.name)}".strip()
        if isinstance(value, Message) and not isinstance(value, Status) and depth:
            yield from list(_fields(value, path, depth - 1)) or [(path, "set")]
        else:
            yield path, value


def _facts(fields: list[tuple[str, Any]], now: datetime) -> Iterator[tuple[str, Value]]:
    for path, value in fields:
        match value:
            case bytes() | dict():
                continue
            case Status():
                yield path, [status_badge(value), value.message or None]
            case datetime():
                yield path, when(value, now)
            case timedelta():
                yield path, duration(value)
            case list() if all(isinstance(item, str | int | float) for item in value):
                yield (
                    path,
                    ", ".join(str(item) for item in redacted(value)) + f" ({len(value)})" * (len(value) > 9),
                )
            case list():
                yield path, counted(len(value), "item")
            case int() | float():
                yield path, value
            case _:
                yield path, str(redacted(str(value), path.rpartition(" ")[2]))


def _sections(path: str, value: Any) -> list[Section]:
    if isinstance(value, bytes):
        return payload_sections(value, path)
    if isinstance(value, dict):
        return headers_section(value) if path.endswith("headers") else json_section(path, value)
    return []


def _words(name: str) -> str:
    """HttpTarget → "HTTP target", uri_override → "URI override"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("OAuth", "Oauth")).replace("_", " ")
    return " ".join(_ACRONYMS.get(word, word) for word in spaced.lower().split())
