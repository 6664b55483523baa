"""Parses filters of log entries, in Cloud Logging's language. Source: SPEC section 11.4."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from ....errors import InvalidArgument
from ....model.schema import camel
from ..calls.expressions import Grammar, Test
from ..clock import to_us
from .entry import Entry

LONGEST = 20_000
_SEGMENT = r'(?:[A-Za-z_@][\w@/-]*|"(?:[^"\\]|\\.)*")'
_PATH = re.compile(rf"{_SEGMENT}(?:\.{_SEGMENT})*")
_SEGMENTS = re.compile(_SEGMENT)
_OPERATOR = re.compile(r"<=|>=|!=|=~|!~|<|>|=|:")
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s()"]+)')
_Order = Callable[[Any, Any], Any]
_ORDERINGS: dict[str, _Order] = {
    "<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
_SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
_INSTANTS = ("timestamp", "receiveTimestamp")
_UNDERSTOOD = (
    "The emulator supports comparisons of fields (=, !=, <, <=, >, >=, :, =~, !~), field:*, lists "
    '("a" OR "b"), AND, OR, NOT and parentheses.'
)


class Condition(Struct, frozen=True):
    """A comparison that every matching entry fulfils."""

    path: tuple[str, ...]
    sign: str
    values: tuple[str, ...]


class LogFilter(Struct, frozen=True):
    """A parsed filter, and conditions that all of its matches fulfil."""

    matches: Test
    necessary: tuple[Condition, ...] = ()

    def window_us(self) -> tuple[int, int]:
        """The time span of matching entries, both ends included."""
        first, last = 0, 1 << 62
        for one in self.necessary:
            if one.path == ("timestamp",) and one.sign in (">", ">=", "=", "<", "<="):
                at_us = _instant_us(one.values[0])
                first = max(first, at_us) if one.sign in (">", ">=", "=") else first
                last = min(last, at_us) if one.sign in ("<", "<=", "=") else last
        return first, last

    def wanted(self, *path: str) -> tuple[str, ...] | None:
        """The possible values of a field; None if the filter does not restrict it."""
        return next((one.values for one in self.necessary if one.path == path and one.sign == "="), None)


def parse_log_filter(text: str) -> LogFilter:
    """The filter that `text` describes; an empty one matches everything. Errors: InvalidArgument."""
    if len(text) > LONGEST:
        raise InvalidArgument(f"filter must have at most {LONGEST:,} characters, not {len(text):,}.")
    if not text.strip():
        return LogFilter(lambda entry: True)
    parser = _Parser(text)
    test = parser.read()
    return LogFilter(test, tuple(parser.necessary))


class _Parser(Grammar):
    understood = _UNDERSTOOD

    def comparison(self) -> Test:
        path = _segments(self.matched(_PATH)[0])
        sign = self.maybe(_OPERATOR)
        if sign is None:
            raise self.error()
        condition = Condition(path, sign[0], tuple(self._values()))
        self.necessary.append(condition)
        return _test(condition)

    def _values(self) -> Iterator[str]:
        if not self.take("("):
            yield self._value()
            return
        yield self._value()
        while self.word("OR"):
            yield self._value()
        if not self.take(")"):
            raise self.error()

    def _value(self) -> str:
        match = self.matched(_VALUE)
        return re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2]


def _segments(path: str) -> tuple[str, ...]:
    first, *rest = (
        re.sub(r"\\(.)", r"\1", segment[1:-1]) if segment.startswith('"') else segment
        for segment in _SEGMENTS.findall(path)
    )
    return (camel(first), *rest)


def _test(condition: Condition) -> Test:
    tests = [_one(condition.path, condition.sign, value) for value in condition.values]
    if len(tests) == 1:
        return tests[0]
    return lambda entry: any(test(entry) for test in tests)


def _one(path: tuple[str, ...], sign: str, wanted: str) -> Test:
    """A comparison with one value. A missing field matches none, not even !=."""
    if wanted == "*" and sign in (":", "="):
        return lambda entry: any(True for _ in found(entry, path))
    compare = _comparison(path, sign, wanted)
    return lambda entry: any(compare(value) for value in found(entry, path))


def _comparison(path: tuple[str, ...], sign: str, wanted: str) -> Test:
    if sign in ("=~", "!~"):
        return _by_pattern(wanted, finds=sign == "=~")
    if path[0] in _INSTANTS and len(path) == 1:
        instant_us = _instant_us(wanted)
        order: _Order = _ORDERINGS.get(sign, operator.eq)
        return lambda value: bool(order(_instant_us(value), instant_us))
    if path == ("severity",):
        rank = _rank(wanted)
        ranked: _Order = _ORDERINGS.get(sign, operator.eq)
        return lambda value: bool(ranked(_rank(value), rank))
    text, number = wanted.casefold(), _number(wanted)
    if sign == ":":
        return lambda value: text in _text(value)
    compared: _Order = _ORDERINGS[sign]
    return lambda value: (
        bool(compared(value, number))
        if number is not None and isinstance(value, int | float)
        else bool(compared(_text(value), text))
    )


def _by_pattern(wanted: str, *, finds: bool) -> Test:
    try:
        pattern = re.compile(wanted)
    except re.error as error:
        raise InvalidArgument(
            f"Invalid filter: {wanted[:60]!r} is not a regular expression: {error}."
        ) from None
    return lambda value: (pattern.search(str(value)) is not None) is finds


def found(entry: Entry, path: tuple[str, ...]) -> Iterator[Any]:
    """The values of a field; several if it is in a list."""
    values: list[Any] = [entry.content]
    for segment in path:
        values = [
            one[segment] for held in values for one in (held if isinstance(held, list) else [held])
            if isinstance(one, dict) and segment in one
        ]  # fmt: skip
    for value in values:
        yield from value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value).casefold()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _rank(severity: str) -> int:
    name = severity.upper()
    if name not in _SEVERITIES:
        raise InvalidArgument(
            f"Invalid filter: {severity[:60]!r} is not a severity. Use one of {', '.join(_SEVERITIES)}."
        )
    return _SEVERITIES.index(name)


def _instant_us(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        return to_us(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise InvalidArgument(
            f'Invalid filter: {text[:60]!r} is not a time such as "2026-03-01T12:00:00Z".'
        ) from None
