"""Parse the text of a query into terms, and write terms as text. (pure)"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from msgspec import Struct

from ..errors import QueryError

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip
"""The comparison signs."""

_SEGMENT = r'(?:"(?:[^"\\]|\\.)*"|[^\s":=<>,.\\]+)'
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
# A field, and everything before its values: "code:", "attempts>=", "payload.customer.id:".
_HEAD = re.compile(
    rf"(?P<field>[^\W\d][\w-]*)(?P<path>(?:\.{_SEGMENT})*)(?P<sign>:?(?:>=|<=|>|<)|[:=])", re.DOTALL
)
_KEY = re.compile(_SEGMENT, re.DOTALL)
_ADDRESS = re.compile(r"[^\W\d][\w+.-]*://")
_WORD = re.compile(r"\S+")
_VALUE = re.compile(r'[^\s,"]+')
_PLAIN_VALUE = re.compile(r'[^\s,"\\<>=]+')
_PLAIN_KEY = re.compile(r'[^\s":=<>,.\\]+')


class Term(Struct, frozen=True):
    """One condition. Without a field, it is a text to find in everything that was read.

    `path` leads to a value in a JSON payload, `sign` is ":" or a comparison, and one of the `values` must match.
    """

    field: str
    values: tuple[str, ...]
    sign: str = ":"
    path: tuple[str, ...] = ()
    negative: bool = False

    @property
    def name(self) -> str:
        """The field and its path: "code", or "payload.customer.id"."""
        return ".".join([self.field, *(_written(key, _PLAIN_KEY) for key in self.path)])

    def __str__(self) -> str:
        if not self.field:
            return f"{'-' * self.negative}{_text(self.values[0])}"
        values = ",".join(_written(value, _PLAIN_VALUE) for value in self.values)
        return f"{'-' * self.negative}{self.name}{self.sign}{values}"


def read_terms(text: str) -> Iterator[Term]:
    """The terms of a query, fields in lower case. Errors: QueryError for text that cannot be read.

    >>> [str(term) for term in read_terms('Code:503,429 attempts>3 -"two words"')]
    ['code:503,429', 'attempts>3', '-"two words"']
    """
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        term, at = _term(text, at)
        yield term


def _term(text: str, at: int) -> tuple[Term, int]:
    """The term at this position, and its end."""
    start = at
    negative = text[at] == "-"
    at += negative
    if at == len(text) or text[at].isspace():
        raise QueryError(
            "A minus has no term after it.", hint='write what to exclude after the minus, such as "-code:503"'
        )
    head = None if _ADDRESS.match(text, at) else _HEAD.match(text, at)
    if head is None:
        value, at = _piece(text, at)
        return Term("", (value,), negative=negative), at
    values, at = _values(text, head.end(), text[start : head.end()])
    sign = ":" if head["sign"] in (":", "=") else head["sign"].lstrip(":")
    path = tuple(_unquoted(key) for key in _KEY.findall(head["path"]))
    if sign != ":" and len(values) > 1:
        raise QueryError(
            f"{head[0]} takes one value.", hint=f"such as {head[0]}{_written(values[0], _PLAIN_VALUE)}"
        )
    return Term(head["field"].casefold(), values, sign, path, negative), at


def _piece(text: str, at: int) -> tuple[str, int]:
    """A piece of text: in quotes, or up to the next space."""
    if text[at] == '"':
        return _quoted(text, at, "")
    word = _WORD.match(text, at)
    assert word is not None  # noqa: S101 - no space stands here
    return word[0], word.end()


def _values(text: str, at: int, head: str) -> tuple[tuple[str, ...], int]:
    """The values of a field, separated by commas."""
    values: list[str] = []
    while True:
        if text.startswith('"', at):
            value, at = _quoted(text, at, head)
        elif found := _VALUE.match(text, at):
            value, at = found[0], found.end()
        else:
            place = "a comma" if values else head
            raise QueryError(
                f"A value is missing after {place}", hint=f'write one without a space: {head}"two words"'
            )
        values.append(value)
        if not text.startswith(",", at):
            break
        at += 1
    if at < len(text) and not text[at].isspace():
        raise QueryError(
            f"A value of {head} has a quote inside.", hint=f'put the whole value in quotes: {head}"…"'
        )
    return tuple(values), at


def _quoted(text: str, at: int, head: str) -> tuple[str, int]:
    """The text between two quotes. Errors: QueryError without a closing quote, or for text directly after it."""
    found = _QUOTED.match(text, at)
    if found is None:
        raise QueryError("A quote is not closed.", hint='close it: "two words"')
    end = found.end()
    if end < len(text) and not text[end].isspace() and not (head and text[end] == ","):
        _runs_on(text, found, head)
    return _unquoted(found[0]), end


def _runs_on(text: str, found: re.Match[str], head: str) -> NoReturn:
    rest = text[found.end() :].split(maxsplit=1)[0]
    meant = rest[:1] in ":=<>" and head.lstrip("-") in ("", "payload:")
    hint = "put a space after the quote, or put all of it in one pair of quotes"
    if meant:
        key = _written(_unquoted(found[0]), _PLAIN_KEY)
        hint = f"write a key of the payload as payload.{key}{rest}"
    raise QueryError(f"{rest} directly follows a closing quote.", hint=hint)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL) if text.startswith('"') else text


def _written(value: str, plain: re.Pattern[str]) -> str:
    """A value, quoted if this is needed to parse it back."""
    return value if plain.fullmatch(value) else '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def _text(value: str) -> str:
    """A text, quoted if this is needed to parse it back."""
    is_word = _WORD.fullmatch(value) is not None and value[0] not in '-"'
    is_plain = is_word and (_ADDRESS.match(value) or not _HEAD.match(value))
    return value if is_plain else _written(value, re.compile(r"(?!)"))
