"""Partial responses: the `fields` parameter selects the fields of a response. Source: SPEC section 1.5.

`a,b` selects several fields; `a/b` or `a.b` a nested field, also within lists; `a(b,c)` several nested fields; `*` all
of them. Names are in camelCase or in snake_case.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from ....errors import InvalidArgument
from ....model import Message
from .bodies import Member, fields
from .refusals import bad_fields

Selection = dict[str, Any]
"""The fields to keep, each with its nested selection; an empty selection keeps everything."""

_TOKEN = re.compile(r"[,/.()]|[^\s,/.()]+")
_EVERY = "*"
_MAX_DEPTH = 50
_SCALARS = str | int | float | bool | None


def parse_fields(text: str, kind: type[Message]) -> Selection:
    """The selection that `text` describes for this type of response. Errors: InvalidArgument."""
    if not text.strip():
        return {}
    return _resolved(_PathReader(text).whole(), Member("", "", kind), ())


def select(values: Any, selection: Selection) -> Any:
    """The selected part of a response."""
    if not selection:
        return values
    if isinstance(values, list):
        return [select(value, selection) for value in values]
    if not isinstance(values, dict):
        return values
    rest = selection.get(_EVERY)
    chosen = {name: selection.get(name, rest) for name in values}
    return {name: select(values[name], below) for name, below in chosen.items() if below is not None}


def cut(raw: bytes, fields: str, kind: type[Message]) -> bytes:
    """The selected part of a response's JSON. Errors: InvalidArgument.

    Parses only the selected fields, so a page of a thousand tasks does not become a thousand dicts.
    """
    with suppress(msgspec.ValidationError):  # a list of lists, which no response with selectable fields holds
        if (decoder := _decoder(fields, kind)) is not None:
            return msgspec.json.encode(decoder.decode(raw))
    return msgspec.json.encode(select(msgspec.json.decode(raw), parse_fields(fields, kind)))


@lru_cache(maxsize=64)
def _decoder(fields: str, kind: type[Message]) -> msgspec.json.Decoder[Any] | None:
    """A decoder of the selected fields only; None if `*` stands for unknown names."""
    shape = _shape(parse_fields(fields, kind))
    return None if shape is None else msgspec.json.Decoder(shape)


def _shape(selection: Selection) -> Any:
    if not selection:
        return msgspec.Raw
    shapes = {name: _shape(below) for name, below in selection.items()}
    if _EVERY in shapes or None in shapes.values():
        return None
    names = {f"field_{at}": name for at, name in enumerate(shapes)}
    held = [(field, shapes[name] | msgspec.UnsetType, msgspec.UNSET) for field, name in names.items()]
    chosen: Any = msgspec.defstruct("Chosen", held, rename=names)
    return list[chosen] | chosen | _SCALARS


class _PathReader:
    """Parses the grammar; field names are checked elsewhere. `tokens`: the remaining tokens, last one first."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)[::-1]

    def whole(self) -> Selection:
        found = self._list(0)
        if self.tokens:
            raise self._error()
        return found

    def _list(self, depth: int) -> Selection:
        found: Selection = {}
        while True:
            self._path(found, depth)
            if not self._take(","):
                return found

    def _path(self, into: Selection, depth: int) -> None:
        if not self.tokens or self.tokens[-1] in ",/.()" or depth > _MAX_DEPTH:
            raise self._error()
        name = self.tokens.pop()
        below: Selection = {}
        if self._take("/") or self._take("."):
            self._path(below, depth + 1)
        elif self._take("("):
            below = self._list(depth + 1)
            if not self._take(")"):
                raise self._error()
        _merge(into, name, below)

    def _take(self, sign: str) -> bool:
        taken = bool(self.tokens) and self.tokens[-1] == sign
        if taken:
            self.tokens.pop()
        return taken

    def _error(self) -> InvalidArgument:
        at = self.tokens[-1] if self.tokens else "the end"
        return bad_fields(self.text[:200], f"Cannot read it from '{at[:60]}' on.")


def _merge(into: Selection, name: str, below: Selection) -> None:
    """Adds a field to a selection. A field that was selected as a whole stays whole."""
    if name not in into or not below:
        into[name] = below
    elif into[name]:
        for inner, further in below.items():
            _merge(into[name], inner, further)


def _resolved(selection: Selection, holder: Member, path: tuple[str, ...]) -> Selection:
    """The selection with the names of the response's JSON. Errors: InvalidArgument for an unknown field."""
    found: Selection = {}
    for name, below in selection.items():
        here = (*path, name)
        reached = False
        for member in _members(holder, name):
            try:
                _merge(found, member.camel, _resolved(below, member, here) if below else {})
                reached = True
            except InvalidArgument:
                if name != _EVERY:  # `*` selects the fields that contain the nested selection
                    raise
        if not reached:
            shown = ".".join(here)
            raise bad_fields(shown, f"Cannot find matching fields for path '{shown}'.")
    return found


def _members(holder: Member, name: str) -> list[Member]:
    """The fields that a name selects: one, or all of them, or any name in an untyped object."""
    if holder.mapped:
        return [Member(name, name, holder.holds)]
    if holder.holds is None:
        return [Member(name, name, None)]
    if not (isinstance(holder.holds, type) and issubclass(holder.holds, Message)):
        return []
    known = fields(holder.holds)
    if name == _EVERY:
        return list({field.camel: field for field in known.values()}.values())
    return [known[name]] if name in known else []
