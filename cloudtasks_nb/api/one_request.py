"""Many calls in one HTTP request: each has its own outcome, and only idempotent calls are retried.

Source: SPEC section 1.6.
"""

from __future__ import annotations

import base64
import quopri
import re
import time
import uuid
from collections.abc import Iterator, Sequence

from ..discreet import JsonObject
from ..errors import CloudTasksError, DecodeError, TransportError
from ..mime import fields, multipart, pieces, split_head
from ..rest.answers import refusal
from ..rest.call import Call
from ..rest.deadline import Deadline
from ..rest.exchange import Answer
from ..rest.quotas import Pauses
from ..rest.retry import Retry
from ..rest.session import Session
from ..rest.trying import TryingCall

MOST = 1000
"""The limit of calls in one request."""
MOST_BYTES = 8_000_000
"""The bodies in one request; Google's services accept about 10 MB."""

Outcome = bytes | CloudTasksError


class BatchPart(TryingCall):
    """One call of a batch, and its outcome: JSON bytes or an error; None before that."""

    __slots__ = ("outcome",)

    def __init__(self, call: Call, policy: Retry, pauses: Pauses | None = None) -> None:
        super().__init__(call, policy, pauses)
        self.outcome: Outcome | None = None
        self.outlasts_quota = False  # otherwise the other calls would wait, too
        self.turns = 0  # all calls are sent together

    def turn_s(self, deadline: Deadline) -> float:
        """The wait while the call's quota is paused. If that would be too late, the call gets its error, unsent."""
        pause = self.pause()
        delay_s = 0.0 if pause is None else self._reserved_s(pause, deadline)
        if pause is not None and pause.error is not None and delay_s is None:
            self.outcome = self._unsent(pause.error)
        elif pause is not None and delay_s is not None:
            self.waits(pause, delay_s, deadline)
        return delay_s or 0.0


def send_batch(session: Session, parts: Sequence[BatchPart], timeout_s: float) -> int:
    """Send calls, up to 1,000 per request, until each has an outcome. Returns the number of requests.

    A request has calls of one API version. Idempotent calls are retried by the session's policy. Calls that were
    rejected for their credentials are sent once more with new credentials. Raises nothing: each part has its own
    error.
    """
    requests = 0
    of_version: dict[str, list[BatchPart]] = {}
    for part in parts:
        of_version.setdefault(part.call.method.version, []).append(part)
    for together in (chunk for same in of_version.values() for chunk in _chunks(same)):
        deadline, began_s = Deadline(timeout_s), time.monotonic()
        turns = [(part.turn_s(deadline), part) for part in together]
        wait_s = max(turn_s for turn_s, _ in turns)
        ready = [part for turn_s, part in turns if not turn_s and part.outcome is None]
        if wait_s and ready:  # a paused quota stops no calls of others
            requests += 1
            again_s = _send(session, ready, deadline)
            wait_s = max(began_s + wait_s - time.monotonic(), again_s)
        _wait(wait_s)
        while pending := [part for part in together if part.outcome is None]:
            requests += 1
            _wait(_send(session, pending, deadline))
    return requests


def _chunks(parts: Sequence[BatchPart]) -> Iterator[Sequence[BatchPart]]:
    """The parts of each request. Its bodies have at most `MOST_BYTES`, unless one alone is larger."""
    start = size = 0
    for at, part in enumerate(parts):
        size += len(part.call.body or b"")
        if at - start == MOST or (size > MOST_BYTES and at > start):
            yield parts[start:at]
            start, size = at, len(part.call.body or b"")
    yield parts[start:]


def _wait(for_s: float) -> None:
    if for_s > 0:  # sleep(0) gives other threads their turn, and then waits for its own
        time.sleep(for_s)


def _send(session: Session, pending: list[BatchPart], deadline: Deadline) -> float:
    """Send the pending calls once. Returns the wait before the remaining ones."""
    credential: dict[str, str] = {}
    for part in pending:
        part.begin()
    try:
        credential = session.auth.headers("POST", _url(session))
        found = _exchange(session, pending, credential, deadline)
    except CloudTasksError as error:
        found = [error] * len(pending)
    delay_s, refused = 0.0, []
    for part, outcome in zip(pending, found, strict=True):
        if isinstance(outcome, bytes):
            part.outcome = outcome
            part.passed()
        elif part.may_renew(outcome):
            refused.append((part, outcome))
        elif part.was_done(outcome):
            part.outcome = b"{}"
        elif (again_s := part.delay_s(outcome, deadline)) is None:
            part.outcome = part.reason(outcome)
        else:
            delay_s = max(delay_s, again_s)
    if refused:
        _renew(session, credential, refused)
    return delay_s


