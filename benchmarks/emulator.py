"""Load the emulator: durable creations over REST and gRPC, deliveries, pages of a large queue, memory, start-up.

    python benchmarks/emulator.py [--quick]

This process makes the load (32 keep-alive connections in one event loop). The emulator is the real command with a file.
The output also has the limits of the same machine: SQLite alone, and a bare delivery to the same target.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from compiled import run_compiled

CLIENTS = 32
PARENT = "projects/p/locations/us-central1"
PAYLOAD = base64.b64encode(b'{"event": "page_view", "user": 17, "path": "/products/31"}').decode()


class Emulator:
    """The emulator command, with these options."""

    def __init__(self, *options: str) -> None:
        began_s = time.perf_counter()
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "cloudtasks_nb", "emulator", "--port", "0", *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.popen.stdout is not None
        self.port = int(self.popen.stdout.readline().rpartition(":")[2])
        self.ready_s = time.perf_counter() - began_s

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.popen.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) / 1024

    def processor_s(self) -> float:
        """Seconds of processor time so far."""
        times = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *error: object) -> None:
        self.popen.terminate()
        self.popen.wait()


class Connection:
    """One keep-alive connection with a minimal HTTP client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> Connection:
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**26))

    async def __call__(self, verb: str, path: str, body: bytes = b"") -> bytes:
        head = f"{verb} /v2beta2/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0])
        content = await self._reader.readexactly(length)
        assert answer.startswith(b"HTTP/1.1 200"), content
        return content


async def together(port: int, seconds: float, act: Callable[[Connection], Awaitable[int]]) -> float:
    """The operations per second of all clients together."""
    connections = [await Connection.to(port) for _ in range(CLIENTS)]
    began_s = time.perf_counter()

    async def one(connection: Connection) -> int:
        done = 0
        while time.perf_counter() - began_s < seconds:
            done += await act(connection)
        return done

    done = sum(await asyncio.gather(*map(one, connections)))
    return done / (time.perf_counter() - began_s)


def pull_task() -> dict[str, Any]:
    return {"pullMessage": {"payload": PAYLOAD}}


def http_task(url: str) -> dict[str, Any]:
    return {"httpRequest": {"url": url, "body": PAYLOAD}}


async def make_queue(call: Connection, name: str, **settings: Any) -> str:
    full = f"{PARENT}/queues/{name}"
    await call("POST", f"{PARENT}/queues", json.dumps({"name": full, **settings}).encode())
    return full


async def creations(data: Path, seconds: float) -> dict[str, float]:
    """Durable creations per second, one by one and in batches."""
    with Emulator("--data", str(data), "--no-dispatch") as emulator:
        call = await Connection.to(emulator.port)
        queue = await make_queue(call, "creations")
        task = http_task("http://localhost:1/work")
        single = json.dumps({"task": task}).encode()
        batch = json.dumps({"requests": [{"task": task}] * 100}).encode()

        took_s: list[float] = []

        async def create(connection: Connection) -> int:
            began_s = time.perf_counter()
            await connection("POST", f"{queue}/tasks?prettyPrint=false", single)
            took_s.append(time.perf_counter() - began_s)
            return 1

        async def create_batch(connection: Connection) -> int:
            await connection("POST", f"{queue}/tasks:batchCreate?prettyPrint=false", batch)
            return 100

        return {
            "single": await together(emulator.port, seconds, create),
            "p99_ms": sorted(took_s)[int(len(took_s) * 0.99)] * 1000,
            "batch": await together(emulator.port, seconds, create_batch),
        }


async def creations_over_grpc(data: Path, seconds: float) -> dict[str, float]:
    """The same creations over both protocols, 32 connections each: rate, processor time, and memory."""
    import grpc
    from google.cloud import tasks_v2beta2

    with Emulator("--data", str(data), "--no-dispatch") as emulator:
        queue = await make_queue(await Connection.to(emulator.port), "creations")
        task = http_task("http://localhost:1/work")
        body = json.dumps({"task": task}).encode()
        request = tasks_v2beta2.CreateTaskRequest.pb()(
            parent=queue,
            task={"http_request": {"url": task["httpRequest"]["url"], "body": base64.b64decode(PAYLOAD)}},
        ).SerializeToString()
        own = [("grpc.use_local_subchannel_pool", 1)]  # a connection for each
        channels = [
            grpc.aio.insecure_channel(f"127.0.0.1:{emulator.port}", options=own) for _ in range(CLIENTS)
        ]
        calls = [
            channel.unary_unary("/google.cloud.tasks.v2beta2.CloudTasks/CreateTask") for channel in channels
        ]
        made = {"rest_mb": emulator.resident_mb()}
        began_s = time.perf_counter()
        await calls[0](request)
        made["first_s"] = time.perf_counter() - began_s
        await asyncio.gather(*(call(request) for call in calls))
        connections = [await Connection.to(emulator.port) for _ in range(CLIENTS)]

        async def over_rest(number: int) -> None:
            await connections[number]("POST", f"{queue}/tasks?prettyPrint=false", body)

        async def over_grpc(number: int) -> None:
            await calls[number](request)

        for name, act in (("rest", over_rest), ("grpc", over_grpc)):
            used_s = emulator.processor_s()
            made[name], done = await counted(seconds, act)
            made[f"{name}_us"] = (emulator.processor_s() - used_s) / done * 1e6
        made["grpc_mb"] = emulator.resident_mb()
        await asyncio.gather(*(channel.close() for channel in channels))
        return made


