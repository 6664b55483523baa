"""Received: one request that an inbox got, and the response to it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from ...discreet import Discreet
from ...errors import DecodeError
from ...model import Headers
from ...redact import scrub
from ...shown import Shown

if TYPE_CHECKING:
    from ...render import Card, Cell, Value

# headers of every delivery
_USUAL = {"host", "user-agent", "content-length", "accept", "accept-encoding", "connection"}
_SERVICE = ("x-cloudtasks-", "x-appengine-")


class Received(Discreet, msgspec.Struct, Shown, kw_only=True, eq=False):
    """A request as it arrived, and the response to it.

    Example:
        >>> @inbox.on("/send")
        ... def send(request):
        ...     return 200 if request.json()["to"] else 400
    """

    number: int
    """Its number in the order of arrival, from 1."""
    received: datetime
    """Arrival time, by the clock of this machine."""
    method: str
    """The HTTP method."""
    path: str
    """The path, without its query."""
    query: str = ""
    """The query, without its question mark."""
    headers: Headers
    """Its headers; secrets are hidden when they are shown."""
    payload: bytes = b""
    """Its body."""
    answer: int | None = None
    """The HTTP status of the response; None while the handler runs."""
    error: BaseException | None = None
    """The exception that a handler raised; the response was 500."""

    @property
    def attempt(self) -> int | None:
        """1 for the first attempt of a task; None when no task sent the request."""
        count = self._service("TaskRetryCount")
        return int(count) + 1 if count.isdecimal() else None

    @property
    def task(self) -> str:
        """The id of the task; empty when no task sent the request."""
        return self._service("TaskName")

    @property
    def queue(self) -> str:
        """The id of the queue; empty when no queue sent the request."""
        return self._service("QueueName")

    def text(self) -> str:
        """The payload as text. Errors: DecodeError when it is not UTF-8.

        Example:
            >>> inbox.requests[-1].text()
            '{"n":9}'
        """
        try:
            return self.payload.decode()
        except UnicodeDecodeError:
            raise DecodeError(
                "The payload is not text.", hint="read its bytes from request.payload"
            ) from None

    def json(self) -> Any:
        """The payload as JSON. Errors: DecodeError.

        Example:
            >>> inbox.requests[-1].json()
            {'n': 9}
        """
        try:
            return json.loads(self.text())
        except ValueError as error:
            raise DecodeError(
                f"The payload is not JSON: {error}.", hint="read it as text with request.text()"
            ) from None

    def _service(self, name: str) -> str:
        wanted = {f"{prefix}{name}".lower() for prefix in _SERVICE}
        return next((value for key, value in self.headers.items() if key.lower() in wanted), "")

    def _shape_(self) -> Card:
        from ...render import Card, code
        from ...render.json_tree import headers_section
        from ...render.payload import payload_sections

        return Card(
            f"{self.method} {self.path}",
            kind=f"request {self.number}",
            badge=self.answer_badge(),
            facts={
                "task": code(self.task) if self.task else None,
                "attempt": self.attempt,
                "query": code(f"?{self.query}") if self.query else None,
                "received": _time(self.received),
                "error": self.error_words() if self.error is not None else None,
            },
            sections=[
                *headers_section(self.headers),
                *(payload_sections(self.payload) if self.payload else []),
            ],
        )

    def row(self) -> dict[str, Value]:
        """One row of the inbox's table, by column heading."""
        from ...render import Cell, code, muted
        from ...render.payload import preview
        from ...visible import elided

        own = {name: value for name, value in self.headers.items() if not _is_usual(name)}
        everything = _header_words(self.headers)
        headers = (
            Cell(elided(_header_words(own), 26), everything)
            if own
            else muted("usual headers only", everything)
        )
        return {
            "#": self.number,
            "received": _time(self.received),
            "method": self.method,
            "path": code(self.path + (f"?{self.query}" if self.query else "")),
            "attempt": self.attempt,
            "task": code(self.task) if self.task else muted("no task"),
            "response": [self.answer_badge(), self._error_cell()],
            "payload": preview(self.payload, 28) if self.payload else muted("empty"),
            "headers": headers,
        }

    def answer_badge(self) -> Cell:
        """The status of the response."""
        from ...render import badge

        if self.answer is None:
            return badge("running", "warn")
        return badge(str(self.answer), "ok" if 200 <= self.answer < 300 else "bad")

    def _error_cell(self) -> Cell | None:
        """The type of the handler's exception, for one row of the table; the message appears on hover."""
        from ...render import Cell

        if self.error is None:
            return None
        return Cell(type(self.error).__name__, self.error_words())

    def error_words(self) -> str:
        """The handler's exception on one line, with secrets replaced."""
        first = scrub(str(self.error).partition("\n")[0])
        return f"{type(self.error).__name__}: {first}" if first else type(self.error).__name__

    def __repr__(self) -> str:
        tried = f" attempt {self.attempt}" if self.attempt is not None else ""
        return f"<Received {self.number} {self.method} {self.path}{tried} → {self.answer or '…'}>"


def _is_usual(name: str) -> bool:
    return name.lower() in _USUAL or name.lower().startswith(_SERVICE)


def _header_words(headers: dict[str, str]) -> str:
    from ...redact import redacted

    return ", ".join(f"{name}: {redacted(value, name)}" for name, value in headers.items())


def _time(moment: datetime) -> Cell:
    from ...render import Cell
    from ...render.values import exact

    return Cell(f"{moment:%H:%M:%S}", exact(moment))
