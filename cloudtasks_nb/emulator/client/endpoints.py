"""Calls the endpoints that only an emulator has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

from ...errors import ApiError, ConfigError, NotFound
from ...model import Message, decode, encode
from ...rest.answers import refusal
from ...rest.deadline import Deadline
from ...rest.exchange import Bounds, exchange
from ...rest.session import Session

T = TypeVar("T")

PREFIX = "/emulator/v1"


class Endpoints:
    """The extra endpoints of one emulator. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(
        self, path: str, kind: type[T], query: Mapping[str, str] | None = None, *, longer_s: float = 0.0
    ) -> T:
        """Read something. `longer_s` extends the deadline.

        Errors: ConfigError when the endpoint is not one of our emulators, TransportError, ApiError.
        """
        return decode(self.raw(path, query, longer_s=longer_s), kind)

    def raw(self, path: str, query: Mapping[str, str] | None = None, *, longer_s: float = 0.0) -> bytes:
        """Read something as a stream. Errors: as get."""
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path, None, longer_s)

    def post(self, path: str, body: Message, kind: type[T], *, longer_s: float = 0.0) -> T:
        """Change something. `longer_s` extends the deadline. Errors: as get, ReadOnly, and ApiError."""
        self._session.check_may_change(f"emulator.{path}", "")
        return decode(self._call("POST", path, encode(body), longer_s), kind)

    def _call(self, verb: str, path: str, body: bytes | None, longer_s: float) -> bytes:
        session = self._session
        if session.is_closed:
            raise ConfigError("This client is closed.", hint="create a new one with ct.local()")
        answer = exchange(
            session.connections(),
            verb,
            f"{session.endpoint}{PREFIX}/{path}",
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            body=body,
            bounds=Bounds(Deadline(session.timeout_s + longer_s), session.max_answer_bytes),
        )
        if 200 <= answer.status < 300:
            return answer.body
        error = refusal(answer, method=f"emulator.{path}", resource="")
        if not isinstance(error, ApiError) or (isinstance(error, NotFound) and "server" in error.message):
            raise ConfigError(
                f"{session.endpoint} is not an emulator of this version of cloudtasks_nb.",
                hint="start one with ct.local(), or with: python -m cloudtasks_nb emulator",
            )
        raise error
