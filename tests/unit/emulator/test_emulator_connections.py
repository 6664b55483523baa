"""Connections without a complete first request are closed; others stay until the server closes them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest
from aiohttp import web

from cloudtasks_nb.emulator.server.grpc import entrance
from cloudtasks_nb.emulator.server.http import connections as connections_module
from cloudtasks_nb.emulator.server.http.connections import PREFACE, Connections, _Beginning
from tests.waiting import PATIENCE_S


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
            silence = b""
            with contextlib.suppress(ConnectionResetError):  # if it is closed before the server has read it
                silence = await reader.read()
            writer.close()
            await connections.close()
        return silence

    assert asyncio.run(main()) == b""


@contextlib.contextmanager
def standing_still() -> Iterator[Callable[[float], None]]:
    """Stops the time of the running event loop, so that a slow machine does not reach a limit. Yields a function that
    moves it."""
    loop = asyncio.get_running_loop()
    now_s = loop.time()

    def move(by_s: float) -> None:
        nonlocal now_s
        now_s += by_s

    loop.time = lambda: now_s  # type: ignore[method-assign]
    try:
        yield move
    finally:
        del loop.time


def test_who_made_a_request_may_stay() -> None:
    async def main() -> list[bytes]:
        connections = Connections(_hello, first_head_s=5)
        listening = socket.create_server(("127.0.0.1", 0))
        await connections.start(listening)
        answers = []
        async with asyncio.timeout(PATIENCE_S):
            with standing_still() as move:
                reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
                for _ in range(2):
                    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    await reader.readuntil(b"\r\n\r\n")
                    answers.append(await reader.readexactly(5))
                    other, silent = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
                    while not connections._silent:  # the server has not accepted it yet
                        await asyncio.sleep(0)
                    move(5)
                    await other.read()  # a silent one is closed in the meantime
                    silent.close()
            writer.close()
            await connections.close()
        return answers

    assert asyncio.run(main()) == [b"hello", b"hello"]


@pytest.mark.parametrize(
    ("said", "packages"),
    [
        (b"GET / HTTP/1.1\r\n", ()),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", ()),
        (PREFACE[:5], ()),
        (PREFACE, ()),
        (PREFACE, ("no_such_package.at_all",)),
    ],
)
def test_the_server_closes_its_connections_when_it_ends(
    said: bytes, packages: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    received = asyncio.Event()

    class Receiving(_Beginning):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            received.set()

    async def never() -> int:
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(connections_module, "_Beginning", Receiving)
    monkeypatch.setattr(entrance, "_PACKAGES", packages)

    async def main() -> None:
        http_2 = entrance.Entrance(None, None, None)  # type: ignore[arg-type] # nothing is asked of them
        monkeypatch.setattr(http_2, "_port", never)
        connections = Connections(_hello, http_2=http_2.connection)
        listening = socket.create_server(("127.0.0.1", 0))
        await connections.start(listening)
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
            writer.write(said)
            await received.wait()
            await connections.close()
            await http_2.close()
            with contextlib.suppress(ConnectionResetError):
                await reader.read()
            assert reader.at_eof() or reader.exception() is not None
            writer.close()

    asyncio.run(main())


def test_a_connection_that_begins_after_the_end_is_closed() -> None:
    async def main() -> None:
        connections = Connections(_hello)
        listening = socket.create_server(("127.0.0.1", 0))
        await connections.start(listening)
        async with asyncio.timeout(PATIENCE_S):
            await connections.close()
            late = await asyncio.get_running_loop().create_server(connections._connected, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*late.sockets[0].getsockname())
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            late.close()

    asyncio.run(main())
