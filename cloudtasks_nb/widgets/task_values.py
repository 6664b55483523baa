"""The most frequent values of a field, and the tasks that have each of them. (pure)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime

from msgspec import Struct

from ..model import Task
from ..model.task import state_of
from ..query.fields import condition_of
from ..query.grammar import Term
from ..query.masks import Mask, mask_of_flags
from ..render.queue import KIND_WORDS
from ..render.status import status_badge
from ..visible import elided, shown

OFFERED = 8
_PATHS = 20  # more distinct paths probably contain ids: then only hosts are shown
_LABEL = 40


class Value(Struct, frozen=True):
    """A query value, its label, and the tasks that match it."""

    value: str
    label: str
    mask: Mask
    tone: str = ""


Said = tuple[str, str, str]
"""A query value, its label and its tone."""


def values_of(field: str, tasks: Sequence[Task], now: datetime) -> list[Value]:
    """The most frequent values of a field. The query's own conditions count the tasks, so counts and clicks agree."""
    key, said = _KEYS[field]
    first: dict[Hashable, int] = {}  # the first task of each distinct key
    codes = [first.setdefault(key(task, now), at) for at, task in enumerate(tasks)]
    ways = said([tasks[at] for at in first.values()], now)
    counts = Counter[Said]()
    many = Counter(codes)
    for at, way in zip(first.values(), ways, strict=True):
        if way is not None and way[0]:
            counts[way] += many[at]
    return [
        Value(value, label, _having(field, value, tasks, codes, now), tone)
        for (value, label, tone), _ in counts.most_common(OFFERED)
    ]


def _having(field: str, value: str, tasks: Sequence[Task], codes: Sequence[int], now: datetime) -> Mask:
    """The tasks that match a term, tested once for all tasks with the same key."""
    test = condition_of(Term(field, (value,)))
    fits = {at: test(tasks[at], now) for at in set(codes)}
    return mask_of_flags(bytes(map(fits.__getitem__, codes)))


Ways = Callable[[Sequence[Task], datetime], list[Said | None]]


def _each(said: Callable[[Task, datetime], Said | None]) -> Ways:
    return lambda tasks, now: [said(task, now) for task in tasks]


def _status_key(task: Task, now: datetime) -> Hashable:
    status = task.last_status
    return status and (status.code, status.http_status)


def _outcome(task: Task, now: datetime) -> Said:
    """How the last attempt with a response ended."""
    status = task.last_status
    if status is None:
        return "none", "no response yet", ""
    badge = status_badge(status)
    return badge.text.partition(" → ")[0], badge.text, badge.tone


def _tag(task: Task, now: datetime) -> Said | None:
    return (task.tag, elided(shown(task.tag), 24), "") if task.tag else None


def _method(task: Task, now: datetime) -> Said | None:
    method = (task.method or "").upper()
    return (method, method, "") if method else None


def _targets(tasks: Sequence[Task], now: datetime) -> list[Said | None]:
    """Host and path without parts that may be secret; only hosts if there are too many paths."""
    places = [_place(task.url or "") for task in tasks]
    if len(set(places)) > _PATHS:
        places = [f"{place.partition('/')[0]}/" for place in places]
    return [(place, elided(place, _LABEL), "") if place == shown(place) else None for place in places]


def _place(url: str) -> str:
    beyond = url.split("?", 1)[0].split("#", 1)[0].partition("://")[2] or url.split("?", 1)[0]
    host, slash, path = beyond.partition("/")
    return f"{host.rpartition('@')[2]}{slash}{path}"


_KEYS: dict[str, tuple[Callable[[Task, datetime], Hashable], Ways]] = {
    "is": (state_of, _each(lambda task, now: (state := state_of(task, now), state, ""))),
    "code": (_status_key, _each(_outcome)),
    "kind": (lambda task, now: task.kind, _each(lambda task, now: (task.kind, KIND_WORDS[task.kind], ""))),
    "tag": (lambda task, now: task.tag, _each(_tag)),
    "method": (lambda task, now: task.method, _each(_method)),
    "url": (lambda task, now: task.url, _targets),
}