async def counted(seconds: float, act: Callable[[int], Awaitable[None]]) -> tuple[float, int]:
    """The calls per second, and in total, of the same number of clients."""
    began_s = time.perf_counter()

    async def one(number: int) -> int:
        done = 0
        while time.perf_counter() - began_s < seconds:
            await act(number)
            done += 1
        return done

    done = sum(await asyncio.gather(*map(one, range(CLIENTS))))
    return done / (time.perf_counter() - began_s), done


def sqlite_floor(folder: Path, rows_at_once: int, seconds: float) -> float:
    """Rows per second that SQLite alone makes durable, with `rows_at_once` per commit."""
    db = sqlite3.connect(folder / f"floor-{rows_at_once}.db", isolation_level=None)
    for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
        db.execute(f"PRAGMA {setting}")
    db.execute("CREATE TABLE tasks (row INTEGER PRIMARY KEY, id TEXT UNIQUE, content TEXT)")
    began_s, rows = time.perf_counter(), 0
    while time.perf_counter() - began_s < seconds:
        db.execute("BEGIN")
        for _ in range(rows_at_once):
            db.execute("INSERT INTO tasks (id, content) VALUES (?, ?)", (str(10**18 + rows), "x" * 300))
            rows += 1
        db.execute("COMMIT")
    db.close()
    return rows / (time.perf_counter() - began_s)


class Target(asyncio.Protocol):
    """Responds 200 to every request and notes the time. The emulator sends a request in one or two pieces."""

    times_s: ClassVar[list[float]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, _, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]
        if len(body) < int(length or 0) or b"\r\n\r\n" not in self._received:
            return
        self._received = b""
        self.times_s.append(time.perf_counter())
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")  # type: ignore[attr-defined]


