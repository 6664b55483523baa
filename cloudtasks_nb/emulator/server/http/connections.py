"""Connections: which protocol one speaks, and those that say nothing, or dribble the head of a first request.

These are closed, so that they cannot pile up. Later requests on a connection are bounded by aiohttp's own keep-alive
timeout.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

FIRST_HEAD_S = 20.0

_COMPLAINTS = logging.getLogger("cloudtasks_nb.emulator")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""How a connection begins that speaks HTTP/2 without asking first, as gRPC does. Source: RFC 9113 section 3.4."""

_TLS = b"\x16\x03"
_NO_TLS = (
    "a client that speaks TLS called, and was not understood. "
    "Next: give gRPC clients an insecure channel, and REST clients an address that begins with http://"
)


class Connections:
    """Listens for an application, and gives every connection a while to make its first request.

    `http_2`: makes protocols for connections that speak HTTP/2; without it, these are told that this is HTTP/1.
    """

    def __init__(
        self,
        app: web.Application,
        first_head_s: float = FIRST_HEAD_S,
        http_2: Callable[[], asyncio.Protocol] | None = None,
    ) -> None:
        self._silent: set[asyncio.Transport] = set()
        self._first_head_s = first_head_s
        self._http_2 = http_2
        self._met_tls = False
        self._server: asyncio.Server | None = None
        app.middlewares.append(self._heard)
        _COMPLAINTS.addFilter(_is_ours)
        # Bodies are unpacked by us, with a bound.
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1.0, auto_decompress=False, logger=_COMPLAINTS
        )

    async def start(self, listening: socket.socket) -> None:
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connected, sock=listening, backlog=1024)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()
        for transport in self._silent:
            transport.abort()

    def _connected(self) -> _Beginning:
        return _Beginning(self._opened, self._protocol)

    def _opened(self, transport: asyncio.Transport) -> None:
        self._silent.add(transport)
        asyncio.get_running_loop().call_later(self._first_head_s, self._lose_patience, transport)

    def _lose_patience(self, transport: asyncio.Transport) -> None:
        if transport in self._silent:
            self._silent.discard(transport)
            transport.close()

    def _protocol(self, transport: asyncio.Transport, head: bytes) -> asyncio.Protocol | None:
        """What speaks as this connection begins; None while that is not clear."""
        if self._http_2 is not None and PREFACE.startswith(head[: len(PREFACE)]):
            if len(head) < len(PREFACE):
                return None
            self._silent.discard(transport)
            return self._http_2()
        if head.startswith(_TLS) and not self._met_tls:
            self._met_tls = True
            print(f"cloudtasks_nb emulator: {_NO_TLS}", file=sys.stderr, flush=True)
        assert self._runner.server is not None  # noqa: S101 - it is listening
        connection: RequestHandler = self._runner.server()
        return connection

    @web.middleware
    async def _heard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.transport is not None:
            self._silent.discard(request.transport)
        return await handler(request)


class _Beginning(asyncio.Protocol):
    """A connection until it is clear which protocol it speaks."""

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
    """Whether the owner of the process can do something about it: who sends what is no HTTP is told so already."""
    error = complaint.exc_info[1] if complaint.exc_info else None
    return not isinstance(error, HttpProcessingError)
