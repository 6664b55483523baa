"""Forwards a connection to another port, byte by byte."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"


class _End(asyncio.Protocol):
    """One of the two ends: it sends everything that the other one receives."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _End | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - connections are streams
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)

    def pause_writing(self) -> None:
        """This end is slow: stop reading from the other one until it has caught up."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Splice(_End):
    """The outer end. It buffers the first bytes and pauses reading until the inner connection exists.

    `port`: resolves to the internal port on this machine once a server listens there.
    """

    def __init__(self, port: Callable[[], Awaitable[int]]) -> None:
        super().__init__()
        self._port = port
        self._early: list[bytes] = []
        self._reaching: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        at_once(transport)
        assert self.transport is not None  # noqa: S101 - just set
        self.transport.pause_reading()
        self._reaching = asyncio.get_running_loop().create_task(self._reach())

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        else:
            super().data_received(data)

    def close(self) -> None:
        """Closes both ends."""
        if self._reaching is not None:
            self._reaching.cancel()
        for end in (self, self.other):
            if end is not None and end.transport is not None:
                end.transport.abort()

    async def _reach(self) -> None:
        assert self.transport is not None  # noqa: S101 - it began with the connection
        try:
            port = await self._port()
            inner, end = await asyncio.get_running_loop().create_connection(_End, HOST, port)
        except Exception:  # already reported by the server that failed to start
            self.transport.abort()
            return
        end.other, self.other = self, end
        for data in self._early:
            inner.write(data)
        self._early.clear()
        if (
            self.transport.is_closing()
        ):  # before Python 3.11.4, a paused connection may still be read, and end
            inner.close()
        else:
            self.transport.resume_reading()


def at_once(transport: asyncio.BaseTransport) -> None:
    """Sends small packets at once (TCP_NODELAY). asyncio does not set this for accepted sockets."""
    connection = transport.get_extra_info("socket")
    if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
