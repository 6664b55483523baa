"""A page of tasks, with the values that several columns share."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DecodeError, InvalidArgument
from ..model.json import encode
from ..model.task import Task
from ..names import QueueName, parse_queue
from .arrays import TEXT, array_of, instants, several_instants
from .task_rows import AttemptRow, RequestRow, TaskRow, read_tasks

_NO_ATTEMPT = AttemptRow()
TIMES = (
    "schedule_time",
    "create_time",
    "first_dispatch_time",
    "last_schedule_time",
    "last_dispatch_time",
    "last_response_time",
)


class TaskPage:
    """The tasks of a page, and values that several columns share."""

    def __init__(self, tasks: Sequence[TaskRow]) -> None:
        self.tasks = tasks
        names = [task.name for task in tasks]
        self.names: pa.Array = array_of(names, TEXT)
        self.queue: QueueName | None = None
        """The queue of all tasks, if they have the same one."""
        self.queues: list[QueueName] = []
        """The queue of each task, if they have several."""
        self.ids = self._split(names)
        self.requests: list[RequestRow | None] = [task.http_request for task in tasks]
        self.all_http = None not in self.requests
        if not self.all_http:
            self.requests = [task.http_request or task.app_engine_http_request for task in tasks]
        self.attempts = [task.status or task for task in tasks]
        self.lasts = [status.last_attempt_status or _NO_ATTEMPT for status in self.attempts]
        self.answers = [last.response_status for last in self.lasts]
        self.payloads = self._payloads()
        self._times: list[pa.Array] | None = None
        self._are_read = False

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> TaskPage:
        """A page of Task objects: they are encoded as a page and parsed again."""
        return cls(read_tasks(encode({"tasks": tasks})))

    def __len__(self) -> int:
        return len(self.tasks)

    def times(self, name: str) -> pa.Array:
        """The instants of a column. All columns are parsed together if no text is unusual. Errors: DecodeError."""
        at = TIMES.index(name)
        if not self._are_read:
            self._are_read = True
            self._times = several_instants([self._texts(one) for one in range(len(TIMES))])
        return instants(self._texts(at)) if self._times is None else self._times[at]

    def _texts(self, at: int) -> list[str | None]:
        match at:
            case 0:
                return [task.schedule_time for task in self.tasks]
            case 1:
                return [task.create_time for task in self.tasks]
            case 2:
                return [(one.first_attempt_status or _NO_ATTEMPT).dispatch_time for one in self.attempts]
            case 3:
                return [last.schedule_time for last in self.lasts]
            case 4:
                return [last.dispatch_time for last in self.lasts]
            case _:
                return [last.response_time for last in self.lasts]

    def _split(self, names: list[str]) -> list[str]:
        """The id in each name. A page usually has one queue, so its name is parsed once."""
        prefix = names[0].rpartition("/")[0] + "/" if names else ""
        if prefix.endswith("/tasks/") and pc.all(pc.starts_with(self.names, prefix)).as_py():
            self.queue = _queue_of(prefix.removesuffix("/tasks/"))
            return [name.removeprefix(prefix) for name in names]
        parsed: dict[str, QueueName] = {}
        ids = []
        for name in names:
            head, _, task_id = name.rpartition("/tasks/")
            if head not in parsed:
                parsed[head] = _queue_of(head)
            self.queues.append(parsed[head])
            ids.append(task_id)
        return ids

    def _payloads(self) -> list[bytes | None]:
        """The payload of each task. Usually, each is the body of an HTTP request, and no other rule is needed."""
        if self.all_http:
            bodies = [request.body if request else None for request in self.requests]
            if None not in bodies:
                return bodies
        return [task.payload for task in self.tasks]


def _queue_of(name: str) -> QueueName:
    try:
        return parse_queue(name)
    except InvalidArgument:
        raise DecodeError(f"A task is not in a queue, but in {name!r}.", hint="check the endpoint") from None
