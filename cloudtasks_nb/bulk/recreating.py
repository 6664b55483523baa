"""The step that creates tasks under ids which they had before: what is there under such an id already is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from ..errors import AlreadyExists, NotFound
from ..model.task import Task
from ..names import QueueName
from ..rest.session import Session
from .items import Item
from .steps import Effect, Outcome, Wait, creating, reading

USED_UP = "existed too recently"
_LONGEST_KEPT = 470
_RENEWALS = 5


class Recreating:
    """Creates tasks under the ids they had, which others may have used: that one is there says nothing by itself, not
    even after a lost answer.

    With `resumes`, a task that is there and the `same` has been created, so that all of it may be done again after an
    interrupt; without, only after a lost answer. An id that is used up is followed by `sign`, where there is one: the
    same one each time, so that doing it again still creates no task twice.
    """

    effect = Effect("create")

    def __init__(
        self,
        session: Session,
        queue: QueueName,
        same: Callable[[Task, Task], bool],
        *,
        resumes: bool,
        sign: str | None = None,
    ) -> None:
        self._queue = queue
        self._same = same
        self._resumes = resumes
        self._sign = sign
        self._create = creating(session, str(queue))
        self._look = reading(session, self._saw, lambda item: item.name)
        self._there: dict[int, Task] = {}
        self.renewed: set[int] = set()
        """The places of the tasks that are there under new ids."""

    @property
    def most(self) -> int:
        return self._create.most

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]:
        outcomes = self._create(items, wait)
        for item, outcome in zip(items, outcomes, strict=True):
            item.apart = item.apart or outcome is None  # there was none of this name
        for renewal in range(1, _RENEWALS + 1):
            self._find(items, outcomes, wait)
            used_up = [at for at, outcome in enumerate(outcomes) if self._is_to_be_renewed(outcome)]
            if not used_up:
                break
            renewed = [self._renamed(items[at], renewal) for at in used_up]
            for at, outcome in zip(used_up, self._create(renewed, wait), strict=True):
                outcomes[at] = outcome
        done = zip(items, outcomes, strict=True)
        self.renewed.update(
            item.index for item, outcome in done if outcome is None and self._has_new_id(item)
        )
        return outcomes

    def _has_new_id(self, item: Item) -> bool:
        return self._sign is not None and f"-{self._sign}r" in item.name

    def _find(self, items: Sequence[Item], outcomes: list[Outcome], wait: Wait) -> None:
        """Look at what has the names that are taken: the same task (None), another one, or one that is gone."""
        taken = [
            at
            for at, outcome in enumerate(outcomes)
            if isinstance(outcome, AlreadyExists)
            and USED_UP not in outcome.message
            and (self._resumes or self.effect.name in items[at].uncertain)
        ]
        for at, outcome in zip(taken, self._look([items[at] for at in taken], wait), strict=True):
            there, asked = self._there.pop(items[at].index, None), items[at].task
            if isinstance(outcome, NotFound):
                outcomes[at] = AlreadyExists(f"A task of this name {USED_UP}.")
            elif outcome is not None:
                outcomes[at] = outcome
            elif there is not None and asked is not None and self._same(there, asked):
                outcomes[at] = _may_be_its_source(there, items[at])

    def _saw(self, item: Item, there: Task) -> None:
        self._there[item.index] = there

    def _is_to_be_renewed(self, outcome: Outcome) -> bool:
        return self._sign is not None and isinstance(outcome, AlreadyExists) and USED_UP in outcome.message

    def _renamed(self, item: Item, renewal: int) -> Item:
        assert item.task is not None  # noqa: S101 - it was to be created
        old = item.name.rpartition("/")[2]
        old = old.rpartition(f"-{self._sign}r")[0] or old
        item.name = f"{self._queue}/tasks/{old[:_LONGEST_KEPT]}-{self._sign}r{renewal}"
        item.task = replace(item.task, name=item.name)
        return item


def _may_be_its_source(there: Task, item: Item) -> AlreadyExists | None:
    """Refuse a task that may be the one that is copied: names prove nothing, because two of them may mean one queue (a
    project's number and its id, two endpoints, a gateway). A task keeps the second in which it was created, so one that
    was created in another second is another task."""
    if (
        not item.source
        or item.apart
        or (there.create_time != item.created and None not in (there.create_time, item.created))
    ):
        return None
    return AlreadyExists(
        "A task of this name was created there in the same second: it may be this very task.",
        hint="if that is another queue, delete one of both; new_ids=True gives copies ids of their own",
    )


def does_the_same(there: Task, asked: Task) -> bool:
    """Whether two tasks do the same, at whatever time; the service may have added headers to the one that is there."""
    headers = {key.lower(): value for key, value in there.headers.items()}
    return (
        (there.kind, there.url, there.method, there.payload or b"", there.tag)
        == (asked.kind, asked.url, asked.method, asked.payload or b"", asked.tag)
    ) and all(headers.get(key.lower()) == value for key, value in asked.headers.items())


def is_copy(now: Callable[[], datetime]) -> Callable[[Task, Task], bool]:
    """Whether two tasks do the same in the same way, at the same time; all that are due are due at the same time."""

    def way(task: Task) -> tuple[Any, ...]:
        when, http, app = task.schedule_time, task.http_request, task.app_engine_http_request
        return (
            None if when is None or when <= now() else when,
            task.retry_config,
            task.dispatch_deadline,
            (http.oidc_token, http.oauth_token) if http is not None else None,
            replace(app.app_engine_routing, host="") if app is not None and app.app_engine_routing else None,
        )

    return lambda there, asked: does_the_same(there, asked) and way(there) == way(asked)