async def deliveries(data: Path, rates: list[float], seconds: float) -> float:
    """Deliveries per second over queues of these rates, after the initial bursts."""
    Target.times_s.clear()
    server = await asyncio.get_running_loop().create_server(Target, "127.0.0.1", 0, backlog=1024)
    task = http_task(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    with Emulator("--data", str(data)) as emulator:
        call = await Connection.to(emulator.port)
        for number, rate in enumerate(rates):
            queue = await make_queue(call, f"q{number}", rateLimits={"maxTasksDispatchedPerSecond": rate})
            await call("POST", f"{queue}:pause", b"{}")
            batch = json.dumps({"requests": [{"task": task}] * 100}).encode()
            for _ in range(int(rate * (seconds + 3) / 100) + 2):
                await call("POST", f"{queue}/tasks:batchCreate", batch)
        for number in range(len(rates)):
            await call("POST", f"{PARENT}/queues/q{number}:resume", b"{}")
        await asyncio.sleep(seconds + 2)
        counted_from_s = Target.times_s[0] + 1.0  # the burst goes first
    server.close()
    counted = [at_s for at_s in Target.times_s if counted_from_s <= at_s < counted_from_s + seconds]
    return len(counted) / seconds


async def million(data: Path, tasks: int) -> dict[str, float]:
    """The cost of a large queue: memory, listing and start-up."""
    batch = json.dumps({"requests": [{"task": http_task("http://localhost:1/work")}] * 100}).encode()
    with Emulator("--data", str(data), "--no-dispatch") as emulator:
        call = await Connection.to(emulator.port)
        queue = await make_queue(call, "million")
        batches, filled_mb = count(), []

        async def fill(connection: Connection) -> None:
            while (number := next(batches)) < tasks // 100:
                await connection("POST", f"{queue}/tasks:batchCreate?prettyPrint=false", batch)
                if number in (tasks // 1000, tasks // 100 - 1):
                    filled_mb.append(emulator.resident_mb())

        await asyncio.gather(*[fill(await Connection.to(emulator.port)) for _ in range(8)])
    with Emulator("--data", str(data), "--no-dispatch") as emulator:
        call = await Connection.to(emulator.port)
        pages_ms, token = [], ""
        for _ in range(30):
            began_s = time.perf_counter()
            page = await call("GET", f"{queue}/tasks?pageSize=1000&prettyPrint=false&pageToken={token}")
            pages_ms.append((time.perf_counter() - began_s) * 1000)
            token = json.loads(page)["nextPageToken"]
        stats_ms = []
        for _ in range(30):
            began_s = time.perf_counter()
            await call("GET", f"{queue}?readMask=stats&prettyPrint=false")
            stats_ms.append((time.perf_counter() - began_s) * 1000)
        longest_ms = await longest_pause_ms(emulator.port, call("POST", f"{queue}:purge", b"{}"))
        return {
            "page_ms": sorted(pages_ms)[len(pages_ms) // 2],
            "stats_ms": sorted(stats_ms)[len(stats_ms) // 2],
            "ready_s": emulator.ready_s,
            "early_mb": filled_mb[0],
            "full_mb": filled_mb[-1],
            "pause_ms": longest_ms,
        }


async def longest_pause_ms(port: int, purge: Awaitable[bytes]) -> float:
    """The longest wait of other calls, from a purge until three seconds later."""
    other = await Connection.to(port)
    purging = asyncio.ensure_future(purge)
    longest_s, began_s = 0.0, time.perf_counter()
    while time.perf_counter() - began_s < 3:
        asked_s = time.perf_counter()
        await other("GET", f"{PARENT}/queues/million?prettyPrint=false")
        longest_s = max(longest_s, time.perf_counter() - asked_s)
    await purging
    return longest_s * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the tasks, two seconds each")
    quick = parser.parse_args().quick
    run_compiled("cloudtasks_nb.emulator.server.process", "cloudtasks_nb.emulator.server.grpc.server")
    seconds, tasks = (2.0, 100_000) if quick else (8.0, 1_000_000)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = asyncio.run(creations(folder / "creations.db", seconds))
        both = asyncio.run(creations_over_grpc(folder / "both.db", seconds))
        one = asyncio.run(deliveries(folder / "one.db", [500], seconds))
        several = asyncio.run(deliveries(folder / "several.db", [250] * 4, seconds))
        eight = asyncio.run(deliveries(folder / "eight.db", [312.5] * 8, seconds))
        large = asyncio.run(million(folder / "million.db", tasks))
        floors = [sqlite_floor(folder, rows, 1.0) for rows in (1, 16, 1600)]
    for line in (
        ("durable creations, one by one", f"{made['single']:,.0f} /s"),
        (f"99 of 100 of them, {CLIENTS} connections", f"within {made['p99_ms']:.1f} ms"),
        ("durable creations, batches of 100", f"{made['batch']:,.0f} /s"),
        (
            "the same with a plain client over REST and over gRPC",
            f"{both['rest']:,.0f} and {both['grpc']:,.0f} /s",
        ),
        (
            "processor time of one over REST and over gRPC",
            f"{both['rest_us']:,.0f} and {both['grpc_us']:,.0f} µs",
        ),
        ("first gRPC call", f"{both['first_s']:.2f} s"),
        (
            "resident memory before and after gRPC calls",
            f"{both['rest_mb']:.0f} and {both['grpc_mb']:.0f} MB",
        ),
        ("SQLite alone, 1 / 16 / 1600 rows to a commit", " / ".join(f"{rows:,.0f}" for rows in floors)),
        ("deliveries, one queue of 500 /s", f"{one:,.1f} /s"),
        ("deliveries, four queues of 250 /s", f"{several:,.1f} /s"),
        ("deliveries, eight queues of 312.5 /s", f"{eight:,.1f} /s"),
        (f"statistics of {tasks:,} tasks, median", f"{large['stats_ms']:.2f} ms"),
        (f"page of 1,000 of {tasks:,} tasks, median", f"{large['page_ms']:.1f} ms"),
        (f"longest wait of others while {tasks:,} tasks are purged", f"{large['pause_ms']:.0f} ms"),
        ("resident memory, early and full", f"{large['early_mb']:.0f} and {large['full_mb']:.0f} MB"),
        (f"ready with {tasks:,} tasks stored", f"{large['ready_s']:.2f} s"),
    ):
        print(f"| {line[0]} | {line[1]} |")


if __name__ == "__main__":
    main()
