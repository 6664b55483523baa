"""Show JSON values as a foldable tree of limited size, with secrets replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from ..redact import DOTS, named_inside, redacted, scrub
from ..visible import elided
from .packed import base64_bytes
from .shapes import ROWS_SHOWN, Inside, Json, Node, Section, Table
from .values import counted, size

NODES_SHOWN = 400
CHARACTERS_SHOWN = 8_000
STRING_SHOWN = 2_000
LEVELS_SHOWN = 24
LEVELS_OPEN = 2
SMALL = 60
"""A document of at most this many values is open on every level."""
PEEK = 10
"""How many characters of a base64 text are shown when it is decoded below."""


def json_tree(value: Any, name: str = "") -> Json:
    """Plain JSON values as a Json. `name` is the name of the field that holds them, which may mark a secret."""
    growing = _Growing()
    root = growing.node(value, name=name, path=name, level=0)
    if growing.count <= SMALL:
        _open_all(root)
    return Json(root, growing.is_cut, growing.has_secrets, growing.inside)


class _Growing:
    """Counts nodes and characters while a tree is built, and stops it at the limits."""

    def __init__(self) -> None:
        self.count = 0
        self.characters = 0
        self.is_cut = False
        self.has_secrets = False
        self.inside: list[Inside] = []

    @property
    def is_spent(self) -> bool:
        return self.count >= NODES_SHOWN or self.characters >= CHARACTERS_SHOWN

    def node(self, value: Any, *, name: str, path: str, level: int, key: str = "") -> Node:
        self.count += 1
        if isinstance(value, Mapping | list | tuple):
            if redacted([], name) == DOTS and value:
                self.has_secrets = True
                return Node("string", json.dumps(DOTS, ensure_ascii=False), key)
            return self._container(value, path, level, key)
        return self._scalar(value, name, path, key)

    def _container(self, value: Mapping[str, Any] | Sequence[Any], path: str, level: int, key: str) -> Node:
        is_object = isinstance(value, Mapping)
        node = Node("object" if is_object else "array", "", key, open=level < LEVELS_OPEN)
        node.text = counted(len(value), "key" if is_object else "item")
        if not value:
            return Node("word", node.brackets, key)
        node.children = []
        items = value.items() if isinstance(value, Mapping) else ((None, item) for item in value)
        named = named_inside(value) if isinstance(value, Mapping) else {}
        if level < LEVELS_SHOWN:
            for name, item in items:
                if self.is_spent:
                    break
                node.children.append(self._child(name, item, path, level, named))
        for child in node.children[:-1]:
            child.comma = ","
        if left := len(value) - len(node.children):
            self.is_cut = True
            node.children.append(
                Node("cut", f"… {left:,} more {'key' if is_object else 'item'}{'s' * (left > 1)}")
            )
        return node

    def _child(self, key: Any, item: Any, path: str, level: int, named: Mapping[str, str]) -> Node:
        if key is None:
            return self.node(item, name="", path=f"{path}[]", level=level + 1)
        label, name = _cut(scrub(str(key))), named.get(key, str(key))
        self.characters += len(label)
        written = json.dumps(label, ensure_ascii=False)
        return self.node(item, name=name, path=f"{path}.{label}", level=level + 1, key=written)

    def _scalar(self, value: Any, name: str, path: str, key: str) -> Node:
        head = value[: 2 * STRING_SHOWN] if isinstance(value, str) else value
        seen = redacted(head, name)
        self.has_secrets |= seen != head
        if not isinstance(seen, str):
            text = json.dumps(seen, default=str)
            self.characters += len(text)
            return Node("word" if seen is None or isinstance(seen, bool) else "number", _cut(text), key)
        note = ""
        if seen == head and (data := base64_bytes(value)) is not None:
            self.inside.append(Inside(path, data))
            seen, note = f"{value[:PEEK]}…", f"base64, {size(len(data))}, decoded below"
        elif isinstance(value, str) and (len(value) > len(head) or len(seen) > STRING_SHOWN):
            self.is_cut = True
            seen, note = f"{seen[:STRING_SHOWN]}…", counted(len(value), "character")
        self.characters += len(seen)
        return Node("string", json.dumps(seen, ensure_ascii=False), key, note)


def _cut(text: str) -> str:
    return text if len(text) <= STRING_SHOWN else f"{text[:STRING_SHOWN]}…"


def _open_all(node: Node) -> None:
    node.open = True
    for child in islice(node.children, SMALL):
        _open_all(child)


VALUE_SHOWN = 2_000


def json_section(label: str, value: Any) -> list[Section]:
    """A list with one section of JSON, folded by level; empty without a value."""
    if not value:
        return []
    tree = json_tree(value, label)
    return [Section(label + ", cut" * tree.is_cut, tree)]


def headers_section(headers: Mapping[str, str]) -> list[Section]:
    """A list with one table of headers; empty if there are no headers."""
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
