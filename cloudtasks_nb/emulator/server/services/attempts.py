"""Attempts of push tasks: begins them on request or when due, and records their outcome. Source: SPEC section 5."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from msgspec.structs import replace

from ....errors import InvalidArgument, NotFound
from ....model.messages import RunTaskRequest
from ....names import parse_task
from ..rules.attempts import Attempt, Outcome, retry_config, retry_delay
from ..store.store import QueueRow
from ..store.task_json import StoredTask, attempts_json, task_message, task_prefix
from . import telling
from .context import NOT_FOUND, Serving, shown


class AttemptService(Serving):
    def run(self, name: str, body: RunTaskRequest) -> bytes:
        """Sends one attempt at once, whatever the queue's state and rate; responds without waiting for the target."""
        parsed = parse_task(name)
        with self._store.transaction():
            queue = self._queue(parsed.parent)
            found = self._tasks.get(queue.generation, parsed.task)
            if found is None:
                raise NotFound(NOT_FOUND)
            attempt = self._attempt(queue, found, by_run=True)
            if attempt.task.pull_message is not None:
                raise InvalidArgument("A pull task cannot be run: lease it instead.")
            self._tasks.begin_attempt(found.row, attempts_json(*attempt.begun()))
            sent = self._tasks.get(queue.generation, parsed.task)
        assert sent is not None  # noqa: S101 - it was there a moment ago, in the same transaction
        self._store.after_commit(partial(self._context.send, attempt))
        return shown(queue, sent, body.response_view)

    def begin_due(self, queue: QueueRow, limit: int) -> list[Attempt]:
        """Begins the attempts of due tasks, oldest first. The caller sends them after the commit."""
        self._context.expiry.end_all()
        due = self._tasks.to_dispatch(queue.generation, self._context.clock.now(), limit)
        if not due:
            return []
        begun = [self._attempt(queue, row) for row in due]
        with self._store.writing():
            for attempt in begun:
                self._tasks.begin_attempt(attempt.task_row, attempts_json(*attempt.begun()))
        return begun

    def finish(self, attempt: Attempt, outcome: Outcome) -> None:
        """Records the outcome of an attempt: the task is deleted, retried, or given up."""
        now = self._context.clock.now()
        with self._store.writing():
            self._tasks.count_answer(attempt.queue_row, now)
            row = self._tasks.get(attempt.generation, attempt.task_id)
            is_there = (
                row is not None and row.row == attempt.task_row and self._tasks.are_there(attempt.generation)
            )
            due = _next_try(attempt, outcome, row, now) if row is not None and is_there else None
            record = telling.ended(attempt, outcome, now, due, is_there=is_there)
            self._store.after_commit(partial(self._context.under_way.recorded, attempt))
            self._store.journal.ended(attempt.queue.name, record, outcome.status.code_name.lower())
            if row is None or not is_there:
                return  # the task was deleted or purged meanwhile, or another attempt completed it
            queue = QueueRow(attempt.queue_row, attempt.generation, attempt.queue, None)
            if outcome.succeeded:
                self._remove(queue, row.id, why="")
                return
            first, last = attempt.begun()
            ended = replace(last, response_time=now, response_status=outcome.status)
            if due is None:
                count = row.response_count + outcome.answered
                kept = replace(row, response_count=count, attempts=attempts_json(first, ended))
                self._give_up(queue, kept, why="")
                return
            self._tasks.end_attempt(
                row.row,
                attempts_json(first, ended),
                due,
                outcome.code,
                answered=outcome.answered,
                executed=outcome.executed,
            )
        self._context.changed(attempt.queue_row)

    def _attempt(self, queue: QueueRow, found: StoredTask, *, by_run: bool = False) -> Attempt:
        return Attempt(
            queue_row=queue.row,
            generation=queue.generation,
            task_row=found.row,
            queue=queue.queue,
            task=task_message(found, task_prefix(queue.queue)),
            started=self._context.clock.now(),
            execution_count=found.execution_count,
            previous_code=found.previous_code,
            by_run=by_run,
            logged=bool(found.logged),
        )


def _next_try(attempt: Attempt, outcome: Outcome, row: StoredTask, now: datetime) -> datetime | None:
    """The time of the retry; None if the task is done or given up."""
    if outcome.succeeded:
        return None
    retries = retry_config(attempt.queue, attempt.task)
    first, _ = attempt.begun()
    if retries.is_used_up(row.dispatch_count, now - (first.dispatch_time or now)):
        return None
    counted_from = attempt.started if attempt.by_run else now
    return max(counted_from + retry_delay(retries, row.dispatch_count), now + outcome.retry_after)
