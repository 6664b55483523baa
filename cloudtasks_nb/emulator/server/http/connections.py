"""Connections that say nothing, or dribble the head of a first request: they are closed, so that they cannot pile up.

Later requests on a connection are bounded by aiohttp's own keep-alive timeout.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

FIRST_HEAD_S = 20.0

_COMPLAINTS = logging.getLogger("cloudtasks_nb.emulator")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Connections:
    """Listens for an application, and gives every connection a while to make its first request."""

    def __init__(self, app: web.Application, first_head_s: float = FIRST_HEAD_S) -> None:
        self._silent: set[RequestHandler] = set()
        self._first_head_s = first_head_s
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

    def _connected(self) -> RequestHandler:
        assert self._runner.server is not None  # noqa: S101 - it is listening
        connection: RequestHandler = self._runner.server()
        self._silent.add(connection)
        asyncio.get_running_loop().call_later(self._first_head_s, self._lose_patience, connection)
        return connection

    def _lose_patience(self, connection: RequestHandler) -> None:
        if connection in self._silent:
            self._silent.discard(connection)
            connection.force_close()

    @web.middleware
    async def _heard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._silent.discard(request.protocol)
        return await handler(request)


def _is_ours(complaint: logging.LogRecord) -> bool:
    """Whether the owner of the process can do something about it: who sends what is no HTTP is told so already."""
    error = complaint.exc_info[1] if complaint.exc_info else None
    return not isinstance(error, HttpProcessingError)
