"""One attempt of a push task: its count, its outcome, and the time of the next one. Pure.

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
LONGEST = timedelta(days=1)  # the longest Retry-After that counts


class Attempt(Struct, frozen=True):
    """A task that is being sent, as it was at that moment."""

    queue_row: int
    task_row: int
    queue: Queue
    task: Task  # before this attempt
    started: datetime
    execution_count: int
    previous_code: int | None
    generation: int = 0
    by_run: bool = False  # by tasks.run, not by schedule
    logged: bool = False  # the log includes it

    @property
    def number(self) -> int:
        """1 for the first attempt."""
        return self.task.dispatch_count + 1

    @property
    def task_id(self) -> str:
        """The id of the task, from its name."""
        return self.task.name.rpartition("/")[2]

    def begun(self) -> tuple[AttemptStatus, AttemptStatus]:
        """The first and the last attempt, including this one."""
        last = AttemptStatus(schedule_time=self.task.schedule_time, dispatch_time=self.started)
        before = self.task.status.first_attempt_status if self.task.status is not None else None
        return before or AttemptStatus(dispatch_time=self.started), last


class Outcome(Struct, frozen=True):
    """The outcome of an attempt. `code`: the HTTP status that the next attempt reports as the previous response.

    `retry_after`: the target's Retry-After, a lower bound for the next attempt. `body`: the beginning of the response
    body. `took`: real time, even with a manual clock.
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
        """Whether the handler itself responded: a 5xx may come from a proxy before it."""
        return self.answered and self.code is not None and self.code < 500


def answered(code: int, retry_after: timedelta = timedelta(), body: bytes = b"") -> Outcome:
    """The outcome for this HTTP status; anything but 2xx is a failure."""
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
    return Outcome(_status(_DEADLINE_EXCEEDED, "the target did not respond in time"), _TIMED_OUT_CODE)


def unreachable(why: str) -> Outcome:
    return Outcome(_status(_UNAVAILABLE, why))


def refused(why: str) -> Outcome:
    return Outcome(_status(_PERMISSION_DENIED, why))


def _status(code: int, text: str) -> Status:
    return Status(code=code, message=f"{BY_RPC_CODE[code].rpc_status}({code}): {text}")


def retry_config(queue: Queue, task: Task) -> RetryConfig:
    """The retry settings of a task: its own first, then those of its queue."""
    ours, theirs = task.retry_config, queue.retry_config or RetryConfig()
    return theirs if ours is None else ours.over(theirs)


def retry_delay(retries: RetryConfig, failed: int) -> timedelta:
    """The delay after the `failed`-th failed attempt."""
    # Later delays are all max_backoff or still larger: stop counting here.
    return next(islice(retries.backoff(), min(failed, 10_000) - 1, None))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta:
    """The delay of a Retry-After header, in seconds or as a date; None if it is missing or invalid.

    A date uses the sender's clock, so it is compared with the Date of the same response, if present.

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
