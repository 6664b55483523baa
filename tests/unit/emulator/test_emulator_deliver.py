"""One attempt over real HTTP, inside one event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from cloudtasks_nb.emulator.server.clock import Clock
from cloudtasks_nb.emulator.server.delivery.deliver import Deliverer, Targets
from cloudtasks_nb.emulator.server.delivery.reach import Reach, pattern
from cloudtasks_nb.emulator.server.delivery.tokens import Tokens
from cloudtasks_nb.emulator.server.delivery.under_way import UnderWay
from cloudtasks_nb.emulator.server.rules.attempts import Attempt, Outcome
from cloudtasks_nb.emulator.server.rules.queues import new_queue
from cloudtasks_nb.model import HttpRequest, Queue, Task
from cloudtasks_nb.names import parse_queue
from tests.waiting import PATIENCE_S

from .conftest import NOW, QUEUE

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def target(answer: Answer) -> AsyncIterator[str]:
    """The base URL of a server with these responses."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def attempt_at(url: str) -> Attempt:
    task = Task(
        name=f"{QUEUE}/tasks/t", http_request=HttpRequest(url=url, http_method="POST"), schedule_time=NOW
    )
    return Attempt(
        queue_row=1,
        task_row=1,
        queue=new_queue(Queue(), parse_queue(QUEUE)),
        task=task,
        started=NOW,
        execution_count=0,
        previous_code=None,
    )


async def deliver(
    url: str, deadline_s: float = PATIENCE_S, reach: Reach | None = None, **request: object
) -> Outcome:
    ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def finish(attempt: Attempt, outcome: Outcome) -> None:
        ended.set_result(outcome)

    task = Task(
        name=f"{QUEUE}/tasks/t",
        http_request=HttpRequest(url=url, http_method="POST", **request),  # type: ignore[arg-type]
        schedule_time=NOW,
    )
    deliverer = Deliverer(
        finish,
        Clock(),
        Targets(reach=reach or Reach()),
        Tokens("http://issuer"),
        UnderWay(),
        deadline_s,
    )
    deliverer.send(
        Attempt(
            queue_row=1,
            task_row=1,
            queue=new_queue(Queue(), parse_queue(QUEUE)),
            task=task,
            started=NOW,
            execution_count=0,
            previous_code=None,
        )
    )
    outcome = await asyncio.wait_for(ended, PATIENCE_S)
    await deliverer.close()
    return outcome


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    paths: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async def main() -> Outcome:
        async with target(answer) as url:
            return await deliver(f"{url}/work")

    outcome = asyncio.run(main())
    assert outcome.status.message == "UNKNOWN(2): HTTP status code 302"
    assert paths == ["/work"]


def test_the_beginning_of_the_answer_is_kept() -> None:
    async def answer(request: web.Request) -> web.Response:
        packed = {"Content-Encoding": "gzip"} if request.path == "/packed" else {}
        return web.Response(status=500, body=b"no: " + b"x" * 300_000, headers=packed)

    async def main() -> list[Outcome]:
        async with target(answer) as url:
            return [await deliver(f"{url}/plain"), await deliver(f"{url}/packed")]

    plain, packed = asyncio.run(main())
    assert plain.body == b"no: " + b"x" * 996
    assert packed.body == b""


def test_bytes_arrive_as_they_are() -> None:
    content = bytes(range(256)) * 40
    received: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        received.append(await request.read())
        return web.Response(body=b"x" * 300_000)

    async def main() -> Outcome:
        async with target(answer) as url:
            return await deliver(url, body=content)

    assert asyncio.run(main()).succeeded
    assert received == [content]


