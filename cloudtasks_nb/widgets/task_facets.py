"""What can tasks be told apart by: the values that a filter offers, and how many tasks have each? (pure)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from ..model import Task
from ..model.task import state_of
from ..render.queue import KIND_WORDS
from ..render.status import status_badge
from ..render.visible import elided, shown

TAGS_OFFERED = 8


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


_NO_ANSWER = ("none", "no answer yet", "")


def _outcome(task: Task) -> tuple[str, str, str]:
    """How the last answered attempt ended: as a value of `code:`, in words, and good or bad."""
    status = task.last_status
    if status is None:
        return _NO_ANSWER
    badge = status_badge(status)
    return badge.text.partition(" → ")[0], badge.text, badge.tone
