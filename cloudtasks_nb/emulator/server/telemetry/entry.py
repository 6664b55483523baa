"""Log entries of tasks and of admin calls. Pure. Source: SPEC section 11.3."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from ....errors import BY_RPC_CODE
from ..clock import rfc3339
from ..store.happened import Happened, ToldQueue

RESOURCE_TYPE = "cloud_tasks_queue"
TASK_LOG = "cloudtasks.googleapis.com%2Ftask_operations_log"
AUDIT_LOG = "cloudaudit.googleapis.com%2Factivity"
_TYPE = "type.googleapis.com/google.cloud.tasks.logging.v1.TaskActivityLog"
_LAST = 1 << 30

Key = tuple[int, int, int, int]
"""The sort key of entries: time, attempt, step of the attempt, id."""


class Entry(Struct, frozen=True):
    """An entry, with its sort key."""

    key: Key
    content: dict[str, Any]

    @property
    def time_us(self) -> int:
        return self.key[0]


def entries_of(record: Happened, queue: ToldQueue) -> Iterator[Entry]:
    """One entry for a creation or a deletion, two for an attempt that ended."""
    common = {"scheduleTime": rfc3339(record.schedule_us)}
    if record.target:
        common["targetAddress"] = record.target
    common["targetType"] = record.target_type
    if record.kind == "CREATED":
        yield _entry(record, queue, "taskCreationLog", {"status": "OK", **common}, (record.at_us, 0, 0))
    elif record.kind == "DELETED":
        said = {"status": "OK", **common, "deletionReason": record.outcome}
        yield _entry(record, queue, "taskDeletionLog", said, (record.at_us, _LAST, 3))
    else:
        yield from _attempt(record, queue, common)


def audit_entry(row: int, at_us: int, raw: bytes, project: str, told: dict[str, str]) -> Entry:
    """An entry of the audit log. `told`: the target types of queues by their names."""
    content = msgspec.json.decode(raw)
    name = content["protoPayload"]["resourceName"]
    id = _insert_id(project, row, at_us)
    parts = name.split("/")
    labels = dict(zip(("project_id", "location", "queue_id"), parts[1::2], strict=False))
    if name in told:
        labels["target_type"] = told[name]
    made = {
        "logName": f"projects/{project}/logs/{AUDIT_LOG}",
        "resource": {"type": RESOURCE_TYPE, "labels": labels},
        "insertId": f"{id:014x}",
        **content,
    }
    return Entry((at_us, _LAST, row, id), made)


def _attempt(record: Happened, queue: ToldQueue, common: dict[str, str]) -> Iterator[Entry]:
    counted = {"dispatchCount": str(record.attempt), "maxAttempts": record.max_attempts}
    before = {"responseCount": str(record.responses - (record.http_status is not None))}
    sent = {**common, **counted, **before}
    yield _entry(record, queue, "attemptDispatchLog", sent, (record.at_us, record.attempt, 1))
    if record.ended_us is None:
        return
    seconds, rest_us = divmod(record.ended_us - record.at_us, 1_000_000)
    error = BY_RPC_CODE.get(record.code)
    ended: dict[str, Any] = {
        "status": "OK" if record.code == 0 else error.rpc_status if error is not None else "UNKNOWN",
        **common,
        **counted,
        "responseCount": str(record.responses),
        "attemptDuration": f"{seconds}.{rest_us:06}s",
    }
    if record.retry_us is not None:
        ended["retryTime"] = rfc3339(record.retry_us)
    yield _entry(record, queue, "attemptResponseLog", ended, (record.ended_us, record.attempt, 2))


def _entry(
    record: Happened, queue: ToldQueue, kind: str, said: dict[str, Any], where: tuple[int, int, int]
) -> Entry:
    _, project, _, location, _, queue_id = queue.name.split("/")
    at_us, attempt, step = where
    id = _insert_id(queue.name, record.task, record.at_us, attempt, step)
    moment = rfc3339(at_us)
    labels = {
        "project_id": project,
        "location": location,
        "queue_id": queue_id,
        "target_type": record.target_type,
    }
    content = {
        "logName": f"projects/{project}/logs/{TASK_LOG}",
        "resource": {"type": RESOURCE_TYPE, "labels": labels},
        "insertId": f"{id:014x}",
        "timestamp": moment,
        "receiveTimestamp": moment,
        "severity": "INFO" if said.get("status", "OK") == "OK" else "ERROR",
        "jsonPayload": {"@type": _TYPE, "task": f"{queue.name}/tasks/{record.task}", kind: said},
    }
    return Entry((at_us, attempt, step, id), content)


def _insert_id(*parts: object) -> int:
    """The id of an entry: always the same for the same event."""
    return int.from_bytes(hashlib.blake2b("\n".join(map(str, parts)).encode(), digest_size=7).digest(), "big")
