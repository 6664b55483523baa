"""Calls as parts of one multipart request, and its answer taken apart again. Source: SPEC section 1.6."""

from __future__ import annotations

import http.client
import io
import re
import uuid
from collections.abc import Sequence
from email.parser import BytesParser
from email.policy import compat32
from typing import Any

from ..errors import DecodeError
from ..rest.call import Call
from ..rest.exchange import Answer

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
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    # The newer policies read every header by its grammar, which takes longer than all the rest of a large batch.
    whole = BytesParser(policy=compat32).parsebytes(head + body)
    if not whole.is_multipart():
        raise DecodeError(
            f"The answer to a batch is {content_type or 'of no type'}, not multipart.",
            hint="check that the endpoint offers /batch",
        )
    answers = {}
    parts: Any = whole.get_payload()  # of a multipart message, its parts
    for part in parts:
        number = _NUMBER.search(str(part.get("Content-ID", "")))
        held = part.get_payload(decode=True)
        answer = _answer(held) if isinstance(held, bytes) else None
        if number is not None and answer is not None:
            answers[int(number[1])] = answer
    return answers


def _answer(raw: bytes) -> Answer | None:
    """The answer that a part holds: a status line, headers, a body."""
    first, _, rest = raw.lstrip().partition(b"\n")
    status = _STATUS.match(first)
    if status is None:
        return None
    stream = io.BytesIO(rest)
    try:
        headers = http.client.parse_headers(stream)
    except http.client.HTTPException:
        return None
    return Answer.of(int(status[1]), headers, stream.read().strip(b"\r\n"))
