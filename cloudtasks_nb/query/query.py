"""A query, and the tasks that match it. (pure)"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from ..errors import QueryError, kind_of
from ..model import Task
from .fields import Condition, condition_of
from .grammar import Term, read_terms
from .masks import Mask, mask_of


class Query(Struct, frozen=True):
    """Terms that a task must match: every field (with one of its values), every text, and no term with a minus.

    >>> str(Query.of('is:due -code:503,429  "two words"'))
    'is:due -code:503,429 "two words"'
    """

    terms: tuple[Term, ...] = ()

    @classmethod
    def of(cls, text: str) -> Query:
        """Parse a query. Errors: QueryError for an invalid one, with the closest valid term."""
        if not isinstance(text, str):
            raise QueryError(f"A query must be text, not {kind_of(text)}.", hint='such as "code:503 tag:red"')
        query = cls(tuple(read_terms(text)))
        for term in query.terms:
            condition_of(term)
        return query

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def needs_payloads(self) -> bool:
        """Whether it needs tasks that were read with view FULL."""
        return any(term.field == "payload" for term in self.terms)

    def check_payloads(self, view: str, hint: str) -> None:
        """Raise QueryError if the query needs payloads and `view` does not include them."""
        if self.needs_payloads and view != "FULL":
            term = next(term for term in self.terms if term.field == "payload")
            raise QueryError(f"{term} needs payloads, but the tasks were listed without them.", hint=hint)

    def mode(self, field: str, value: str) -> str:
        """How the query uses a value: "only", "without", or "" if it does not use it."""
        said = {term.negative for term in self.terms if _names(term, field, value)}
        return "" if not said else "without" if True in said else "only"

    def toggled(self, field: str, value: str) -> Query:
        """The next query in a cycle: only tasks with this value, tasks without it, both. Errors: QueryError."""
        mode = self.mode(field, value)
        others = [_without(term, value) if _names(term, field, value) else term for term in self.terms]
        kept = tuple(term for term in others if term.values)
        if mode == "without":
            return Query(kept)
        added = Term(field, (value,), negative=mode == "only")
        condition_of(added)
        return Query((*kept, added))

    def between(self, field: str, low: str = "", high: str = "") -> Query:
        """The query with a new range of a field: at least `low`, less than `high`. Without both, any value matches.

        Errors: QueryError for a field or a value that cannot be compared.

        >>> str(Query.of("attempts:0 is:due").between("attempts", "2", "5"))
        'is:due attempts>=2 attempts<5'
        """
        kept = (term for term in self.terms if term.field != field or term.path)
        added = [Term(field, (value,), sign) for sign, value in ((">=", low), ("<", high)) if value]
        for term in added:
            condition_of(term)
        return Query((*kept, *added))

    def places(self, tasks: Sequence[Task], now: datetime) -> list[int]:
        """The positions of the tasks that match."""
        tests = [test for _, test in self._tests()]
        return [at for at, task in enumerate(tasks) if all(test(task, now) for test in tests)]

    def masks(self, tasks: Sequence[Task], now: datetime) -> dict[str, Mask]:
        """For each field, the tasks that match all its terms; the texts are under "".

        The tasks in every mask match the query. Without the mask of a field, they match all other fields.
        """
        masks: dict[str, Mask] = {}
        for field, test in self._tests():
            masks[field] = masks.get(field, -1) & mask_of(test, tasks, now)
        return masks

    def _tests(self) -> list[tuple[str, Condition]]:
        """Conditions that must all hold, each with its field."""
        groups: dict[object, tuple[str, list[Condition]]] = {}
        for at, term in enumerate(self.terms):
            # only the values after ":" are alternatives
            is_choice = term.field and term.sign == ":" and not term.negative
            _, tests = groups.setdefault((term.field, term.path) if is_choice else at, (term.field, []))
            tests.append(_not(condition_of(term)) if term.negative else condition_of(term))
        return [(field, tests[0] if len(tests) == 1 else _any(tests)) for field, tests in groups.values()]


def _not(test: Condition) -> Condition:
    return lambda task, now: not test(task, now)


def _any(tests: Sequence[Condition]) -> Condition:
    return lambda task, now: any(test(task, now) for test in tests)


def _names(term: Term, field: str, value: str) -> bool:
    is_plain = term.field == field and term.sign == ":" and not term.path
    return is_plain and value.casefold() in (one.casefold() for one in term.values)


def _without(term: Term, value: str) -> Term:
    """The term without one of its values; without any value, it has no effect."""
    kept = tuple(one for one in term.values if one.casefold() != value.casefold())
    return Term(term.field, kept, term.sign, term.path, term.negative)
