"""The filters of listings: comparisons on any field of a queue or a location, joined by AND, OR, NOT and parentheses.

As in log filters, OR binds tighter than AND, and AND may be omitted. Source: SPEC section 2.5.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from operator import attrgetter
from typing import Any

from msgspec import Struct

from ....errors import InvalidArgument
from ....model import Duration, Message, Queue
from ....model.versions import OWN, Version
from .bodies import Member, fields, fields_in
from .expressions import Grammar, Test
from .scalars import SCALARS, Scalar

Read = Callable[[Any], Any]

# Fields that later versions name differently.
_SAID: dict[str, Read] = {
    "type": lambda queue: "PUSH" if queue.pull_target is None else "PULL",
    "max_attempts": lambda retries: -1 if retries.unlimited_attempts else retries.max_attempts,
}

_PATH = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_OPERATOR = re.compile(r"<=|>=|!=|<|>|=|:")
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s()"]+)')
_ORDERINGS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt,
}  # fmt: skip


class Filter(Struct, frozen=True):
    """A parsed filter. `needs_stats`: it uses statistics, which are only computed on request."""

    matches: Test
    needs_stats: bool = False


def parse_filter(text: str, kind: type[Message] = Queue, version: Version = OWN) -> Filter:
    """The filter that `text` describes, with the field names of a version; an empty one matches everything.

    Errors: InvalidArgument.
    """
    if not text.strip():
        return Filter(lambda queue: True)
    parser = _Parser(text, kind, version)
    return Filter(parser.read(), parser.needs_stats)


class _Parser(Grammar):
    def __init__(self, text: str, kind: type[Message], version: Version) -> None:
        super().__init__(text)
        self.version = version
        self.kind = kind
        self.needs_stats = False

    def comparison(self) -> Test:
        path = self.matched(_PATH)[0]
        field, read = self._resolve(path)
        sign = self.matched(_OPERATOR)[0]
        value = self.matched(_VALUE)
        quoted, bare = value[1], value[2]
        if bare == "*" and sign in (":", "=", "!="):
            is_present = sign != "!="
            return lambda queue: (read(queue) not in (None, "", [], {})) is is_present
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
        return _comparison(field, read, sign, text)

    def _resolve(self, path: str) -> tuple[Member, Read]:
        """The last field of a path through the model, and its reader."""
        kind: Any = self.kind
        way: list[Member] = []
        for segment in path.split("."):
            is_message = isinstance(kind, type) and issubclass(kind, Message)
            field = fields_in(self.version, kind).get(segment) if is_message else None
            if field is None:
                raise InvalidArgument(
                    f"Invalid filter: '{path}' is not a field of a {self.kind.__name__.lower()}."
                )
            for name in field.home or (field.name,):
                way.append(fields(kind)[name] if field.home else field)
                kind = way[-1].holds
        self.needs_stats = self.needs_stats or way[0].name == "stats"
        said = _SAID if self.version != OWN else {}
        steps = [said.get(field.name) or attrgetter(field.name) for field in way]
        return way[-1], partial(_value, steps)


def _comparison(field: Member, read: Read, sign: str, text: str) -> Test:
    scalar = field.holds
    if not isinstance(scalar, Scalar) or field.repeated or field.mapped:
        raise InvalidArgument(f"Invalid filter: '{field.name}' can only be compared with *.")
    wanted = _constant(scalar, text)
    if sign == ":" and scalar is SCALARS[str]:
        return lambda queue: wanted.casefold() in (read(queue) or "").casefold()
    if sign in (":", "="):
        return lambda queue: bool(read(queue) == wanted)
    if sign == "!=":
        return lambda queue: bool(read(queue) != wanted)
    ordering = _ORDERINGS[sign]
    return lambda queue: (value := read(queue)) is not None and bool(ordering(value, wanted))


def _value(steps: Sequence[Read], message: Any) -> Any:
    value = message
    for step in steps:
        if value is None:
            return None
        value = step(value)
    return value


def _constant(scalar: Scalar, text: str) -> Any:
    """The constant, converted to the field's type. A duration may be plain seconds."""
    try:
        if scalar is SCALARS[int]:
            return SCALARS[float].read(text)
        if scalar is SCALARS[Duration] and not text.endswith("s"):
            return timedelta(seconds=SCALARS[float].read(text))
        return scalar.read(text)
    except (ValueError, OverflowError):
        raise InvalidArgument(f"Invalid filter: {text!r} does not fit the field ({scalar.label}).") from None
