"""A page of tasks, with the values that several columns share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import DecodeError, InvalidArgument
from ..model.json import encode
from ..model.task import Task
from ..names import QueueName, parse_queue
from .arrays import POOL, TEXT, Few, array_of, instants, several_instants, spread
from .task_rows import AttemptRow, RequestRow, StatusRow, TaskRow, read_tasks

T = TypeVar("T")

_NO_ATTEMPT = AttemptRow()
_SMALL = 100
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
        self.all_http = all(self.requests)
        if not self.all_http:
            self.requests = [task.http_request or task.app_engine_http_request for task in tasks]
        self.attempts = [task.status or task for task in tasks]

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> TaskPage:
        """A page of Task objects: they are encoded as a page and parsed again."""
        return cls(read_tasks(encode({"tasks": tasks})))

    def __len__(self) -> int:
        return len(self.tasks)

    @cached_property
    def payloads(self) -> list[bytes | None]:
        """The payload of each task. Usually, each is the body of an HTTP request, and no other rule is needed."""
        bodies = [request.body if request else None for request in self.requests]
        return bodies if self.all_http and None not in bodies else [task.payload for task in self.tasks]

    @cached_property
    def _tried(self) -> list[int]:
        """The indexes of the tasks that were tried; those of all tasks of a small page, where this is faster."""
        if len(self) < _SMALL:
            return list(range(len(self)))
        return [
            at for at, one in enumerate(self.attempts) if one.last_attempt_status or one.first_attempt_status
        ]

    @cached_property
    def _lasts(self) -> list[AttemptRow]:
        """The last attempts of the tasks that were tried."""
        return [self.attempts[at].last_attempt_status or _NO_ATTEMPT for at in self._tried]

    @cached_property
    def answers(self) -> list[StatusRow | None]:
        """The responses to these attempts."""
        return [last.response_status for last in self._lasts]

    def few(self, values: list[Any]) -> Few:
        """A column with values of the tasks that were tried."""
        return Few(values, self._places)

    @cached_property
    def _places(self) -> pa.Array | None:
        """For each task, its place among those that were tried. None if all were tried."""
        tried = len(self._tried)
        return None if tried == len(self) else pa.array(self._in_rows(range(tried)), pa.int32())

    def _in_rows(self, values: Sequence[T]) -> Sequence[T | None]:
        """Values of the tasks that were tried, with None for the others."""
        if len(values) == len(self):
            return values
        rows: list[T | None] = [None] * len(self)
        for at, value in zip(self._tried, values, strict=True):
            rows[at] = value
        return rows

    def times(self, name: str) -> pa.Array:
        """The instants of a column. All columns are parsed together if no text is unusual. Errors: DecodeError."""
        if self._times is None:
            return instants(self._in_rows(self._texts(name)))
        times = self._times[TIMES.index(name)]
        return times if len(times) == len(self) else spread(times, self._places)

    @cached_property
    def _times(self) -> list[pa.Array] | None:
        return several_instants([self._texts(name) for name in TIMES])

    def _texts(self, name: str) -> list[str | None]:
        match name:
            case "schedule_time":
                return [task.schedule_time for task in self.tasks]
            case "create_time":
                return [task.create_time for task in self.tasks]
            case "first_dispatch_time":
                firsts = [self.attempts[at].first_attempt_status or _NO_ATTEMPT for at in self._tried]
                return [first.dispatch_time for first in firsts]
            case "last_schedule_time":
                return [last.schedule_time for last in self._lasts]
            case "last_dispatch_time":
                return [last.dispatch_time for last in self._lasts]
            case _:
                return [last.response_time for last in self._lasts]

    def _split(self, names: list[str]) -> Any:
        """The id in each name. A page usually has one queue, so its name is parsed once."""
        prefix = names[0].rpartition("/")[0] + "/" if names else ""
        if prefix.endswith("/tasks/") and pc.all(pc.starts_with(self.names, prefix)).as_py():
            self.queue = _queue_of(prefix.removesuffix("/tasks/"))
            return pc.binary_replace_slice(self.names, 0, len(prefix), "", memory_pool=POOL)
        parsed: dict[str, QueueName] = {}
        ids = []
        for name in names:
            head, _, task_id = name.rpartition("/tasks/")
            if head not in parsed:
                parsed[head] = _queue_of(head)
            self.queues.append(parsed[head])
            ids.append(task_id)
        return ids


def _queue_of(name: str) -> QueueName:
    try:
        return parse_queue(name)
    except InvalidArgument:
        raise DecodeError(f"A task is not in a queue, but in {name!r}.", hint="check the endpoint") from None
