"""The step that re-creates tasks under their old ids. If an id exists, it checks which task has it."""

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
    """Re-creates tasks under their old ids. Other clients may have used an id, so ALREADY_EXISTS does not prove that we
    created the task, even after a lost response.

    With `resumes`, an existing task that is the `same` counts as created, so that the call can be repeated after an
    interrupt; otherwise only after a lost response. If an id is blocked, `sign` is appended to it, if set: always the
    same sign, so that a repetition creates no task twice.
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
        """The indexes of the tasks that exist under new ids."""

    @property
    def most(self) -> int:
        return self._create.most

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]:
        outcomes = self._create(items, wait)
        for item, outcome in zip(items, outcomes, strict=True):
            item.apart = item.apart or outcome is None  # no task had this name
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
        """Read the tasks that have these names: the same task (None), another one, or one that is gone."""
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
        assert item.task is not None  # noqa: S101 - the task to create
        old = item.name.rpartition("/")[2]
        old = old.rpartition(f"-{self._sign}r")[0] or old
        item.name = f"{self._queue}/tasks/{old[:_LONGEST_KEPT]}-{self._sign}r{renewal}"
        item.task = replace(item.task, name=item.name)
        return item


def _may_be_its_source(there: Task, item: Item) -> AlreadyExists | None:
    """Raise for a task that may be the source of the copy. Names prove nothing, because two names can mean one queue (a
    project's number and its id, two endpoints, a gateway). Tasks have a creation time in seconds: a different time
    means another task."""
    if (
        not item.source
        or item.apart
        or (there.create_time != item.created and None not in (there.create_time, item.created))
    ):
        return None
    return AlreadyExists(
        "A task of this name was created there in the same second: it may be the same task.",
        hint="if that is another queue, delete one of the two tasks; new_ids=True gives copies new ids",
    )


def does_the_same(there: Task, asked: Task) -> bool:
    """Whether two tasks have the same request, at any time. The service may have added headers to the existing one."""
    headers = {key.lower(): value for key, value in there.headers.items()}
    return (
        (there.kind, there.url, there.method, there.payload or b"", there.tag)
        == (asked.kind, asked.url, asked.method, asked.payload or b"", asked.tag)
    ) and all(headers.get(key.lower()) == value for key, value in asked.headers.items())


def is_copy(now: Callable[[], datetime]) -> Callable[[Task, Task], bool]:
    """Whether two tasks have the same request and due time. All due tasks count as due at the same time."""

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
