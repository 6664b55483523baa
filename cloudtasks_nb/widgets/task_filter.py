"""Which tasks does a filter such as `is:due code:503 -tag:red ada` let through? (pure)"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from ..model import Task
from ..render.queue import KIND_WORDS
from ..render.status import status_badge
from ..render.task import is_leased
from ..render.visible import elided, shown

TAGS_OFFERED = 8

_TERM = re.compile(
    r'(?P<minus>-?)(?:(?P<field>is|kind|code|tag|method|id|url|payload):)?(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>\S+))'
)


class Term(Struct, frozen=True):
    """One condition. Without a field it is a piece of text, looked for in everything that was read."""

    field: str
    value: str
    negative: bool = False

    def __str__(self) -> str:
        is_bare = re.fullmatch(r'[^\s"\\-][^\s"\\]*', self.value) is not None
        is_bare = is_bare and (bool(self.field) or _TERM.fullmatch(self.value)["field"] is None)  # type: ignore[index]
        value = self.value if is_bare else '"' + re.sub(r'(["\\])', r"\\\1", self.value) + '"'
        return f"{'-' * self.negative}{self.field}{':' * bool(self.field)}{value}"


class TaskFilter(Struct, frozen=True):
    """Terms that a task must meet: one of those for each field, every piece of text, and none with a minus.

    >>> str(TaskFilter.of('is:due -code:503  "two words"'))
    'is:due -code:503 "two words"'
    """

    terms: tuple[Term, ...] = ()

    @classmethod
    def of(cls, text: str) -> TaskFilter:
        """A filter as it is typed. Whatever is typed means something, so there are no errors."""
        found = _TERM.finditer(text)
        return cls(tuple(_term(match) for match in found))

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    @property
    def needs_payloads(self) -> bool:
        """Whether it can only be answered for tasks that were read with view FULL."""
        return any(term.field == "payload" for term in self.terms)

    def mode(self, field: str, value: str) -> str:
        """What it says of a value: "only", "without", or "" when it says nothing."""
        said = {term.negative for term in self.terms if _same(term, field, value)}
        return "" if not said else "without" if True in said else "only"

    def toggled(self, field: str, value: str) -> TaskFilter:
        """The next one in a round: only tasks with this value, tasks without it, either."""
        others = tuple(term for term in self.terms if not _same(term, field, value))
        match self.mode(field, value):
            case "":
                return TaskFilter((*others, Term(field, value)))
            case "only":
                return TaskFilter((*others, Term(field, value, negative=True)))
            case _:
                return TaskFilter(others)

    def places(self, tasks: Sequence[Task], now: datetime) -> list[int]:
        """Where the tasks stand that it lets through."""
        wanted: dict[str, list[Term]] = {}
        for term in self.terms:
            if not term.negative:
                wanted.setdefault(term.field, []).append(term)
        texts = [[term] for term in wanted.pop("", [])]
        groups = [*wanted.values(), *texts]
        refused = [term for term in self.terms if term.negative]
        return [
            at
            for at, task in enumerate(tasks)
            if all(any(_meets(task, term, now) for term in group) for group in groups)
            and not any(_meets(task, term, now) for term in refused)
        ]


class Facet(Struct, frozen=True):
    """A value that some of the tasks have, and how many do."""

    field: str
    value: str
    label: str
    count: int
    tone: str = ""


def facets(tasks: Iterable[Task], now: datetime) -> list[Facet]:
    """What tasks can be told apart by: when they are due, how they ended, their kinds and most frequent tags."""
    states, outcomes, kinds, tags = (
        Counter[str](),
        Counter[tuple[str, str, str]](),
        Counter[str](),
        Counter[str](),
    )
    for task in tasks:
        states[state_of(task, now)] += 1
        kinds[task.kind] += 1
        outcomes[_outcome(task)] += 1
        if task.tag:
            tags[task.tag] += 1
    answered = set(outcomes) != {_NO_ANSWER}
    return [
        *(
            Facet("is", state, state, states[state])
            for state in ("due", "scheduled", "leased")
            if states[state]
        ),
        *(
            Facet("code", value, label, count, tone)
            for (value, label, tone), count in outcomes.most_common()
            if answered
        ),
        *(Facet("kind", kind, KIND_WORDS[kind], count) for kind, count in kinds.items() if len(kinds) > 1),
        *(Facet("tag", tag, elided(shown(tag), 24), count) for tag, count in tags.most_common(TAGS_OFFERED)),
    ]


def state_of(task: Task, now: datetime) -> str:
    """ "leased" (a worker holds it), "scheduled" (for later) or "due"."""
    if is_leased(task, now):
        return "leased"
    return "scheduled" if task.schedule_time is not None and task.schedule_time > now else "due"


_NO_ANSWER = ("none", "no answer yet", "")


def _outcome(task: Task) -> tuple[str, str, str]:
    """How the last answered attempt ended: as a value of `code:`, in words, and good or bad."""
    status = task.last_status
    if status is None:
        return _NO_ANSWER
    badge = status_badge(status)
    return badge.text.partition(" → ")[0], badge.text, badge.tone


def _term(match: re.Match[str]) -> Term:
    quoted = match["quoted"]
    value = match["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    return Term(match["field"] or "", value, bool(match["minus"]))


def _same(term: Term, field: str, value: str) -> bool:
    return term.field == field and term.value.casefold() == value.casefold()


def _meets(task: Task, term: Term, now: datetime) -> bool:
    value = term.value.casefold()
    match term.field:
        case "is":
            return state_of(task, now) == value
        case "code":
            return value in _codes(task)
        case field if field in _TESTS:
            return bool(_TESTS[field](task, value))
        case _:
            held = (task.id, task.url or "", task.tag or "", _message(task))
            return any(value in text.casefold() for text in held) or _in_payload(task, value)


def _codes(task: Task) -> tuple[str, ...]:
    status = task.last_status
    if status is None:
        return ("none",)
    words = _outcome(task)[0].casefold(), status.code_name.casefold(), str(status.code)
    return words if status.code == 0 else (*words, "error")


def _message(task: Task) -> str:
    return task.last_status.message if task.last_status is not None else ""


def _in_payload(task: Task, value: str) -> bool:
    return bool(task.payload) and value in (task.payload or b"").decode("utf-8", "replace").casefold()


_TESTS: dict[str, Callable[[Task, str], Any]] = {
    "kind": lambda task, value: task.kind == value.replace(" ", "_"),
    "tag": lambda task, value: (task.tag or "").casefold() == value,
    "method": lambda task, value: (task.method or "").casefold() == value,
    "id": lambda task, value: value in task.id.casefold(),
    "url": lambda task, value: value in (task.url or "").casefold(),
    "payload": _in_payload,
}
