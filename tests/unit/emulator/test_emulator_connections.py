"""Connections without a complete first request are closed; others stay."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from cloudtasks_nb.emulator.server.http.connections import Connections

PATIENCE_S = 20


async def _hello(request: web.BaseRequest) -> web.Response:
    return web.Response(text="hello")


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "])
def test_who_does_not_get_to_a_request_is_shown_out(said: bytes) -> None:
    async def main() -> bytes:
        connections = Connections(_hello, first_head_s=0.05)
        listening = socket.create_server(("127.0.0.1", 0))
        await connections.start(listening)
        port = listening.getsockname()[1]
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            silence = await reader.read()
            writer.close()
            await connections.close()
        return silence

    assert asyncio.run(main()) == b""


def test_who_made_a_request_may_stay() -> None:
    async def main() -> list[bytes]:
        connections = Connections(_hello, first_head_s=0.25)
        listening = socket.create_server(("127.0.0.1", 0))
        await connections.start(listening)
        answers = []
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
            for _ in range(2):
                writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                await reader.readuntil(b"\r\n\r\n")
                answers.append(await reader.readexactly(5))
                other, silent = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
                await other.read()  # a silent one is closed in the meantime
                silent.close()
            writer.close()
            await connections.close()
        return answers

    assert asyncio.run(main()) == [b"hello", b"hello"]
