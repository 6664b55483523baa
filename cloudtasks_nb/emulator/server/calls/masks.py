"""Field masks: the fields to change or to return. Source: SPEC sections 2.4 and 2.5."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ....errors import InvalidArgument
from ....model import Message, Queue
from ....model.schema import schema
from ....model.versions import OWN, Version, path_from
from .bodies import fields, fields_in

Path = tuple[str, ...]


def parse_mask(text: str, parameter: str, kind: type[Message] = Queue, version: Version = OWN) -> list[Path]:
    """The paths of a mask in snake_case; empty for an empty mask or "*". Errors: InvalidArgument."""
    if text.strip() in ("", "*"):
        return []
    asked = [_path(part.strip(), parameter, kind, version) for part in text.split(",")]
    return [path for one in asked for path in path_from(one, version, kind)]


def _path(text: str, parameter: str, holder: type[Message], version: Version) -> Path:
    kind: Any = holder
    path: list[str] = []
    for segment in text.split("."):
        is_message = isinstance(kind, type) and issubclass(kind, Message)
        field = fields_in(version, kind).get(segment) if is_message else None
        if field is None:
            what = "queue" if holder is Queue else holder.__name__
            raise InvalidArgument(f"Invalid value at '{parameter}': '{text}' is not a field of a {what}.")
        path.append(field.name)
        kind = None if field.repeated or field.mapped else field.holds
    return tuple(path)


def apply(path: Path, source: Message | None, target: Message) -> None:
    """Copies the field at `path` from `source` to `target`; clears it if `source` has no value."""
    name, rest = path[0], path[1:]
    value = getattr(source, name) if source is not None else None
    if not rest:
        setattr(target, name, value if source is not None else schema(type(target))[name].blank)
        return
    inner = getattr(target, name)
    if inner is None:
        if value is None:
            return
        inner = fields(type(target))[name].holds()
        setattr(target, name, inner)
    apply(rest, value, inner)


def pick(queue: Queue, paths: Iterable[Path]) -> Queue:
    """A queue with only these fields."""
    picked = Queue()
    for path in paths:
        apply(path, queue, picked)
    return picked
