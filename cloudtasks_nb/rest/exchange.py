"""Sends one HTTP request and reads its response within a deadline. Broken connections raise TransportError."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import urllib3
from msgspec import Struct
from urllib3 import exceptions

from ..discreet import Body, Discreet
from ..errors import AnswerTooLarge, Timeout, TransportError
from .connections import Connections
from .deadline import Deadline, while_connecting

MAX_ANSWER_BYTES = 512 * 1024 * 1024
_CHUNK_BYTES = 16 * 1024  # if packed, they decompress to 16 MB at most
LONGEST_WAIT_S = 86_400.0
"""The limit of the delay that a service may ask for."""
_UNCERTAIN = "a change may have taken effect: check before you try again"
_LONGER = "try again, or give calls more time: ct.connect(timeout=60)"


class Answer(Discreet, Struct, frozen=True):
    """An HTTP response."""

    status: int
    content_type: str
    retry_after_s: float
    body: bytes
    date: datetime | None = None

    @classmethod
    def of(cls, status: int, headers: Any, body: bytes) -> Answer:
        """Make an Answer from a status, headers (any object with `get`) and a body."""
        date = _instant(headers.get("Date", ""))
        again = _retry_after_s(headers.get("Retry-After", ""), date)
        return cls(status, headers.get("Content-Type", ""), again, Body(body), date)


class Bounds(Struct, frozen=True):
    """The limits of an exchange: its deadline, and the decompressed size of the response."""

    deadline: Deadline
    max_answer_bytes: int = MAX_ANSWER_BYTES


def exchange(
    http: Connections,
    verb: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    bounds: Bounds,
) -> Answer:
    """Send one request and read the whole response. Errors: Timeout, TransportError, AnswerTooLarge, ConfigError."""
    deadline = bounds.deadline
    left_s = deadline.left_s
    if left_s <= 0:  # a sign-in or a pause took all the time
        raise Timeout(
            f"The deadline of {deadline.total_s:.3g} s passed before this call was sent to {_host(url)}.",
            hint=_LONGER,
            reached=False,
        )
    response = None
    try:
        with http.open(verb, url, headers=headers, body=body, within_s=left_s) as response:
            return Answer.of(response.status, response.headers, _read(url, response, bounds))
    except (exceptions.HTTPError, ValueError) as error:
        failure = _failure(url, error, deadline, was_sent=response is not None)
        if verb == "GET" and failure.hint == _UNCERTAIN:
            failure.hint = "try again"
    # Raised outside the except block: the library's error, as its context, would show the URL, which may hold a token.
    raise failure


def _failure(url: str, error: Exception, deadline: Deadline, *, was_sent: bool) -> TransportError:
    by_socks = isinstance(error, exceptions.NewConnectionError) and hasattr(error.conn, "_socks_options")
    if isinstance(error, exceptions.NewConnectionError) and not by_socks:  # a TimeoutError, too
        return TransportError(
            f"{_host(url)} was not reached: {_cause(error)}.",
            hint="check the endpoint and the network; for an emulator: is it running? ct.local() starts one",
            reached=False,
        )
    was_sent = was_sent or not any(map(while_connecting, (*_layers(error), error.__cause__)))
    if isinstance(error, exceptions.TimeoutError) and not by_socks:
        return _timeout(url, deadline, reached=was_sent)
    if isinstance(error, exceptions.DecodeError):
        return TransportError(f"{_host(url)} sent invalid compressed data.", hint=_UNCERTAIN)
    if was_sent:
        return _broken(url, error)
    if isinstance(error, exceptions.SSLError):
        return TransportError(
            f"No secure connection to {_host(url)}: {_cause(error)}.",
            hint="if this network has its own certificates, REQUESTS_CA_BUNDLE names their file",
            reached=False,
        )
    if isinstance(error, exceptions.ProxyError) or by_socks:
        return TransportError(
            f"The proxy rejected the connection to {_host(url)}: {_cause(error)}.",
            hint="check HTTPS_PROXY and NO_PROXY",
            reached=False,
        )
    return _broken(url, error)


def _read(url: str, response: urllib3.BaseHTTPResponse, bounds: Bounds) -> bytes:
    """Read the body within limits of time and size, in case of a slow server or a decompression bomb."""
    packed = response.headers.get("Content-Encoding", "")
    if "," in packed:  # each layer can compress a thousandfold
        raise TransportError(f"{_host(url)} compressed its response more than once: {packed}.")
    if response.length_remaining and not packed:
        return _read_whole(url, response, bounds)
    body = BytesIO()  # hides the content from tracebacks, because a response may hold a token
    while body.write(response.read1(_CHUNK_BYTES, decode_content=True)):
        _check_size(url, body.tell(), bounds)
        if bounds.deadline.left_s < 0:
            raise _timeout(url, bounds.deadline)
    return body.getvalue()


def _read_whole(url: str, response: urllib3.BaseHTTPResponse, bounds: Bounds) -> bytes:
    """Read a body of known length in one piece: new memory for copies would take longer than receiving it."""
    length = response.length_remaining or 0
    _check_size(url, length, bounds)
    body = BytesIO(response.read(length, decode_content=False))  # hides it, without a copy
    response.read(1, decode_content=False)  # raises if the connection has ended too early
    return body.getvalue()


def _check_size(url: str, size: int, bounds: Bounds) -> None:
    if size > bounds.max_answer_bytes:
        raise AnswerTooLarge(
            f"The response of {_host(url)} is larger than {bounds.max_answer_bytes:,} bytes.",
            hint="request less (a smaller page_size, fields=...), or allow more: ct.connect(max_answer_bytes=...)",
        )


def _timeout(url: str, deadline: Deadline, *, reached: bool = True) -> Timeout:
    message = f"{_host(url)} did not respond completely within {deadline.total_s:.3g} s."
    return Timeout(message, hint=_LONGER, reached=reached)


def _broken(url: str, error: Exception) -> TransportError:
    return TransportError(
        f"The connection to {_host(url)} broke before the response was complete: {_cause(error)}.",
        hint=_UNCERTAIN,
    )


def _cause(error: BaseException) -> str:
    """The innermost reason in a few words; without the URL, which may hold a key."""
    *_, error = _layers(error)
    cause = error.__cause__ or error.__context__ or error
    cause = getattr(cause, "socket_err", None) or cause  # an error of PySocks, which has no strerror
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(getattr(cause, "msg", "")) if hasattr(cause, "socket_err") else type(cause).__name__


def _layers(error: BaseException) -> Iterator[BaseException]:
    """An error, and the errors that it wraps, from the outermost to the innermost."""
    held: BaseException | None = error
    while isinstance(held, BaseException):
        yield held
        held = getattr(held, "reason", None) or _held(held)


def _held(error: BaseException) -> BaseException | None:
    return next((held for held in error.args if isinstance(held, BaseException)), None)


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _retry_after_s(value: str, date: datetime | None) -> float:
    """Seconds in a Retry-After header: a number, or an instant of the clock that wrote `date`. 0 if it is missing."""
    if not value:
        return 0.0
    try:
        wait_s = float(value)
    except ValueError:
        moment = _instant(value)
        wait_s = 0.0 if moment is None else (moment - (date or datetime.now(UTC))).total_seconds()
    return min(max(0.0, wait_s), LONGEST_WAIT_S)


def _instant(value: str) -> datetime | None:
    """The instant in a header; None if it is missing or not a date."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
