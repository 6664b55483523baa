"""A real emulator dispatches push tasks automatically, to a real target."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.emulator.server.clock import Clock
from cloudtasks_nb.emulator.server.http.hosts import Hosts
from cloudtasks_nb.emulator.server.options import Options
from cloudtasks_nb.emulator.server.process import Server
from cloudtasks_nb.emulator.server.starting import Start
from cloudtasks_nb.emulator.server.store.store import Store
from tests.emulator_process import EmulatorProcess
from tests.waiting import PATIENCE_S


class Target:
    """A target that returns these codes in turn, then 200; `paths` are the requested paths."""

    def __init__(self) -> None:
        self.paths: SimpleQueue[str] = SimpleQueue()
        self.codes: list[int] = []
        target = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(target.codes.pop(0) if target.codes else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                target.paths.put(self.path)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    serving = Thread(target=made.server.serve_forever, args=(0.02,))
    serving.start()
    yield made
    made.server.shutdown()
    serving.join()
    made.server.server_close()


def test_tasks_are_sent_when_they_are_created_and_again_when_they_fail(target: Target) -> None:
    target.codes = [500, 503]
    with ct.local() as client:
        queue = client.create_queue("jobs")
        queue.create_task("x", url=f"{target.url}/one")
        assert [target.paths.get(timeout=PATIENCE_S) for _ in range(3)] == ["/one"] * 3


def test_what_is_paused_waits_and_what_is_resumed_goes_out(target: Target) -> None:
    with ct.local() as client:
        held, free = client.create_queue("held").pause(), client.create_queue("free")
        held.create_task("x", url=f"{target.url}/held")
        free.create_task("x", url=f"{target.url}/free")
        assert target.paths.get(timeout=PATIENCE_S) == "/free"
        held.resume()
        assert target.paths.get(timeout=PATIENCE_S) == "/held"
        assert target.paths.empty()


def test_what_waited_while_the_emulator_was_away_goes_out_when_it_is_back(
    target: Target, tmp_path: Path
) -> None:
    file = tmp_path / "queues.db"
    with ct.local(file, dispatch=False) as client:
        client.create_queue("jobs").create_task("x", url=f"{target.url}/one")
    with ct.local(file):
        assert target.paths.get(timeout=PATIENCE_S) == "/one"


def test_nothing_is_sent_where_that_was_asked_for(target: Target) -> None:
    with ct.local(dispatch=False, clock="manual") as client:
        queue = client.create_queue("jobs")
        task = queue.create_task("x", url=f"{target.url}/one")
        client.emulator.advance("1h")
        assert task.refresh().dispatch_count == 0
        task.run()
        assert target.paths.get(timeout=PATIENCE_S) == "/one"


def test_a_hanging_target_holds_up_only_its_own_tasks(target: Target) -> None:
    with ct.local() as client, socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = client.create_queue("hanging", rate_limits={"max_concurrent_tasks": 5})
        for _ in range(20):
            hanging.create_task("x", url=f"http://127.0.0.1:{silent.getsockname()[1]}/")
        other = client.create_queue("other")
        for number in range(20):
            other.create_task("x", url=f"{target.url}/{number}")
        arrived = {target.paths.get(timeout=PATIENCE_S) for _ in range(20)}
        assert arrived == {f"/{number}" for number in range(20)}


def test_a_body_that_never_arrives_ends_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudtasks_nb.emulator.server.http.server._BODY_S", 0.05)

    async def main() -> bytes:
        with closing(Store.open()) as store, socket.create_server(("127.0.0.1", 0)) as listening:
            hosts, options = Hosts("127.0.0.1", listening.getsockname()[1]), Options()
            emulator = Server(store, Clock(), options, Start(options), hosts)
            await emulator.start(listening)
            async with asyncio.timeout(PATIENCE_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", listening.getsockname()[1])
                path = "/v2beta2/projects/p/locations/us-central1/queues"
                writer.write(
                    f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{".encode()
                )
                said = await reader.readline()
                writer.close()
                await emulator.close()
        return said

    assert b" 408 " in asyncio.run(main())


def test_a_stop_in_the_midst_of_sending_is_quiet(target: Target) -> None:
    with EmulatorProcess() as process, ct.connect(project="p", endpoint=process.url) as client:
        queue = client.location("us-central1").create_queue("jobs")
        queue.create_tasks([str(number) for number in range(400)], url=target.url, progress=False)
        target.paths.get(timeout=PATIENCE_S)
        assert process.stop() == ("", "")
