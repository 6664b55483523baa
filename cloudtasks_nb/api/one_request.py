"""Many calls in one HTTP request: each has its own outcome, and only what may be repeated is sent again."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..errors import CloudTasksError, TransportError, Unauthenticated
from ..rest.answers import refusal
from ..rest.call import Call
from ..rest.deadline import Deadline
from ..rest.exchange import Answer
from ..rest.session import Session
from ..rest.trying import Trying
from .multipart import read_parts, write_parts

MOST = 1000
"""Calls in one request."""


class BatchPart(Trying):
    """One call of a batch, and how it ended: JSON bytes or an error; None until then."""

    __slots__ = ("outcome",)

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self.outcome: bytes | CloudTasksError | None = None


def send_batch(session: Session, parts: Sequence[BatchPart], timeout_s: float) -> int:
    """Send calls, up to 1,000 to a request, until each has an outcome. How many requests it took.

    Calls that may be repeated are, by the session's policy; those that were refused for their credentials are sent
    once more, after these were renewed. Errors: none: each part holds its own.
    """
    requests = 0
    for start in range(0, len(parts), MOST):
        requests += _Run(session, parts[start : start + MOST], timeout_s).finish()
    return requests


class _Run:
    def __init__(self, session: Session, parts: Sequence[BatchPart], timeout_s: float) -> None:
        self.session = session
        self.parts = parts
        self.deadline = Deadline(timeout_s)
        self.credential: dict[str, str] = {}

    def finish(self) -> int:
        rounds = 0
        while pending := [part for part in self.parts if part.outcome is None]:
            rounds += 1
            delay_s = self._round(pending)
            if delay_s > 0 and any(part.outcome is None for part in pending):
                time.sleep(delay_s)
        return rounds

    def _round(self, pending: list[BatchPart]) -> float:
        """Send what is pending once; how long to wait before what is then still pending."""
        for part in pending:
            part.begin()
        try:
            found = self._exchange(pending)
        except CloudTasksError as error:
            found = [error] * len(pending)
        delays_s = [0.0]
        refused = []
        for part, outcome in zip(pending, found, strict=True):
            if isinstance(outcome, Unauthenticated) and not part.renewed:
                part.renewed = True
                refused.append((part, outcome))
            else:
                delays_s.append(self._settle(part, outcome))
        if refused:
            self._renew(refused)
        return max(delays_s)

    def _renew(self, refused: Sequence[tuple[BatchPart, CloudTasksError]]) -> None:
        """Fetch another token for the parts that were refused without one; they stay pending."""
        try:
            renewed: CloudTasksError | bool = self.session.auth.renew(self.credential)
        except CloudTasksError as error:
            renewed = error
        for part, outcome in refused:
            if renewed is not True:
                part.outcome = renewed if isinstance(renewed, CloudTasksError) else outcome

    def _settle(self, part: BatchPart, outcome: bytes | CloudTasksError) -> float:
        """Decide what an outcome means for a part; the delay before its next try, if there is one."""
        if not isinstance(outcome, CloudTasksError):
            part.outcome = outcome
            return 0.0
        if part.was_done(outcome):
            part.outcome = b"{}"
            return 0.0
        delay_s = part.delay_s(outcome, self.session.retry, self.deadline.left_s)
        if delay_s is None:
            part.outcome = outcome
        return delay_s or 0.0

    def _exchange(self, pending: list[BatchPart]) -> list[bytes | CloudTasksError]:
        """One request. Errors: what befell the request as a whole."""
        session = self.session
        url = f"{session.endpoint}/batch"
        content_type, body = write_parts([part.call for part in pending])
        self.credential = session.auth.headers("POST", url)
        headers = {**self.credential, "Content-Type": content_type, "Accept": "multipart/mixed"}
        whole = session.exchange("POST", url, body, headers, self.deadline)
        for part in pending:
            part.retry_after_s = whole.retry_after_s
        if not 200 <= whole.status < 300:
            raise refusal(
                whole.status, whole.content_type, whole.body, method="batch", resource=session.endpoint
            )
        answers = read_parts(whole.content_type, whole.body)
        return [_outcome(part, answers.get(number)) for number, part in enumerate(pending)]


def _outcome(part: BatchPart, answer: Answer | None) -> bytes | CloudTasksError:
    if answer is None:
        return TransportError("The answer to the batch held none for this call.")
    try:
        return part.content(answer)
    except CloudTasksError as error:
        return error
