"""Many tasks in one call: batchCreate and batchDelete, and the operation that they return."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, Self

from ..discreet import as_hidden
from ..errors import BY_RPC_CODE, CloudTasksError, ConfigError, InvalidArgument, Timeout, Unknown, kind_of
from ..model import operation as model
from ..model.durations import DurationLike
from ..model.json import Duration, Message, decode, encode, in_version
from ..model.messages import BatchCreateTasksRequest, BatchDeleteTasksRequest, CreateTaskRequest
from ..model.status import Status
from ..model.task import Task as TaskFields
from ..model.versions import version_of
from ..names import check_operation, task_in
from ..paging.listing import Items
from ..progress import waiting
from ..rest.session import Session
from .bound import Bound, QueueVerbs, bind_all
from .new_task import TaskOptions, new_task, read_row
from .task import Task, TaskListing, TaskPage

_GET = "projects.locations.operations.get"
_FIRST_S, _GROWTH, _LONGEST_S = 0.1, 1.5, 5.0


class Operation(model.Operation, Bound, dict=True, gc=True):
    """A call that continues after its response. Its fields have the values of the last read.

    Source: REST projects.locations.operations.

    Example:
        >>> operation = queue.batch_delete(queue.tasks().first(500)).wait()
        >>> operation.failures
        {}
    """

    __reduce__ = Bound._pickled

    @property
    def tasks(self) -> Items[Task]:
        """The tasks that a batch creation made, if they are in its response."""
        said, session = self.response or {}, self._session
        raw = in_version(encode(said), version_of(str(said.get("@type", ""))))
        tasks = bind_all(decode(raw, TaskPage).tasks, session)
        return Items(tasks, TaskListing(session, f"created by {self.id}"))

    def refresh(self) -> Self:
        """Read the operation again. Errors: NotFound (operations are kept for a limited time), PermissionDenied.

        Source: REST operations.get.

        Example:
            >>> made = work.batch_create([{"payload": b"1"}])
            >>> made.refresh().done
            True
        """
        return self._take(read_operation(self._session, self.name))

    def wait(self, timeout: DurationLike | None = None, progress: bool | None = None) -> Self:
        """Poll the operation until it is done; returns itself. `failures` has the failed requests of a batch.

        `progress` shows a progress line; by default in a notebook or a terminal.

        Units: `timeout` is seconds, a timedelta, or text such as "2m".
        Errors: the error of the operation (Aborted if no request of a batch succeeded), Timeout if it is not done in
        time, and the errors of refresh().
        Source: as refresh().

        Example:
            >>> work.batch_create([{"payload": b"1"}, {"payload": b"2"}]).wait(timeout=60)
        """
        deadline = None if timeout is None else time.monotonic() + _seconds(timeout)
        pause_s = _FIRST_S
        with waiting(f"operation {self.id}", progress, done=self.done) as shown:
            while not self.done:
                left_s = float("inf") if deadline is None else deadline - time.monotonic()
                if left_s <= 0:
                    raise Timeout(
                        f"The operation {self.id} is not done yet: {self.state}.",
                        hint="it continues; operation.wait() waits longer, operation.refresh() reads it again",
                    )
                time.sleep(min(pause_s, left_s))
                pause_s = min(pause_s * _GROWTH, _LONGEST_S)
                self.refresh()
                shown.say(self.state)
        if self.error is not None:
            raise self._failure(self.error)
        return self

    def _failure(self, status: Status) -> CloudTasksError:
        kind = BY_RPC_CODE.get(status.code, Unknown)
        return kind(
            status.message or "The operation failed.",
            code=kind.http_status,
            details=status.details,
            method=_GET,
            resource=self.name,
            hint="operation.failures has the error of each failed request" if self.failures else None,
        )


def read_operation(session: Session, name: str) -> Operation:
    """Read an operation by its full name. Errors: NotFound, InvalidArgument."""
    return session.call(_GET, Operation, path={"name": check_operation(name)}).bind(session)


def _seconds(timeout: DurationLike) -> float:
    seconds = Duration.of(timeout).total_seconds()
    if seconds < 0:
        raise InvalidArgument(f"timeout must not be negative: {timeout!r}.", hint="pass seconds, or None")
    return seconds


MOST_CREATED, MOST_DELETED = 100, 1000
_TASKS = "projects.locations.queues.tasks"


class BatchVerbs(QueueVerbs):
    """The batch verbs of a queue. A request id makes them idempotent."""

    __slots__ = ()

    def batch_create(self, tasks: Iterable[Any], *, request_id: str | None = None) -> Operation:
        """Create up to 100 tasks in one call. Each succeeds or fails independently.

        Shapes: each task is a dict with "payload" and the options of create_task ("url", "task_id", "schedule", …).
        Any other value is a payload.
        Errors: InvalidArgument, NotFound, PermissionDenied. Errors of single tasks are in operation.failures.
        Source: REST queues.tasks.batchCreate.

        Example:
            >>> queue.batch_create([{"payload": {"n": n}, "url": url} for n in range(50)]).wait()
        """
        if isinstance(tasks, str | bytes | Mapping):
            raise ConfigError(
                f"batch_create() takes many tasks, not {kind_of(tasks)}.",
                hint="pass a list; queue.create_task() creates one",
            )
        tasks = _several("batch_create", as_hidden(tasks))
        made = [self._new(at, given) for at, given in enumerate(tasks)]
        _check_size("batch_create", len(made), MOST_CREATED)
        requests = [CreateTaskRequest(task=task, parent=self.name) for task in made]
        return self._start(
            "batchCreate", BatchCreateTasksRequest(requests=requests, request_id=_id(request_id))
        )

    def batch_delete(
        self, tasks: Iterable[TaskFields | str] | TaskFields | str, *, request_id: str | None = None
    ) -> Operation:
        """Delete up to 1,000 tasks in one call. Each succeeds or fails independently.

        `tasks` is a task, an id or a full name, or several of them. Errors: as batch_create.

        Source: REST queues.tasks.batchDelete.

        Example:
            >>> queue.batch_delete(queue.tasks().first(3)).wait().failures
        """
        several = [tasks] if isinstance(tasks, TaskFields | str) else _several("batch_delete", tasks)
        names = [str(task_in(self._parsed, task)) for task in several]
        _check_size("batch_delete", len(names), MOST_DELETED)
        return self._start("batchDelete", BatchDeleteTasksRequest(names=names, request_id=_id(request_id)))

    def _new(self, at: int, given: Any) -> TaskFields:
        row = given if isinstance(given, Mapping) else {"payload": given}
        try:
            payload, options = read_row(row, TaskOptions())
        except InvalidArgument as error:
            raise ConfigError(f"Task {at}: {error.message}.", hint=error.hint) from None
        return new_task(self._parsed, self._kind_of_tasks, payload, options, self._session.now())

    def _start(self, verb: str, body: Message) -> Operation:
        answer = self._session.call(f"{_TASKS}.{verb}", Operation, path={"parent": self.name}, body=body)
        return answer.bind(self._session)


def _several(verb: str, tasks: Any) -> Iterable[Any]:
    if not isinstance(tasks, Iterable):
        raise ConfigError(f"{verb}() takes many tasks, not {kind_of(tasks)}.", hint="pass a list")
    return tasks


def _id(request_id: str | None) -> str:
    return str(uuid.uuid4()) if request_id is None else request_id


def _check_size(verb: str, count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise InvalidArgument(
            f"{verb}() takes 1 to {most:,} tasks, not {count:,}.",
            hint=f"queue.{verb.partition('_')[2]}_tasks() takes any number",
        )
