"""Many tasks in one call: each succeeds or fails alone, and the response is an operation. Source: SPEC section 1.3."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from ....errors import Aborted, ApiError, InvalidArgument, NotFound
from ....model import Message, encode
from ....model.messages import BatchCreateTasksRequest, BatchDeleteTasksRequest, CreateTaskRequest
from ....model.versions import OWN, Version
from ....names import QueueName, check_task_id, parse_location, parse_queue
from ..clock import rfc3339, to_us
from ..rules.locations import check_location
from ..store.operations import StoredOperation
from ..store.store import QueueRow
from ..store.task_json import task_json
from .context import NOT_FOUND
from .tasks import TaskService, id_in

MAX_CREATES = 100
MAX_DELETES = 1000
OPERATION_LIFE = timedelta(days=1)

_TYPES = "type.googleapis.com/google.cloud.tasks.v2beta2."
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.~-]{0,127}")
_NONE_SUCCEEDED = (
    "None of the requests succeeded, refer to {metadata}.failed_requests for individual error details"
)

T = TypeVar("T")
Done = list[str]
Failed = dict[int, ApiError]


class BatchService(TaskService):
    def batch_create(
        self,
        parent: str,
        body: BatchCreateTasksRequest,
        refused: Mapping[int, ApiError] | None = None,
        *,
        version: Version = OWN,
    ) -> bytes:
        """`refused`: errors of items that the caller has no permission for, by index."""
        name = parse_queue(parent)
        _check_size(len(body.requests), "requests", MAX_CREATES)
        for at, request in enumerate(body.requests):
            if request.parent and request.parent != parent:
                raise InvalidArgument(
                    f"requests[{at}].parent ('{request.parent}') must be the parent of the batch ('{parent}')."
                )

        def run(queue: QueueRow) -> tuple[Done, Failed]:
            done, failed = _each(
                body.requests,
                lambda request: self._created(name, queue, request, version),
                before=refused or {},
            )
            self._count("CreateTask", queue, len(done), failed)
            return done, failed

        return self._operation("BatchCreateTasks", name, body, run)

    def batch_delete(self, parent: str, body: BatchDeleteTasksRequest) -> bytes:
        name = parse_queue(parent)
        _check_size(len(body.names), "names", MAX_DELETES)
        below = f"{parent}/tasks/"
        for task in body.names:
            if not task.startswith(below):
                raise InvalidArgument(f"{task} must begin with {parent}.")

        def run(queue: QueueRow) -> tuple[Done, Failed]:
            done, failed = _each(body.names, lambda task: self._deleted(queue, task.removeprefix(below)))
            self._count("DeleteTask", queue, len(done), failed)
            return done, failed

        return self._operation("BatchDeleteTasks", name, body, run)

    def operation(self, name: str) -> bytes:
        """The operation of a call; it is kept for a day."""
        check_location(parse_location(name.rpartition("/operations/")[0]))
        found = self._store.operations.get(name, self._context.clock.now())
        if found is None:
            raise NotFound(NOT_FOUND)
        return found.answer

    def _created(self, name: QueueName, queue: QueueRow, request: CreateTaskRequest, version: Version) -> str:
        if request.task is None:
            raise InvalidArgument("Task is required.")
        stored = self.add(queue, request.task, id_in(name, request.task.name), version)
        return task_json(stored, f"{name}/tasks/", request.response_view or "BASIC")

    def _count(self, call: str, queue: QueueRow, done: int, failed: Failed) -> None:
        """Each item counts as a call."""
        now_us = to_us(self._context.clock.now())
        codes = Counter(refused.status.lower() for refused in failed.values())
        for code, times in (codes + Counter(ok=done)).items():
            self._store.journal.called(queue.queue.name, call, code, now_us, times)

    def _deleted(self, queue: QueueRow, task_id: str) -> str:
        self._remove(queue, check_task_id(task_id))
        return ""

    def _operation(
        self,
        call: str,
        queue: QueueName,
        body: BatchCreateTasksRequest | BatchDeleteTasksRequest,
        run: Callable[[QueueRow], tuple[Done, Failed]],
    ) -> bytes:
        """Runs a batch, unless the same call (by request_id) ran before; keeps the response."""
        now = self._context.clock.now()
        operation = f"{queue.parent}/operations/{self._operation_id(body.request_id)}"
        fingerprint = _fingerprint(call, queue, body) if body.request_id else b""
        with self._store.transaction():
            found = self._store.operations.get(operation, now) if body.request_id else None
            if found is None:
                done, failed = run(self._queue(queue))
                times = rfc3339(to_us(now)), rfc3339(to_us(self._context.clock.now()))
                answer = _answer(call, operation, times, done, failed)
                kept = StoredOperation(answer, fingerprint)
                self._store.operations.add(operation, kept, now + OPERATION_LIFE, now)
                return answer
        if found.fingerprint != fingerprint:
            raise InvalidArgument(
                f"request_id '{body.request_id}' was already used for another call: use a new one."
            )
        return found.answer

    def _operation_id(self, request_id: str) -> str:
        if not request_id:
            return str(UUID(int=self._context.random.getrandbits(128), version=4))
        if not _REQUEST_ID.fullmatch(request_id):
            raise InvalidArgument(
                "request_id can contain only letters, numbers and - _ . ~, at most 128 characters; use a UUID."
            )
        return request_id


def _check_size(count: int, member: str, most: int) -> None:
    if not 1 <= count <= most:
        raise InvalidArgument(f"{member} must hold between 1 and {most} items, not {count}.")


def _each(
    items: list[T], act: Callable[[T], str], *, before: Mapping[int, ApiError] = MappingProxyType({})
) -> tuple[Done, Failed]:
    """The result of each item; an error concerns only its own item. Skips items with an error in `before`."""
    done: Done = []
    failed: Failed = dict(before)
    for at, item in enumerate(items):
        if at in before:
            continue
        try:
            done.append(act(item))
        except ApiError as refused:
            failed[at] = refused
    return done, failed


def _fingerprint(call: str, queue: QueueName, body: Message) -> bytes:
    return hashlib.blake2b(f"{call} {queue} ".encode() + encode(body), digest_size=16).digest()


def _answer(call: str, operation: str, times: tuple[str, str], done: Done, failed: Failed) -> bytes:
    """The finished operation. Tasks are ready-made JSON, so it is concatenated instead of encoded."""
    started, ended = times
    state = "PARTIALLY_SUCCEEDED" if failed else "SUCCEEDED"
    metadata = (
        f'"@type":"{_TYPES}{call}Metadata","startTime":"{started}","endTime":"{ended}","state":"{state}"'
    )
    if failed:
        statuses = {str(at): _status(refused) for at, refused in sorted(failed.items())}
        metadata += f',"failedRequests":{encode(statuses).decode()}'
    if not done:
        aborted = Aborted(_NONE_SUCCEEDED.format(metadata=f"{call}Metadata"))
        result = f'"error":{encode(_status(aborted)).decode()}'
    elif call == "BatchCreateTasks":
        result = f'"response":{{"@type":"{_TYPES}{call}Response","tasks":[{",".join(done)}]}}'
    else:
        result = '"response":{"@type":"type.googleapis.com/google.protobuf.Empty"}'
    return f'{{"name":"{operation}","metadata":{{{metadata}}},"done":true,{result}}}'.encode()


def _status(refused: ApiError) -> dict[str, object]:
    status: dict[str, object] = {"code": refused.rpc_code, "message": refused.message}
    return {**status, "details": refused.details} if refused.details else status
