"""Detects the protocol of each new connection, and closes connections that are silent or too slow with their first
request.

Otherwise they could pile up. aiohttp's keep-alive timeout covers later requests on a connection.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

FIRST_HEAD_S = 20.0

_COMPLAINTS = logging.getLogger("cloudtasks_nb.emulator")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""The first bytes of an HTTP/2 connection without negotiation, as gRPC uses it. Source: RFC 9113 section 3.4."""

_TLS = b"\x16\x03"
_NO_TLS = (
    "a client tried to connect with TLS, which the emulator does not support. "
    "Next: use an insecure channel for gRPC clients, and an http:// address for REST clients."
)


class Connections:
    """Listens, passes requests to `handle`, and limits the time until a connection's first request.

    `http_2`: makes protocols for HTTP/2 connections; without it, these get an HTTP/1 error.
    """

    def __init__(
        self,
        handle: Handler,
        first_head_s: float = FIRST_HEAD_S,
        http_2: Callable[[], asyncio.Protocol] | None = None,
    ) -> None:
        self._handle = handle
        self._silent: set[asyncio.Transport] = set()
        self._first_head_s = first_head_s
        self._http_2 = http_2
        self._met_tls = False
        self._server: asyncio.Server | None = None
        self._closed = False
        _COMPLAINTS.addFilter(_is_ours)

    async def start(self, listening: socket.socket) -> None:
        # packing.py decompresses bodies, with a size limit.
        self._http_1 = web.Server(self._heard, access_log=None, auto_decompress=False, logger=_COMPLAINTS)
        self._runner = web.ServerRunner(self._http_1, shutdown_timeout=1.0)
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connected, sock=listening, backlog=1024)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._closed = True
            for transport in self._silent:
                transport.abort()
            await self._runner.cleanup()

    def _connected(self) -> _Beginning:
        return _Beginning(self._opened, self._protocol)

    def _opened(self, transport: asyncio.Transport) -> None:
        if self._closed:  # the operating system accepted it before
            transport.abort()
            return
        self._silent.add(transport)
        asyncio.get_running_loop().call_later(self._first_head_s, self._lose_patience, transport)

    def _lose_patience(self, transport: asyncio.Transport) -> None:
        if transport in self._silent:
            self._silent.discard(transport)
            transport.close()

    def _protocol(self, transport: asyncio.Transport, head: bytes) -> asyncio.Protocol | None:
        """The protocol of a connection that begins like this; None if not clear yet."""
        if self._http_2 is not None and PREFACE.startswith(head[: len(PREFACE)]):
            if len(head) < len(PREFACE):
                return None
            self._silent.discard(transport)
            return self._http_2()
        if head.startswith(_TLS) and not self._met_tls:
            self._met_tls = True
            print(f"cloudtasks_nb emulator: {_NO_TLS}", file=sys.stderr, flush=True)
        return self._http_1()

    def _heard(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        if request.transport is not None:
            self._silent.discard(request.transport)
        return self._handle(request)


class _Beginning(asyncio.Protocol):
    """A connection whose protocol is not known yet."""

    def __init__(
        self,
        opened: Callable[[asyncio.Transport], None],
        choose: Callable[[asyncio.Transport, bytes], asyncio.Protocol | None],
    ) -> None:
        self._opened = opened
        self._choose = choose
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - connections are streams
        self._transport = transport
        self._opened(transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        chosen = self._choose(self._transport, self._head)
        if chosen is not None:
            self._transport.set_protocol(chosen)
            chosen.connection_made(self._transport)
            chosen.data_received(self._head)


def _is_ours(complaint: logging.LogRecord) -> bool:
    """Whether the owner should see the error. Clients that send invalid HTTP get an error response instead."""
    error = complaint.exc_info[1] if complaint.exc_info else None
    return not isinstance(error, HttpProcessingError)
