"""How every attempt went: of the tasks that are there, and of each queue's last finished ones. In bounded memory."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections import OrderedDict, deque
from datetime import datetime
from itertools import count
from operator import itemgetter

from ....model import Duration
from ....model.emulated import AttemptRecord
from ..rules.attempts import Attempt, Outcome, retry_config

FINISHED = 100
ATTEMPTS_PER_TASK = 100
ATTEMPTS = 50_000
ANSWERS = 5_000
KEPT_BYTES = 1000  # of an answer's body
_AS_TEXT = getincrementaldecoder("utf-8")  # which leaves out a character that was cut

Key = tuple[str, str]  # the full names of a queue and of a task in it


class AttemptLog:
    """Records of attempts, by task. The least recently tried tasks are forgotten first when there are too many."""

    def __init__(self, attempts: int = ATTEMPTS) -> None:
        self._limit = attempts
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all of it."""
        self._count = 0
        self._tasks: OrderedDict[Key, list[tuple[int, AttemptRecord]]] = OrderedDict()
        self._numbers = count()
        self._finished: dict[str, deque[Key]] = {}
        self._dropped: dict[str, int] = {}
        self._answers: deque[AttemptRecord] = deque()

    def began(self, attempt: Attempt) -> None:
        """An attempt is on its way."""
        key = attempt.queue.name, attempt.task.name
        record = AttemptRecord(
            task=attempt.task.name,
            attempt=attempt.number,
            dispatch_time=attempt.started,
            outcome="UNDER_WAY",
        )
        records = self._tasks.setdefault(key, [])
        records.append((next(self._numbers), record))
        self._tasks.move_to_end(key)
        self._count += 1
        if len(records) > ATTEMPTS_PER_TASK:
            del records[1]  # the first one tells how it began, the last ones where it stands
            self._drop(key[0], 1)
        while self._count > self._limit:
            (queue, _), forgotten = self._tasks.popitem(last=False)
            self._drop(queue, len(forgotten))

    def ended(self, attempt: Attempt, outcome: Outcome, now: datetime, took_s: float) -> None:
        """How it went. Units: `took_s` in seconds of real time, whatever the emulator's clock says."""
        key = attempt.queue.name, attempt.task.name
        for _, record in reversed(self._tasks.get(key, ())):
            if record.attempt == attempt.number and record.outcome == "UNDER_WAY":
                break
        else:
            return  # forgotten meanwhile
        record.response_time = now
        record.took = Duration(seconds=round(took_s, 6))
        record.code = outcome.code if outcome.answered else None
        record.status = outcome.status
        if outcome.body:
            record.answer = _AS_TEXT("replace").decode(outcome.body[:KEPT_BYTES])
            self._answers.append(record)
            if len(self._answers) > ANSWERS:
                self._answers.popleft().answer = ""
        record.outcome = _verdict(attempt, outcome, now)
        if record.outcome != "RETRY":
            self._finish(key)

    def of(self, queue: str, task: str = "") -> list[AttemptRecord]:
        """The attempts of a queue, or of one of its tasks, in the order in which they were sent."""
        found = [
            numbered
            for (held, name), records in self._tasks.items()
            if held == queue and task in ("", name)
            for numbered in records
        ]
        return [record for _, record in sorted(found, key=itemgetter(0))]

    def dropped(self, queue: str) -> int:
        """How many attempts of a queue were forgotten for lack of room."""
        return self._dropped.get(queue, 0)

    def _finish(self, key: Key) -> None:
        finished = self._finished.setdefault(key[0], deque())
        if key in finished:  # the name was used again
            finished.remove(key)
        finished.append(key)
        while len(finished) > FINISHED:
            gone = self._tasks.pop(finished.popleft(), [])
            self._count -= len(gone)

    def _drop(self, queue: str, attempts: int) -> None:
        self._count -= attempts
        self._dropped[queue] = self._dropped.get(queue, 0) + attempts


def _verdict(attempt: Attempt, outcome: Outcome, now: datetime) -> str:
    if outcome.succeeded:
        return "SUCCEEDED"
    first, _ = attempt.begun()
    since_first = now - (first.dispatch_time or now)
    over = retry_config(attempt.queue, attempt.task).is_used_up(attempt.number, since_first)
    return "GIVEN_UP" if over else "RETRY"
