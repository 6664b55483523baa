"""Deadlines, and connections that read a whole response within them, from the status line to the last byte.

A socket's timeout restarts with every byte, so a server that sends its headers slowly could block a call for any
time.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Mapping
from typing import Any

from urllib3.connectionpool import HTTPConnectionPool

from ..errors import ConfigError
from ..model.durations import DurationLike, span_of
from .sent import sent

_LONGEST_S = 86_400.0


class Deadline:
    """A deadline of `total_s` seconds for one or several requests; `left_s` seconds of it remain."""

    __slots__ = ("_at", "total_s")

    def __init__(self, total_s: float) -> None:
        self.total_s = total_s
        self._at = time.monotonic() + total_s

    @property
    def left_s(self) -> float:
        return self._at - time.monotonic()

    def extend(self, by_s: float) -> None:
        """Extend the deadline by a wait that does not count."""
        self._at += by_s


def seconds_for_a_call(timeout: DurationLike) -> float:
    """Convert a timeout argument to seconds. Errors: ConfigError."""
    try:
        timeout_s = span_of(timeout).total_seconds()
    except (OverflowError, TypeError, ValueError):
        timeout_s = 0.0
    if not 0 < timeout_s <= _LONGEST_S:
        raise ConfigError(
            f"timeout must be longer than 0 seconds and at most a day, not {timeout!r}.",
            hint='pass seconds, a timedelta or a string, such as timeout=20 or timeout="1m"',
        )
    return timeout_s


class _Until(io.RawIOBase):
    """A socket's stream that ends when its initial timeout has passed."""

    def __init__(self, stream: io.RawIOBase, sock: socket.socket) -> None:
        self._stream = stream
        self._sock = sock
        self._timeout_s = sock.gettimeout()
        self._deadline = time.monotonic() + (self._timeout_s or 0.0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._timeout_s is None:
            return self._stream.readinto(buffer)
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the response is not complete in time")
        self._sock.settimeout(left_s)
        try:
            return self._stream.readinto(buffer)
        finally:
            # The next request on this connection has its own timeout.
            self._sock.settimeout(self._timeout_s)

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Until(self.fp.detach(), sock))


class _Keeping:
    """A connection that keeps its deadline, and says when its request was sent.

    It marks errors of connecting, because nothing was sent then.
    """

    response_class = _Response

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        except Exception as error:
            error.while_connecting = True  # type: ignore[attr-defined]
            raise

    def getresponse(self) -> Any:
        sent()
        return super().getresponse()  # type: ignore[misc]


def keeping_deadlines(pools: Mapping[str, type[HTTPConnectionPool]]) -> dict[str, type[HTTPConnectionPool]]:
    """The same pools, for direct connections or those of a proxy, but their connections keep their deadlines."""
    kept = {}
    for scheme, pool in pools.items():
        connection = type(pool.ConnectionCls.__name__, (_Keeping, pool.ConnectionCls), {})
        kept[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": connection})
    return kept


def while_connecting(error: BaseException | None) -> bool:
    """Whether a connection raised this error before it sent a request."""
    return getattr(error, "while_connecting", False)
