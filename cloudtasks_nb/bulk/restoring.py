"""The step that creates tasks out of a backup: those that are there stay, and names that are used up are renewed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..errors import AlreadyExists, CloudTasksError, NotFound
from ..model.task import Task
from ..names import parse_task
from ..rest.session import Session
from .items import Item, recreated
from .steps import TASKS, Outcome, Wait, creating

if TYPE_CHECKING:
    from ..resources.queue import Queue

_USED_UP = "existed too recently"
_LONGEST_KEPT = 470
_RENEWALS = 5


class Restoring:
    """Creates tasks under the ids they had. An id that a finished task used up is followed by the backup's own sign, so
    that restoring again, after an interrupt, still creates no task twice."""

    repeatable = True
    changes = True
    done_when_repeated = "ALREADY_EXISTS"

    def __init__(self, session: Session, queue: Queue, sign: str | None) -> None:
        self._session = session
        self._queue = queue
        self._sign = sign
        self._create = creating(session, queue.name)

    @property
    def most(self) -> int:
        return self._create.most

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]:
        outcomes = self._create(items, wait)
        for renewal in range(1, _RENEWALS + 1):
            taken = [
                at
                for at, outcome in enumerate(outcomes)
                # After a lost answer it is there because of that; otherwise it has to be looked at.
                if isinstance(outcome, AlreadyExists) and not items[at].uncertain
            ]
            renewed = []
            for at in taken:
                outcomes[at] = self._there(items[at], outcomes[at])
                if outcomes[at] is _RENEW:
                    self._rename(items[at], renewal)
                    renewed.append(at)
            if not renewed:
                break
            for at, outcome in zip(renewed, self._create([items[at] for at in renewed], wait), strict=True):
                outcomes[at] = outcome
        return outcomes

    def _there(self, item: Item, refused: Outcome) -> Outcome:
        """What a taken name means: this very task (None), another one, or one that is gone (_RENEW)."""
        assert refused is not None and item.task is not None  # noqa: S101 - what the caller has sorted out
        used_up = _USED_UP in refused.message
        if not used_up:
            try:
                query = {"responseView": "FULL"}
                there = self._session.call(f"{TASKS}.get", Task, path={"name": item.name}, query=query)
                return None if self._same(there, item.task) else refused
            except NotFound:
                used_up = True
            except CloudTasksError as error:
                return error
        return _RENEW if self._sign is not None else refused

    def _same(self, there: Task, asked: Task) -> bool:
        """Whether they do the same; the service may have added headers."""
        ours = recreated(there, self._queue._parsed, parse_task(asked.name).task)
        headers = {key.lower(): value for key, value in there.headers.items()}
        return (
            (ours.kind, there.url, there.method, there.payload or b"", there.tag)
            == (asked.kind, asked.url, asked.method, asked.payload or b"", asked.tag)
        ) and all(headers.get(key.lower()) == value for key, value in asked.headers.items())

    def _rename(self, item: Item, renewal: int) -> None:
        assert item.task is not None  # noqa: S101 - a backup has whole tasks
        mark = f"-{self._sign}r{renewal}"
        old = item.name.rpartition("/")[2]
        old = old.rpartition(f"-{self._sign}r")[0] or old
        item.name = f"{self._queue.name}/tasks/{old[:_LONGEST_KEPT]}{mark}"
        item.task = replace(item.task, name=item.name)


_RENEW = AlreadyExists("The name was used too recently.")
