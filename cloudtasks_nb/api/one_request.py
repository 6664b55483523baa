"""Many calls in one HTTP request: each has its own outcome, and only what may be repeated is sent again.

Source: SPEC section 1.6.
"""

from __future__ import annotations

import base64
import quopri
import re
import time
import uuid
from collections.abc import Sequence

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
"""Calls in one request."""

Outcome = bytes | CloudTasksError


class BatchPart(TryingCall):
    """One call of a batch, and how it ended: JSON bytes or an error; None until then."""

    __slots__ = ("outcome",)

    def __init__(self, call: Call, policy: Retry, pauses: Pauses | None = None) -> None:
        super().__init__(call, policy, pauses)
        self.outcome: Outcome | None = None
        self.outlasts_quota = False  # the other calls would wait with it
        self.turns = 0  # they leave together


def send_batch(session: Session, parts: Sequence[BatchPart], timeout_s: float) -> int:
    """Send calls, up to 1,000 to a request, until each has an outcome. How many requests it took.

    A request holds calls of one version of the API. Calls that may be repeated are, by the session's policy; those that
    were refused for their credentials are sent once more, after these were renewed. Errors: none: each part holds its
    own.
    """
    requests = 0
    of_version: dict[str, list[BatchPart]] = {}
    for part in parts:
        of_version.setdefault(part.call.method.version, []).append(part)
    for together in (
        same[start : start + MOST] for same in of_version.values() for start in range(0, len(same), MOST)
    ):
        deadline = Deadline(timeout_s)
        time.sleep(max(part.room_s(part.call.method.id, part.call.resource, deadline) for part in together))
        while pending := [part for part in together if part.outcome is None]:
            requests += 1
            delay_s = _send(session, pending, deadline)
            time.sleep(delay_s)
    return requests


def _send(session: Session, pending: list[BatchPart], deadline: Deadline) -> float:
    """Send what is pending once; how long to wait before what is then still pending."""
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
            part.outcome = outcome
        else:
            delay_s = max(delay_s, again_s)
    if refused:
        _renew(session, credential, refused)
    return delay_s


def _renew(
    session: Session, credential: dict[str, str], refused: Sequence[tuple[BatchPart, CloudTasksError]]
) -> None:
    """Fetch another token for the parts that were refused without one; they stay pending."""
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
    """One request. Errors: what befell the request as a whole."""
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
        return TransportError("The answer to the batch held none for this call.")
    try:
        return call.content(answer)
    except CloudTasksError as error:
        return error


_NUMBER = re.compile(r"\+\s*(\d+)\s*>?\s*$")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})")


def write_parts(calls: Sequence[Call]) -> tuple[str, bytes]:
    """The Content-Type and body of a request that holds these calls, numbered from 0."""
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
    """The answers by the numbers of their calls; parts that cannot be read are missing. Errors: DecodeError."""
    kind, boundary = multipart(content_type)
    if not kind.startswith("multipart/") or not boundary:
        raise DecodeError(
            f"The answer to a batch is {content_type or 'of no type'}, not multipart.",
            hint="check that the endpoint offers /batch",
        )
    answers = {}
    for piece in pieces(body, boundary):
        head, held = split_head(piece)
        said = fields(head)
        number = _NUMBER.search(said.get("content-id", ""))
        answer = _answer(_plain(held, said.get("content-transfer-encoding", "")))
        if number is not None and answer is not None:
            answers[int(number[1])] = answer
    return answers


def _plain(held: bytes, encoding: str) -> bytes:
    """What a part holds, before it was written for a channel of seven bits. Nothing when that cannot be read."""
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
    """The answer that a part holds: a status line, headers, a body."""
    head, body = split_head(raw.lstrip())
    first, _, lines = head.partition(b"\n")
    status = _STATUS.match(first)
    if status is None:
        return None
    said = fields(lines)
    headers = {name: said.get(name.lower(), "") for name in ("Content-Type", "Retry-After", "Date")}
    return Answer.of(int(status[1]), headers, body.strip(b"\r\n"))
