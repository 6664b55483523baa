"""One attempt of a push task: how it counts, how it ended, and when the next one is due. Pure.

Source: SPEC sections 5.2 and 5.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import islice

from msgspec import Struct

from ....errors import BY_RPC_CODE
from ....model import AttemptStatus, Queue, RetryConfig, Status, Task

_HTTP_TO_RPC = {400: 3, 401: 16, 403: 7, 404: 5, 409: 10, 416: 11, 429: 8, 499: 1, 501: 12, 503: 14, 504: 4}
_DEADLINE_EXCEEDED, _PERMISSION_DENIED, _UNAVAILABLE = 4, 7, 14
_TIMED_OUT_CODE = 504
LONGEST = timedelta(days=1)  # that a target may ask to be left alone


class Attempt(Struct, frozen=True):
    """A task on its way: what was known when it was sent."""

    queue_row: int
    task_row: int
    queue: Queue
    task: Task  # as it was before this attempt
    started: datetime
    execution_count: int
    previous_code: int | None
    generation: int = 0
    by_run: bool = False  # a caller asked for it, rather than its schedule
    logged: bool = False  # the log shows it

    @property
    def number(self) -> int:
        """1 for the first attempt."""
        return self.task.dispatch_count + 1

    @property
    def task_id(self) -> str:
        """The id of the task, in the name that the store made."""
        return self.task.name.rpartition("/")[2]

    def begun(self) -> tuple[AttemptStatus, AttemptStatus]:
        """The first and the last attempt, now that this one was sent."""
        last = AttemptStatus(schedule_time=self.task.schedule_time, dispatch_time=self.started)
        before = self.task.status.first_attempt_status if self.task.status is not None else None
        return before or AttemptStatus(dispatch_time=self.started), last


class Outcome(Struct, frozen=True):
    """How an attempt ended. `code`: the HTTP status that counts as the previous answer.

    `retry_after`: how long the target asked to be left alone, a lower bound for the next attempt. `body`: how the
    answer's body begins. `took`: how long it took in real time, whatever the emulator's clock says.
    """

    status: Status
    code: int | None = None
    answered: bool = False
    retry_after: timedelta = timedelta()
    body: bytes = b""
    took: timedelta = timedelta()

    @property
    def succeeded(self) -> bool:
        return self.status.code == 0

    @property
    def executed(self) -> bool:
        """Whether the handler itself answered: a 5xx may come from what stands before it."""
        return self.answered and self.code is not None and self.code < 500


def answered(code: int, retry_after: timedelta = timedelta(), body: bytes = b"") -> Outcome:
    """The target answered with this HTTP status; anything but 2xx is a failure."""
    if 200 <= code < 300:
        return Outcome(Status(), code, answered=True, body=body)
    fallback = 9 if 400 <= code < 500 else 13 if code >= 500 else 2
    return Outcome(
        _status(_HTTP_TO_RPC.get(code, fallback), f"HTTP status code {code}"),
        code,
        answered=True,
        retry_after=retry_after,
        body=body,
    )


def timed_out() -> Outcome:
    return Outcome(_status(_DEADLINE_EXCEEDED, "the target did not answer in time"), _TIMED_OUT_CODE)


def unreachable(why: str) -> Outcome:
    return Outcome(_status(_UNAVAILABLE, why))


def refused(why: str) -> Outcome:
    return Outcome(_status(_PERMISSION_DENIED, why))


def _status(code: int, text: str) -> Status:
    return Status(code=code, message=f"{BY_RPC_CODE[code].rpc_status}({code}): {text}")


def retry_config(queue: Queue, task: Task) -> RetryConfig:
    """The retry settings of a task: its own ones first, then those of its queue."""
    ours, theirs = task.retry_config, queue.retry_config or RetryConfig()
    return theirs if ours is None else ours.over(theirs)


def retry_delay(retries: RetryConfig, failed: int) -> timedelta:
    """The delay after the `failed`-th failed attempt."""
    # Far along the series every delay is max_backoff, or grows without end: look no further than this.
    return next(islice(retries.backoff(), min(failed, 10_000) - 1, None))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta:
    """From the Retry-After header of an answer, seconds or a date; nothing when there is none, or none that is read.

    A date is meant by the clock of its sender, so it is compared with the Date of the same answer, where it has one.

    >>> retry_after({"Retry-After": "120"}, datetime.now(UTC)).total_seconds()
    120.0
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal():
        asked = timedelta(seconds=min(int(value[:12]), LONGEST.total_seconds()))
    else:
        moment = _date(value)
        asked = moment - (_date(headers.get("Date", "")) or now) if moment is not None else timedelta()
    return max(timedelta(), min(asked, LONGEST))


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
