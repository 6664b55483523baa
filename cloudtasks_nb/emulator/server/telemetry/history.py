"""The attempts of a queue, for the emulator's own history: from the records that the log uses, too."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable

from ....model import Duration, Status
from ....model.emulated import AttemptRecord, HistoryResponse
from ..clock import from_us
from ..rules.attempts import Attempt
from ..services.telling import under_way
from ..store.happened import Happened
from ..store.store import Store

_AS_TEXT = getincrementaldecoder("utf-8")  # it drops a truncated character
_EVER_US = 1 << 62


def history(store: Store, queue: str, task: str, sent: Iterable[Attempt]) -> HistoryResponse:
    """The attempts of a queue, or of one of its tasks (by full name), in the order in which they were sent.

    `sent`: attempts that are under way.
    """
    store.write_notes()
    told = [one for one in store.happened.queues(queue.split("/")[1]) if one.name == queue]
    prefix, ids = f"{queue}/tasks/", [one.id for one in told]
    records = [
        record
        for batch in store.happened.batches(ids, 0, _EVER_US)
        for record in store.happened.records(batch)
        if record.attempt and task in ("", prefix + record.task)
    ]
    recorded = {(one.task, one.attempt, one.at_us) for one in records}
    for attempt in sent:
        one = under_way(attempt)
        if (
            attempt.queue.name == queue
            and task in ("", attempt.task.name)
            and (one.task, one.attempt, one.at_us) not in recorded
        ):
            records.append(one)
    records.sort(key=lambda record: record.at_us)
    return HistoryResponse(
        attempts=[_shown(record, prefix) for record in records], dropped=sum(one.dropped for one in told)
    )


def _shown(record: Happened, prefix: str) -> AttemptRecord:
    is_over = record.ended_us is not None
    return AttemptRecord(
        task=prefix + record.task,
        attempt=record.attempt,
        schedule_time=from_us(record.schedule_us),
        dispatch_time=from_us(record.at_us),
        response_time=from_us(record.ended_us) if record.ended_us is not None else None,
        took=Duration(microseconds=record.took_us) if is_over else None,
        code=record.http_status,
        status=Status(code=record.code, message=record.message) if is_over else None,
        answer=_AS_TEXT("replace").decode(record.answer),
        outcome=record.outcome,
        retry_time=from_us(record.retry_us) if record.retry_us is not None else None,
    )