def _renew(
    session: Session, credential: dict[str, str], refused: Sequence[tuple[BatchPart, CloudTasksError]]
) -> None:
    """Fetch a new token for the parts whose credentials were rejected; they stay pending."""
    failed: CloudTasksError | None = None
    try:
        if session.auth.renew(credential):
            return
    except CloudTasksError as error:
        failed = error
    for part, outcome in refused:
        session.advise(outcome, part.call)
        part.outcome = failed or outcome


def _exchange(
    session: Session, pending: list[BatchPart], credential: dict[str, str], deadline: Deadline
) -> list[Outcome]:
    """Send one request. Errors: those of the whole request."""
    content_type, body = write_parts([part.call for part in pending])
    headers = JsonObject({**credential, "Content-Type": content_type, "Accept": "multipart/mixed"})
    whole = session.exchange("POST", _url(session), body, headers, deadline)
    if not 200 <= whole.status < 300:
        raise refusal(whole, method="batch", resource=session.endpoint)
    answers = read_parts(whole.content_type, whole.body)
    return [_outcome(part.call, answers.get(number)) for number, part in enumerate(pending)]


def _url(session: Session) -> str:
    return f"{session.endpoint}/batch"


def _outcome(call: Call, answer: Answer | None) -> Outcome:
    if answer is None:
        return TransportError("The response of the batch has no part for this call.")
    try:
        return call.content(answer)
    except CloudTasksError as error:
        return error


_NUMBER = re.compile(r"\+\s*(\d+)\s*>?\s*$")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})")


def write_parts(calls: Sequence[Call]) -> tuple[str, bytes]:
    """The Content-Type and body of a request with these calls, numbered from 0."""
    run = uuid.uuid4()
    boundary = f"batch_{run.hex}"
    parts = []
    for number, call in enumerate(calls):
        body = call.body or b""
        lines = [
            f"--{boundary}",
            "Content-Type: application/http",
            "Content-Transfer-Encoding: binary",
            f"Content-ID: <{run} + {number}>",
            "",
            f"{call.method.http} {call.target} HTTP/1.1",
            "Accept: application/json",
            *(["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []),
            "",
            "",
        ]
        parts.append("\r\n".join(lines).encode() + body + b"\r\n")
    return f'multipart/mixed; boundary="{boundary}"', b"".join([*parts, f"--{boundary}--\r\n".encode()])


def read_parts(content_type: str, body: bytes) -> dict[int, Answer]:
    """The responses by the numbers of their calls, without invalid parts. Errors: DecodeError."""
    kind, boundary = multipart(content_type)
    if not kind.startswith("multipart/") or not boundary:
        raise DecodeError(
            f"The response of a batch must be multipart, not {content_type or 'without a type'}.",
            hint="check that the endpoint supports /batch",
        )
    answers: dict[int, Answer] = {}
    before: tuple[bytes, str] | None = None
    for piece in pieces(body, boundary):
        head, held = split_head(piece)
        said = fields(head)
        number = _NUMBER.search(said.get("content-id", ""))
        raw = held, said.get("content-transfer-encoding", "")
        if raw != before:  # many calls have the same response as the one before
            answer, before = _answer(_plain(*raw)), raw
        if number is not None and answer is not None:
            answers[int(number[1])] = answer
    return answers


def _plain(held: bytes, encoding: str) -> bytes:
    """The decoded content of a part (base64 or quoted-printable); empty if it is not valid."""
    match encoding.lower():
        case "base64":
            try:
                return base64.b64decode(held)
            except ValueError:
                return b""
        case "quoted-printable":
            return quopri.decodestring(held)
    return held


def _answer(raw: bytes) -> Answer | None:
    """Parse the response in a part: a status line, headers, a body."""
    head, body = split_head(raw.lstrip())
    first, _, lines = head.partition(b"\n")
    status = _STATUS.match(first)
    if status is None:
        return None
    said = fields(lines)
    headers = {name: said.get(name.lower(), "") for name in ("Content-Type", "Retry-After", "Date")}
    if not headers["Content-Type"] and body.lstrip().startswith(b"{"):  # the part has no headers
        headers["Content-Type"] = "application/json"
    return Answer.of(int(status[1]), headers, body.strip(b"\r\n"))
