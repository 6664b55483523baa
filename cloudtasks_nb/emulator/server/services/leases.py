"""Pull tasks: lease, renew, cancel, acknowledge. Source: SPEC section 4.

A lease is a schedule time in the future that only its holder knows: a caller that sends it holds the task.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime

from msgspec.structs import replace

from ....errors import InvalidArgument
from ....model.messages import (
    AcknowledgeTaskRequest,
    CancelLeaseRequest,
    Empty,
    LeaseTasksRequest,
    RenewLeaseRequest,
)
from ....names import parse_queue, parse_task
from ..clock import from_us, to_us
from ..rules import leases as rules
from ..rules.attempts import retry_config
from ..store.store import QueueRow
from ..store.task_json import StoredTask, joined_json, task_message, task_prefix
from ..store.tasks import Brief
from .context import Context, Serving, shown


class LeaseService(Serving):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._paces: defaultdict[int, rules.LeaseQuota] = defaultdict(rules.LeaseQuota)

    def lease(
        self, parent: str, body: LeaseTasksRequest, *, most_bytes: int = rules.MAX_ANSWER_BYTES
    ) -> bytes:
        name, wanted = parse_queue(parent), rules.parse_filter(body.filter)
        limit, duration = rules.how_many(body.max_tasks), rules.lease_duration(body.lease_duration)
        now = self._context.clock.now()
        with self._store.transaction():
            queue = self._queue(name)
            rules.check_leasable(queue.queue)
            self._paces[queue.row].check(now, self._context.clock.machine_s())
            tag = self._tasks.oldest_tag(queue.generation, now) if wanted.oldest_tag else wanted.tag
            payloads = body.response_view == "FULL"
            with closing(self._tasks.due(queue.generation, now, tag, payloads=payloads)) as due:
                leased = _leased(queue, due, to_us(now + duration), body.response_view)
                rows, spent = _chosen(leased, limit, most_bytes)
            for task_id in spent:
                if (task := self._tasks.get(queue.generation, task_id)) is not None:
                    self._give_up(queue, task, "GIVEN_UP")
            self._tasks.lease(rows, now + duration)
        return joined_json(rows.values())

    def acknowledge(self, name: str, body: AcknowledgeTaskRequest) -> Empty:
        """Also works after the lease expired, as long as nobody leased the task again."""
        parsed = parse_task(name)
        queue = self._queue(parsed.parent)
        task = self._tasks.brief(queue.generation, parsed.task)
        if task is None:
            raise self._missing(queue, parsed.task)
        _check_held(queue, task, body.schedule_time)
        with self._store.writing():
            self._end(queue, task, "ACKNOWLEDGED")
        return Empty()

    def renew(self, name: str, body: RenewLeaseRequest) -> bytes:
        duration, now = rules.lease_duration(body.lease_duration), self._context.clock.now()
        with self._store.transaction():
            queue, task = self._held(name, body.schedule_time)
            rules.check_renewable(queue.queue)
            rules.check_not_over(from_us(task.schedule_us), now)
            return self._reschedule(queue, task, now + duration, body.response_view)

    def cancel(self, name: str, body: CancelLeaseRequest) -> bytes:
        now = self._context.clock.now()
        with self._store.transaction():
            queue, task = self._held(name, body.schedule_time)
            rules.check_not_over(from_us(task.schedule_us), now)
            return self._reschedule(queue, task, now, body.response_view)

    def _held(self, name: str, schedule_time: datetime | None) -> tuple[QueueRow, StoredTask]:
        """The task whose lease the caller holds. Errors: NotFound, InvalidArgument, FailedPrecondition."""
        queue, task = self._task(parse_task(name))
        _check_held(queue, task, schedule_time)
        return queue, task

    def _reschedule(self, queue: QueueRow, task: StoredTask, due: datetime, view: str) -> bytes:
        self._tasks.reschedule(task.row, due)
        return shown(queue, replace(task, schedule_us=to_us(due)), view)


def _check_held(queue: QueueRow, task: Brief | StoredTask, schedule_time: datetime | None) -> None:
    """Checks that the caller holds the lease of a task. Errors: InvalidArgument, FailedPrecondition."""
    if queue.queue.pull_target is None:
        raise InvalidArgument("The task is not a pull task: it has no lease.")
    rules.check_held(schedule_time, from_us(task.schedule_us), task.dispatch_count)


def _leased(
    queue: QueueRow, due: Iterable[StoredTask], lease_end_us: int, view: str
) -> Iterator[tuple[StoredTask, bytes]]:
    """Yields tasks with their responses; the response is empty for tasks that used up their leases."""
    for row in due:
        if _is_spent(queue, row):
            yield row, b""
        else:
            leased = replace(row, schedule_us=lease_end_us, dispatch_count=row.dispatch_count + 1)
            yield row, shown(queue, leased, view)


def _chosen(
    leased: Iterable[tuple[StoredTask, bytes]], limit: int, most_bytes: int
) -> tuple[dict[int, bytes], list[str]]:
    """Selects tasks to lease, oldest first, until the response is full. Returns responses by row, and the ids of tasks
    that used up their leases."""
    rows: dict[int, bytes] = {}
    spent: list[str] = []
    size = 0
    for row, answer in leased:
        if not answer:
            spent.append(row.id)
            continue
        size += len(answer)
        if size > most_bytes:
            break
        rows[row.row] = answer
        if len(rows) == limit:
            break
    return rows, spent


def _is_spent(queue: QueueRow, row: StoredTask) -> bool:
    retries = queue.queue.retry_config
    if row.has_retry_config:
        retries = retry_config(queue.queue, task_message(row, task_prefix(queue.queue)))
    return retries is not None and rules.is_spent(retries, row.dispatch_count)
