"""The filters of listings: comparisons on any field of a queue or a location, joined by AND, OR, NOT and parentheses.

As in log filters, OR binds tighter than AND, and AND may be left out. Source: SPEC section 2.5.
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
from .scalars import SCALARS, Scalar

Test = Callable[[Any], bool]
Read = Callable[[Any], Any]

# What the later versions say in one field, and the model in another.
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
_MAX_DEPTH = 50


class Filter(Struct, frozen=True):
    """A parsed filter. `needs_stats`: it looks at statistics, which are only computed when somebody looks."""

    matches: Test
    needs_stats: bool = False


def parse_filter(text: str, kind: type[Message] = Queue, version: Version = OWN) -> Filter:
    """The filter that `text` describes, in the words of a version; an empty one lets everything pass.

    Errors: InvalidArgument.
    """
    if not text.strip():
        return Filter(lambda queue: True)
    parser = _Parser(text, kind, version)
    test = parser.conjunction()
    if not parser.at_end():
        raise parser.error()
    return Filter(test, parser.needs_stats)


class _Parser:
    def __init__(self, text: str, kind: type[Message], version: Version) -> None:
        self.text = text
        self.version = version
        self.kind = kind
        self.at = 0
        self.depth = 0
        self.needs_stats = False

    def conjunction(self) -> Test:
        tests = [self.disjunction()]
        while not self.at_end() and not self._sees(")"):
            self._word("AND")
            tests.append(self.disjunction())
        return lambda queue: all(test(queue) for test in tests)

    def disjunction(self) -> Test:
        tests = [self.negation()]
        while self._word("OR"):
            tests.append(self.negation())
        return lambda queue: any(test(queue) for test in tests)

    def negation(self) -> Test:
        negative = self._word("NOT") or self._take("-")
        test = self.term()
        return (lambda queue: not test(queue)) if negative else test

    def term(self) -> Test:
        if not self._take("("):
            return self.comparison()
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error()
        test = self.conjunction()
        if not self._take(")"):
            raise self.error()
        self.depth -= 1
        return test

    def comparison(self) -> Test:
        path = self._match(_PATH)[0]
        field, read = self._resolve(path)
        sign = self._match(_OPERATOR)[0]
        value = self._match(_VALUE)
        quoted, bare = value[1], value[2]
        if bare == "*" and sign in (":", "=", "!="):
            return _presence(read, present=sign != "!=")
        text = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else bare
        return _comparison(field, read, sign, text)

    def at_end(self) -> bool:
        self._skip()
        return self.at >= len(self.text)

    def error(self) -> InvalidArgument:
        return InvalidArgument(
            f"Invalid filter: cannot read {self.text[self.at :][:60]!r} in {self.text[:200]!r}."
        )

    def _resolve(self, path: str) -> tuple[Member, Read]:
        """The last field on the way that a path goes through the model, and how its value is read."""
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

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _sees(self, sign: str) -> bool:
        self._skip()
        return self.text.startswith(sign, self.at)

    def _take(self, sign: str) -> bool:
        seen = self._sees(sign)
        self.at += len(sign) * seen
        return seen

    def _word(self, word: str) -> bool:
        self._skip()
        match = re.compile(rf"{word}(?=[\s(])").match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match is not None

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        self._skip()
        match = pattern.match(self.text, self.at)
        if match is None:
            raise self.error()
        self.at = match.end()
        return match


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


def _presence(read: Read, *, present: bool) -> Test:
    return lambda queue: (read(queue) not in (None, "", [], {})) is present


def _value(steps: Sequence[Read], message: Any) -> Any:
    value = message
    for step in steps:
        if value is None:
            return None
        value = step(value)
    return value


def _constant(scalar: Scalar, text: str) -> Any:
    """The constant as the field's type. A duration may be written as plain seconds."""
    try:
        if scalar is SCALARS[int]:
            return SCALARS[float].read(text)
        if scalar is SCALARS[Duration] and not text.endswith("s"):
            return timedelta(seconds=SCALARS[float].read(text))
        return scalar.read(text)
    except (ValueError, OverflowError):
        raise InvalidArgument(f"Invalid filter: {text!r} does not fit the field ({scalar.label}).") from None