def test_no_answer_by_the_deadline() -> None:
    async def main() -> Outcome:
        never = asyncio.Event()

        async def answer(request: web.Request) -> web.Response:
            await never.wait()
            return web.Response()

        async with target(answer) as url:
            return await deliver(url, deadline_s=0.1)

    outcome = asyncio.run(main())
    assert outcome.status.code == 4
    assert not outcome.answered


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        outcome = asyncio.run(deliver(f"http://127.0.0.1:{taken.getsockname()[1]}/"))
    assert outcome.status.code == 14
    assert not outcome.answered


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://[2001:db8::1]/", "http://0.0.0.0/", "http://nowhere.invalid/"]
)
def test_other_machines_are_not_contacted(url: str) -> None:
    outcome = asyncio.run(deliver(url))
    assert outcome.status.message.startswith(
        "PERMISSION_DENIED(7): the emulator delivers only to this machine"
    )
    assert not outcome.answered


@pytest.mark.parametrize("url", ["http://localhost:99999/", "http:///"])
def test_what_is_no_url_ends_the_attempt(url: str) -> None:
    assert not asyncio.run(deliver(url)).succeeded


def test_an_answer_without_end_counts_by_its_status() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 1_000_000)

    async def main() -> Outcome:
        async with target(answer) as url:
            return await deliver(url)

    assert asyncio.run(main()).succeeded


def test_headers_without_end_do_not_pile_up() -> None:
    async def main() -> Outcome:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                writer.write(b"HTTP/1.1 200 OK\r\n")
                while True:
                    writer.write(b"X-More: and more\r\n" * 1000)
                    await writer.drain()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            return await deliver(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")

    assert asyncio.run(main()).status.code == 14


def test_an_answer_that_drips_ends_at_the_deadline() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=200)
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.01)

    async def main() -> Outcome:
        async with target(answer) as url:
            return await deliver(url, deadline_s=0.2)

    assert asyncio.run(main()).status.code == 4


def test_an_allowed_address_is_contacted() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # no server listens on the other address, but it is tried
        outcome = asyncio.run(
            deliver(f"http://0.0.0.0:{taken.getsockname()[1]}/", reach=Reach([pattern("*")]))
        )
    assert outcome.status.code == 14


class _Impatient(asyncio.Protocol):
    """Responds to one request of each connection, and closes it at the second one without a response."""

    connections = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._answered = transport, False
        type(self).connections += 1

    def data_received(self, data: bytes) -> None:
        if self._answered:
            self._transport.abort()
        else:
            self._answered = True
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def test_a_connection_that_the_target_gave_up_is_no_failed_attempt() -> None:
    async def main() -> list[Outcome]:
        server = await asyncio.get_running_loop().create_server(_Impatient, "127.0.0.1", 0)
        outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        deliverer = Deliverer(
            lambda attempt, outcome: outcomes.put_nowait(outcome),
            Clock(),
            Targets(),
            Tokens("http://issuer"),
            UnderWay(),
        )
        ended = []
        async with asyncio.timeout(PATIENCE_S):
            for _ in range(3):
                deliverer.send(attempt_at(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
                ended.append(await outcomes.get())
        await deliverer.close()
        server.close()
        return ended

    outcomes = asyncio.run(main())
    assert [outcome.succeeded for outcome in outcomes] == [True, True, True]
    assert (
        _Impatient.connections == 3
    )  # the first two attempts share a connection, and the second one opens a new one


def test_an_attempt_that_breaks_in_an_unforeseen_way_ends_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Otherwise its task would stay in progress, and occupy a slot of its queue, forever."""

    def broken(attempt: Attempt) -> Outcome | None:
        raise LookupError("unforeseen")

    async def main() -> Outcome:
        ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        deliverer = Deliverer(
            lambda _, outcome: ended.set_result(outcome),
            Clock(),
            Targets(pretended=broken),
            Tokens("http://issuer"),
            UnderWay(),
        )
        deliverer.send(attempt_at("http://localhost/"))
        outcome = await asyncio.wait_for(ended, PATIENCE_S)
        await deliverer.close()
        return outcome

    assert asyncio.run(main()).status.message == "UNAVAILABLE(14): unforeseen"
    assert "LookupError" in capsys.readouterr().err
