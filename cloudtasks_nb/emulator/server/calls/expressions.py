"""The grammar of all filters of Google's APIs: comparisons joined by AND, OR, NOT and parentheses.

OR binds tighter than AND, and AND may be omitted. Each filter language defines its own comparisons.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ....errors import InvalidArgument

Test = Callable[[Any], bool]

_MAX_DEPTH = 50


class Grammar:
    """Parses a filter into one test of an object. `understood` describes the language in errors.

    A comparison may add to `necessary` what it demands. After read(), it holds the demands that every match fulfils:
    those under NOT and OR are removed.
    """

    understood = ""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.necessary: list[Any] = []

    def read(self) -> Test:
        """The test for the whole text. Errors: InvalidArgument."""
        test = self.conjunction()
        if not self.at_end():
            raise self.error()
        return test

    def comparison(self) -> Test:
        """Parses one comparison."""
        raise NotImplementedError

    def error(self) -> InvalidArgument:
        """The error for unreadable text, with its position."""
        said = f"Invalid filter: cannot read {self.text[self.at :][:60]!r} in {self.text[:200]!r}."
        return InvalidArgument(f"{said} {self.understood}".rstrip())

    def conjunction(self) -> Test:
        tests = [self.disjunction()]
        while not self.at_end() and not self.sees(")"):
            self.word("AND")
            tests.append(self.disjunction())
        return lambda one: all(test(one) for test in tests)

    def disjunction(self) -> Test:
        mark = len(self.necessary)
        tests = [self.negation()]
        while self.word("OR"):
            tests.append(self.negation())
        if len(tests) == 1:
            return tests[0]
        del self.necessary[mark:]
        return lambda one: any(test(one) for test in tests)

    def negation(self) -> Test:
        mark = len(self.necessary)
        if not (self.word("NOT") or self.take("-")):
            return self.term()
        test = self.term()
        del self.necessary[mark:]
        return lambda one: not test(one)

    def term(self) -> Test:
        if not self.take("("):
            return self.comparison()
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self.error()
        test = self.conjunction()
        if not self.take(")"):
            raise self.error()
        self.depth -= 1
        return test

    def at_end(self) -> bool:
        self.skip()
        return self.at >= len(self.text)

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def sees(self, sign: str) -> bool:
        self.skip()
        return self.text.startswith(sign, self.at)

    def take(self, sign: str) -> bool:
        seen = self.sees(sign)
        self.at += len(sign) * seen
        return seen

    def word(self, word: str) -> bool:
        self.skip()
        match = re.compile(rf"{word}(?=[\s(])").match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match is not None

    def matched(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = self.maybe(pattern)
        if match is None:
            raise self.error()
        return match

    def maybe(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        self.skip()
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match is not None else self.at
        return match
