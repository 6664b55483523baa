"""Many tasks in one call: batchCreate and batchDelete, which answer with an operation."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ConfigError, InvalidArgument
from ..model.json import Message
from ..model.messages import BatchCreateTasksRequest, BatchDeleteTasksRequest, CreateTaskRequest
from ..model.task import Task as TaskFields
from ..names import task_in
from .bound import QueueVerbs
from .new_task import TaskOptions, new_task, read_row
from .operation import Operation

MOST_CREATED, MOST_DELETED = 100, 1000
_TASKS = "projects.locations.queues.tasks"


class BatchVerbs(QueueVerbs):
    """The batch verbs of a queue. A request id makes them safe to repeat: a second call does nothing more."""

    __slots__ = ()

    def batch_create(self, tasks: Iterable[Any], *, request_id: str | None = None) -> Operation:
        """Ask for up to 100 tasks in one call; each succeeds or fails alone.

        Shapes: each task is a dict with "payload" and the options of create_task ("url", "task_id", "schedule", …);
        anything else is a payload.

        Errors: InvalidArgument, NotFound, PermissionDenied; what befalls single tasks is in operation.failures.

        Source: REST queues.tasks.batchCreate.

        Example:
            >>> queue.batch_create([{"payload": {"n": n}, "url": url} for n in range(50)]).wait()
        """
        if isinstance(tasks, str | bytes | Mapping):
            raise ConfigError(
                f"batch_create() takes many tasks, not one {type(tasks).__name__}.",
                hint="pass a list; queue.create_task() creates one",
            )
        made = [self._new(at, given) for at, given in enumerate(tasks)]
        _check_size("created", len(made), MOST_CREATED)
        requests = [CreateTaskRequest(task=task, parent=self.name) for task in made]
        return self._start(
            "batchCreate", BatchCreateTasksRequest(requests=requests, request_id=_id(request_id))
        )

    def batch_delete(
        self, tasks: Iterable[TaskFields | str] | TaskFields | str, *, request_id: str | None = None
    ) -> Operation:
        """Ask for up to 1,000 tasks to be deleted in one call; each succeeds or fails alone.

        `tasks` are tasks, ids or full names, or one of them. Errors: as batch_create.

        Source: REST queues.tasks.batchDelete.

        Example:
            >>> queue.batch_delete(queue.tasks().first(3)).wait().failures
        """
        several = [tasks] if isinstance(tasks, TaskFields | str) else tasks
        names = [str(task_in(self._parsed, task)) for task in several]
        _check_size("deleted", len(names), MOST_DELETED)
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


def _id(request_id: str | None) -> str:
    return str(uuid.uuid4()) if request_id is None else request_id


def _check_size(done: str, count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise InvalidArgument(
            f"{count:,} tasks cannot be {done} in one call.",
            hint=f"one call takes 1 to {most:,}; for more there are queue.create_tasks and queue.delete_tasks",
        )
