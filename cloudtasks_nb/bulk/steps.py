"""The calls that bulk verbs are made of. A step tries a few items once, and says of each how it went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..errors import BY_RPC_CODE, ApiError, CloudTasksError, NotFound, Timeout, Unimplemented, Unknown
from ..model.json import decode
from ..model.messages import (
    AcknowledgeTaskRequest,
    BatchCreateTasksRequest,
    BatchDeleteTasksRequest,
    CreateTaskRequest,
    Empty,
    RunTaskRequest,
)
from ..model.operation import Operation
from ..model.status import Status
from ..model.task import Task
from ..rest.session import Session
from .items import Item

TASKS = "projects.locations.queues.tasks"
MOST_CREATED, MOST_DELETED = 100, 1000
_FINISHED_IN_A_ROW = 10
_FIRST_LOOK_S, _LONGEST_LOOK_S, _OPERATION_S = 0.1, 5.0, 600.0

Outcome = CloudTasksError | None
Wait = Callable[[float], bool]
"""Waits so many seconds; False when the whole call is to end instead."""


class Step(Protocol):
    """`repeatable`: trying twice does no more than trying once. `done_when_repeated`: the refusal that means, after a
    try without an answer, that this try had succeeded. `changes`: it does more than to look. `most`: how many items
    one call takes."""

    @property
    def repeatable(self) -> bool: ...

    @property
    def done_when_repeated(self) -> str | None: ...

    @property
    def changes(self) -> bool: ...

    @property
    def most(self) -> int: ...

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]: ...


class _BatchAnswer(Operation):
    """An operation whose response, which may hold a hundred tasks, is not looked at."""

    response: Any = None

    def __post_init__(self) -> None:
        self.response = None


class Each:
    """One call per item."""

    def __init__(
        self,
        call: Callable[[Item], object],
        *,
        repeatable: bool,
        done_when_repeated: str | None = None,
        changes: bool = True,
        most: int = 1,
    ) -> None:
        self._call = call
        self.changes = changes
        self.most = most
        self.repeatable = repeatable
        self.done_when_repeated = done_when_repeated

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]:
        return [self._outcome(item) for item in items]

    def _outcome(self, item: Item) -> Outcome:
        try:
            self._call(item)
        except CloudTasksError as error:
            return error
        return None


class Batch:
    """One call for many items where the service has it, one call per item where it does not."""

    repeatable = True
    changes = True

    def __init__(
        self, call: Callable[[Sequence[Item]], bytes], most: int, session: Session, single: Each
    ) -> None:
        self._call = call
        self._most = most
        self._session = session
        self._single = single
        self._offered = True
        self.done_when_repeated = single.done_when_repeated

    @property
    def most(self) -> int:
        return self._most if self._offered else self._single.most

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]:
        if self._offered:
            try:
                answer = decode(self._call(items), _BatchAnswer)
            except (NotFound, Unimplemented):
                # Not offered here, or the queue is missing, which single calls say as well.
                self._offered = False
            else:
                return self._outcomes(self._followed(answer, wait), len(items))
        return self._single(items, wait)

    def _followed(self, operation: Operation, wait: Wait) -> Operation:
        """The operation when it is done. Errors: Timeout."""
        pause_s, waited_s = _FIRST_LOOK_S, 0.0
        while not operation.done:
            if waited_s >= _OPERATION_S or not wait(pause_s):
                raise Timeout(
                    f"The operation {operation.id} is not done yet.",
                    hint="it may still go on: look at the queue before trying again",
                )
            waited_s += pause_s
            pause_s = min(2 * pause_s, _LONGEST_LOOK_S)
            path = {"name": operation.name}
            operation = self._session.call("projects.locations.operations.get", _BatchAnswer, path=path)
        return operation

    @staticmethod
    def _outcomes(operation: Operation, count: int) -> list[Outcome]:
        failed = operation.failures
        if operation.error is not None and not failed:
            return [_error(operation.error)] * count
        return [_error(failed[at]) if at in failed else None for at in range(count)]


def _error(status: Status) -> ApiError:
    return BY_RPC_CODE.get(status.code, Unknown)(status.message or "The request failed.")


def creating(session: Session, queue: str) -> Batch:
    """Tasks with names are created; one that is there after a lost answer has been."""

    def many(items: Sequence[Item]) -> bytes:
        requests = [CreateTaskRequest(task=item.task, parent=queue) for item in items]
        return session.fetch(
            f"{TASKS}.batchCreate", path={"parent": queue}, body=BatchCreateTasksRequest(requests=requests)
        )

    def one(item: Item) -> None:
        body = CreateTaskRequest(task=item.task)
        session.fetch(f"{TASKS}.create", path={"parent": queue}, body=body)

    single = Each(one, repeatable=True, done_when_repeated="ALREADY_EXISTS")
    return Batch(many, MOST_CREATED, session, single)


def deleting(session: Session, queue: str, name: Callable[[Item], str]) -> Batch:
    """Tasks are deleted; one that is missing after a lost answer has been."""

    def many(items: Sequence[Item]) -> bytes:
        body = BatchDeleteTasksRequest(names=[name(item) for item in items])
        return session.fetch(f"{TASKS}.batchDelete", path={"parent": queue}, body=body)

    def one(item: Item) -> None:
        session.call(f"{TASKS}.delete", Empty, path={"name": name(item)})

    single = Each(one, repeatable=True, done_when_repeated="NOT_FOUND")
    return Batch(many, MOST_DELETED, session, single)


def running(session: Session) -> Each:
    """Tasks are sent now. Twice is once too often, so a lost answer is a failure."""

    def one(item: Item) -> None:
        session.fetch(f"{TASKS}.run", path={"name": item.name}, body=RunTaskRequest())

    return Each(one, repeatable=False)


def acknowledging(session: Session) -> Each:
    """Leased tasks are finished; one that is missing after a lost answer has been."""

    def one(item: Item) -> None:
        assert item.lease is not None  # noqa: S101 - made with one
        body = AcknowledgeTaskRequest(schedule_time=item.lease.ends)
        session.fetch(f"{TASKS}.acknowledge", path={"name": item.name}, body=body)

    return Each(one, repeatable=True, done_when_repeated="NOT_FOUND", most=_FINISHED_IN_A_ROW)


def reading(session: Session, take: Callable[[Item, Task], None], most: int) -> Each:
    """Tasks that are known by name only are read whole."""

    def one(item: Item) -> None:
        if item.task is None:
            query = {"responseView": "FULL"}
            take(item, session.call(f"{TASKS}.get", Task, path={"name": item.source}, query=query))

    return Each(one, repeatable=True, changes=False, most=most)


__all__ = ["Batch", "Each", "Outcome", "Step", "Wait", "creating", "deleting", "reading", "running"]
