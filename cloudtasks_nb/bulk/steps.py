"""The calls of bulk verbs. A step tries some items once, and returns the outcome of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from ..api.one_request import BatchPart, send_batch
from ..errors import (
    BY_RPC_CODE,
    ApiError,
    CloudTasksError,
    InvalidArgument,
    NotFound,
    Timeout,
    Unimplemented,
    Unknown,
)
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
from ..resources.batch_verbs import MOST_CREATED, MOST_DELETED
from ..rest.answers import check_named
from ..rest.call import Call
from ..rest.session import Session
from .items import Item

_TASKS = "projects.locations.queues.tasks"
MOST_TOGETHER = 100  # calls in one HTTP request
_FIRST_LOOK_S, _LONGEST_LOOK_S, _OPERATION_S = 0.1, 5.0, 600.0

Outcome = CloudTasksError | None
Thing = TypeVar("Thing")
Wait = Callable[[float], bool]
"""Waits this many seconds; returns False if the whole call ends instead."""


class Effect(msgspec.Struct, frozen=True):
    """The properties of a step for retries.

    `changes`: it is not read-only. `repeatable`: it is idempotent. `done_when_repeated`: the error that, after a try
    without a response, means that the earlier try succeeded.
    """

    name: str
    changes: bool = True
    repeatable: bool = True
    done_when_repeated: str | None = None

    @property
    def method(self) -> str:
        """A REST method with the same quota."""
        return f"{_TASKS}.{self.name}"


READ = Effect("read", changes=False)
CREATE = Effect("create", done_when_repeated="ALREADY_EXISTS")
DELETE = Effect("delete", done_when_repeated="NOT_FOUND")
RUN = Effect("run", repeatable=False)
ACKNOWLEDGE = Effect("acknowledge", done_when_repeated="NOT_FOUND")


class Step(Protocol):
    """One step of a verb, for several items; `most`: the maximum per call."""

    @property
    def effect(self) -> Effect: ...

    @property
    def most(self) -> int: ...

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]: ...


class _BatchAnswer(Operation):
    """An operation without its response, which may hold a hundred tasks."""

    response: Any = None

    def __post_init__(self) -> None:
        self.response = None


class Each(Generic[Thing]):
    """One call per item: many in one HTTP request if the service supports that, otherwise one by one.

    `call` makes an item's call, or None if there is nothing to do; `take` gets the JSON of the response.
    """

    def __init__(
        self,
        session: Session,
        effect: Effect,
        call: Callable[[Thing], Call | None],
        take: Callable[[Thing, bytes], object] = lambda thing, answer: _check_empty(answer),
    ) -> None:
        self.effect = effect
        self._session = session
        self._call = call
        self._take = take
        self._together = True

    @property
    def most(self) -> int:
        return MOST_TOGETHER if self._together else 1

    def __call__(self, items: Sequence[Thing], wait: Wait) -> list[Outcome]:
        outcomes: list[Outcome] = [None] * len(items)
        calls: list[tuple[int, Call]] = []
        for at, item in enumerate(items):
            try:
                call = self._call(item)
            except CloudTasksError as error:  # the request cannot be built
                outcomes[at] = error
            else:
                calls += [(at, call)] if call is not None else []
        for (at, _), answer in zip(calls, self._answers([call for _, call in calls]), strict=True):
            try:
                if isinstance(answer, CloudTasksError):
                    outcomes[at] = answer
                else:
                    self._take(items[at], answer)
            except CloudTasksError as error:
                outcomes[at] = error
        return outcomes

    def _answers(self, calls: list[Call]) -> list[bytes | CloudTasksError]:
        if self._together and len(calls) > 1:
            parts = [BatchPart(call, self._session.retry, self._session.pauses) for call in calls]
            for call in calls:
                self._session.check(call)
            send_batch(self._session, parts, self._session.timeout_s)
            answers = [part.outcome or b"{}" for part in parts]
            if not _not_offered(answers):
                return answers
            self._together = False
        return [self._alone(call) for call in calls]

    def _alone(self, call: Call) -> bytes | CloudTasksError:
        try:
            return self._session.send(call)
        except CloudTasksError as error:
            return error


def _check_empty(answer: bytes) -> None:
    """Errors: DecodeError."""
    if answer != b"{}":  # the usual response
        decode(answer, Empty)


def _not_offered(answers: list[bytes | CloudTasksError]) -> bool:
    """Whether the whole request was rejected, because this endpoint does not support batch requests."""
    first = answers[0]
    return isinstance(first, NotFound | Unimplemented | InvalidArgument) and first.method == "batch"


class BatchStep:
    """One call for many items if the service supports it, otherwise one call per item."""

    def __init__(
        self, session: Session, call: Callable[[Sequence[Item]], bytes], most: int, single: Each[Item]
    ) -> None:
        self.effect = single.effect
        self._session = session
        self._call = call
        self._most = most
        self._single = single
        self._offered = True

    @property
    def most(self) -> int:
        return self._most if self._offered else self._single.most

    def __call__(self, items: Sequence[Item], wait: Wait) -> list[Outcome]:
        if self._offered:
            try:
                answer = decode(self._call(items), _BatchAnswer)
            except (NotFound, Unimplemented):
                # Not supported here, or the queue is missing: single calls then report that.
                self._offered = False
            else:
                return self._outcomes(self._followed(answer, items, wait), len(items))
        return self._single(items, wait)

    def _followed(self, operation: Operation, items: Sequence[Item], wait: Wait) -> Operation:
        """Wait for the operation. Errors: Timeout, and those of reading it."""
        try:
            return self._watched(operation, wait)
        except CloudTasksError:  # it continues, but its state is unknown
            for item in items:
                item.uncertain |= {self.effect.name}
            raise

    def _watched(self, operation: Operation, wait: Wait) -> Operation:
        pause_s, waited_s = _FIRST_LOOK_S, 0.0
        while not operation.done:
            check_named("Operation", operation.name)
            if waited_s >= _OPERATION_S or not wait(pause_s):
                raise Timeout(
                    f"The operation {operation.id} is not done yet.",
                    hint="it may continue: check the queue before you try again",
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


def creating(session: Session, queue: str) -> BatchStep:
    """Creates tasks with names. If one exists after a lost response, it was created."""

    def many(items: Sequence[Item]) -> bytes:
        requests = [CreateTaskRequest(task=item.task, parent=queue) for item in items]
        return session.fetch(
            f"{_TASKS}.batchCreate", path={"parent": queue}, body=BatchCreateTasksRequest(requests=requests)
        )

    def one(item: Item) -> Call:
        return _call(session, "create", {"parent": queue}, body=CreateTaskRequest(task=item.task))

    return BatchStep(session, many, MOST_CREATED, Each(session, CREATE, one))


def deleting(session: Session, queue: str, name: Callable[[Item], str] = lambda item: item.name) -> BatchStep:
    """Deletes tasks. If one is missing after a lost response, it was deleted."""

    def many(items: Sequence[Item]) -> bytes:
        body = BatchDeleteTasksRequest(names=[name(item) for item in items])
        return session.fetch(f"{_TASKS}.batchDelete", path={"parent": queue}, body=body)

    def one(item: Item) -> Call:
        return _call(session, "delete", {"name": name(item)})

    return BatchStep(session, many, MOST_DELETED, Each(session, DELETE, one))


def running(session: Session) -> Each[Item]:
    """Sends tasks now. This is not idempotent, so a lost response is a failure."""

    def one(item: Item) -> Call:
        return _call(session, "run", {"name": item.name}, body=RunTaskRequest())

    def take(item: Item, answer: bytes) -> None:
        check_named("Task", decode(answer, Task).name)

    return Each(session, RUN, one, take)


def acknowledging(session: Session) -> Each[Item]:
    """Finishes leased tasks. If one is missing after a lost response, it was finished."""

    def one(item: Item) -> Call:
        assert item.lease is not None  # noqa: S101 - made with one
        body = AcknowledgeTaskRequest(schedule_time=item.lease.ends)
        return _call(session, "acknowledge", {"name": item.name}, body=body)

    return Each(session, ACKNOWLEDGE, one)


def reading(session: Session, take: Callable[[Item, Task], None], name: Callable[[Item], str]) -> Each[Item]:
    """Reads the tasks that items name, in full; items without a name are not read."""

    def one(item: Item) -> Call | None:
        named = name(item)
        return _call(session, "get", {"name": named}, query={"responseView": "FULL"}) if named else None

    return Each(session, READ, one, lambda item, raw: take(item, decode(raw, Task)))


def _call(session: Session, verb: str, path: dict[str, str], **given: Any) -> Call:
    return session.speaking.call(f"{_TASKS}.{verb}", path=path, **given)
