"""Parses filters of Cloud Monitoring: the metric, the resources, the labels. Source: SPEC section 11.2."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from ....errors import InvalidArgument
from ..calls.expressions import Grammar, Test

_PATH = re.compile(r'[A-Za-z_]\w*(?:\.(?:[A-Za-z_]\w*|"[^"]*"))*')
_SIGN = re.compile(r"!=|=|:|>=|<=|>|<")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'|([\w.\-/*]+)')
_FUNCTION = re.compile(r"(starts_with|ends_with|has_substring|one_of|monitoring\.regex\.full_match)\s*\(")
_FIELDS = re.compile(r"(metric|resource)\.(type|labels?\.\w+)|project")
_UNDERSTOOD = (
    "The emulator supports metric.type, resource.type, metric.labels.X, resource.labels.X and project with =, != or "
    ": and a text, starts_with, ends_with, has_substring, one_of or monitoring.regex.full_match, joined by AND, OR, "
    "NOT and parentheses."
)


class Labelled(Struct, frozen=True):
    """The fields that a filter reads, such as "metric.type" and "resource.labels.queue_id", with their values."""

    fields: dict[str, str]


class MetricFilter(Struct, frozen=True):
    """A parsed filter. `wanted`: field values that every match has, as far as the filter states them directly."""

    matches: Test
    wanted: dict[str, tuple[str, ...]] = {}
    types: tuple[str, ...] = ()


def parse_metric_filter(text: str) -> MetricFilter:
    """The filter that `text` describes; an empty one matches everything. Errors: InvalidArgument."""
    if not text.strip():
        return MetricFilter(lambda one: True)
    parser = _Parser(text)
    test = parser.read()
    return MetricFilter(test, dict(reversed(parser.necessary)), tuple(parser.types))


def field_name(path: str) -> str:
    """A path in its long form. Errors: InvalidArgument."""
    plain = path.replace('"', "")
    if not _FIELDS.fullmatch(plain):
        raise InvalidArgument(f"'{path[:80]}' is not a supported field. {_UNDERSTOOD}")
    return plain.replace(".label.", ".labels.")


class _Parser(Grammar):
    understood = _UNDERSTOOD

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.types: list[str] = []

    def comparison(self) -> Test:
        field = field_name(self.matched(_PATH)[0])
        sign = self.matched(_SIGN)[0]
        if sign not in ("=", "!=", ":"):
            raise self.error()
        function = self.maybe(_FUNCTION)
        if function is not None:
            return self._called(field, sign, function[1])
        value = self._text()
        if sign == ":":
            return lambda one: value in one.fields.get(field, "")
        if sign == "=":
            self._note(field, (value,))
            return lambda one: one.fields.get(field) == value
        return lambda one: field in one.fields and one.fields[field] != value

    def _called(self, field: str, sign: str, function: str) -> Test:
        values = [self._text()]
        while self.take(","):
            values.append(self._text())
        if not self.take(")") or sign == ":" or (len(values) > 1 and function != "one_of"):
            raise self.error()
        if function == "one_of" and sign == "=":
            self._note(field, tuple(values))
        holds = _FUNCTIONS[function](values)
        wanted = sign == "="
        return lambda one: field in one.fields and bool(holds(one.fields[field])) is wanted

    def _note(self, field: str, values: tuple[str, ...]) -> None:
        self.necessary.append((field, values))
        if field == "metric.type":
            self.types += values

    def _text(self) -> str:
        match = self.matched(_TEXT)
        held = next(group for group in match.groups() if group is not None)
        return re.sub(r"\\(.)", r"\1", held)


def _full_match(values: list[str]) -> Callable[[str], object]:
    try:
        return re.compile(values[0]).fullmatch
    except re.error as error:
        raise InvalidArgument(
            f"Invalid filter: {values[0][:60]!r} is not a regular expression: {error}."
        ) from None


_FUNCTIONS: dict[str, Callable[[list[str]], Callable[[str], object]]] = {
    "starts_with": lambda values: lambda text: text.startswith(values[0]),
    "ends_with": lambda values: lambda text: text.endswith(values[0]),
    "has_substring": lambda values: lambda text: values[0] in text,
    "one_of": lambda values: lambda text: text in values,
    "monitoring.regex.full_match": _full_match,
}
