"""Forwarded connections: complete, in order, with backpressure, and closed together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from cloudtasks_nb.emulator.server.grpc import entrance
from cloudtasks_nb.emulator.server.grpc.splice import Splice
from tests.waiting import PATIENCE_S

Port = Callable[[], Awaitable[int]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Inner:
    """A server behind a splice; the test responds to its connections."""

    def __init__(self) -> None:
        self.connected: asyncio.Queue[Streams] = asyncio.Queue()
        self.is_ready = asyncio.Event()
        self.is_ready.set()
        self.port_number = 0

    async def port(self) -> int:
        await self.is_ready.wait()
        return self.port_number

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.connected.put((reader, writer))


@asynccontextmanager
async def spliced() -> AsyncIterator[tuple[Inner, Callable[[], Awaitable[Streams]], list[Splice]]]:
    inner, made = Inner(), list[Splice]()

    def splice() -> Splice:
        made.append(Splice(inner.port))
        return made[-1]

    behind = await asyncio.start_server(inner.met, "127.0.0.1", 0)
    inner.port_number = behind.sockets[0].getsockname()[1]
    before = await asyncio.get_running_loop().create_server(splice, "127.0.0.1", 0)
    number = before.sockets[0].getsockname()[1]
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield inner, lambda: asyncio.open_connection("127.0.0.1", number), made
    finally:
        behind.close()
        before.close()


def test_what_comes_early_waits_and_arrives_first() -> None:
    async def main() -> None:
        async with spliced() as (inner, connect, _):
            inner.is_ready.clear()
            reader, writer = await connect()
            writer.write(b"early")
            await asyncio.sleep(0)
            inner.is_ready.set()
            inside, answers = await inner.connected.get()
            writer.write(b", late")
            assert await inside.readexactly(11) == b"early, late"
            answers.write(b"x" * 3_000_000)
            assert await reader.readexactly(3_000_000) == b"x" * 3_000_000
            answers.close()
            assert await reader.read() == b""
            writer.close()

    asyncio.run(main())


def test_the_end_of_one_is_the_end_of_the_other() -> None:
    async def main() -> None:
        async with spliced() as (inner, connect, _):
            _, writer = await connect()
            writer.write(b"x")
            inside, answers = await inner.connected.get()
            writer.close()
            assert await inside.read() == b"x"
            answers.close()

    asyncio.run(main())


def test_who_leaves_before_the_other_end_is_reached_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with spliced() as (inner, connect, _):
            inner.is_ready.clear()
            _, writer = await connect()
            writer.write(b"x")
            writer.close()
            await writer.wait_closed()
            inner.is_ready.set()
            inside, answers = await inner.connected.get()
            assert await inside.read() == b"x"  # and then the connection ends
            answers.close()

    asyncio.run(main())


def test_nothing_piles_up_before_somebody_who_does_not_read() -> None:
    async def main() -> None:
        async with spliced() as (inner, connect, made):
            _, writer = await connect()
            writer.write(b"x")
            _, answers = await inner.connected.get()
            answers.transport.pause_reading()
            sent = 0
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1):
                    while sent < 200_000_000:
                        writer.write(b"x" * 1_000_000)
                        await writer.drain()
                        sent += 1_000_000
            end = made[0].other
            assert end is not None
            assert end.transport is not None
            assert end.transport.get_write_buffer_size() < 1_000_000
            writer.transport.abort()
            answers.close()

    asyncio.run(main())


def test_packages_that_cannot_be_imported_are_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise ImportError("grpcio is too old")

    monkeypatch.setattr(entrance, "_imported", fails)

    async def main() -> None:
        made = entrance.Entrance(None, None, None)  # type: ignore[arg-type] # nothing is asked of them
        server = await asyncio.get_running_loop().create_server(made.connection, "127.0.0.1", 0)
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(3):
                reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
                writer.close()
        server.close()
        await made.close()

    asyncio.run(main())
    assert capsys.readouterr().err.count("gRPC does not work, REST does") == 1
