"""Measure the cost of calls in the emulator of this tree, and of another tree in turns on the same machine.

    python benchmarks/calls.py [OTHER_TREE] [--rounds 3] [--folder /dev/shm]

It measures the emulator's processor time for a creation, for one creation in a batch of a hundred, for a page of 1,000
names, and for a task that our client leases and acknowledges (with the client's processor time). If other programs run,
real time is not reliable, processor time is better, and the ratio of adjacent runs is best. A folder in memory excludes
the disk. "The floor" is an aiohttp application that responds to the same requests at once. The ratio of a creation to
it depends little on the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from compiled import run_compiled
from deliveries import HERE, cpu_s, start
from emulator import CLIENTS, PARENT, Connection, http_task, make_queue

SINGLE, BATCHES, PAGES, LEASED = 4000, 200, 150, 3000
_WORK = """
import sys, time
import cloudtasks_nb as ct
queue = ct.connect(endpoint=sys.argv[1], project="p", location="us-central1").queue("work")
began_s, done = time.process_time(), 0
while leased := queue.lease(1000, lease_duration=600):
    done += queue.acknowledge_tasks(leased, progress=False).done
assert done == int(sys.argv[2]), done
print((time.process_time() - began_s) / done * 1e6)
"""


async def each(port: int, times: int, act: Callable[[Connection], Awaitable[object]]) -> None:
    """Make this number of calls, from all clients together."""
    left = iter(range(times))

    async def one(connection: Connection) -> None:
        for _ in left:
            await act(connection)

    await asyncio.gather(*[one(await Connection.to(port)) for _ in range(CLIENTS)])


_FLOOR = """
import asyncio
from aiohttp import web

async def at_once(request):
    return web.Response(body=b"x" * 330, content_type="application/json")

async def main():
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", at_once)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f":{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def floor_us() -> float:
    """Microseconds of processor time of an aiohttp application for the same requests."""
    popen = subprocess.Popen([sys.executable, "-c", _FLOOR], stdout=subprocess.PIPE, text=True)
    assert popen.stdout is not None
    port = int(popen.stdout.readline().rpartition(":")[2])
    try:
        single = json.dumps({"task": http_task("http://localhost:1/work")}).encode()
        path = f"{PARENT}/queues/calls/tasks?prettyPrint=false"
        before_s = cpu_s(popen.pid)
        await each(port, SINGLE, lambda connection: connection("POST", path, single))
        return (cpu_s(popen.pid) - before_s) / SINGLE * 1e6
    finally:
        popen.terminate()
        popen.wait()


async def measured(tree: Path, folder: Path) -> dict[str, float]:
    """Microseconds of processor time, by operation."""
    popen, port = start(tree, folder / "queues.db")
    try:
        call = await Connection.to(port)
        queue, work = await make_queue(call, "calls"), await make_queue(call, "work", pullTarget={})
        await call("POST", f"{queue}:pause", b"{}")
        task, pull = http_task("http://localhost:1/work"), {"pullMessage": {"payload": "eA=="}}
        single = json.dumps({"task": task}).encode()
        batch, pulls = (json.dumps({"requests": [{"task": one}] * 100}).encode() for one in (task, pull))
        found: dict[str, float] = {}

        async def cost(name: str, per: int, times: int, verb: str, path: str, body: bytes = b"") -> None:
            before_s = cpu_s(popen.pid)
            await each(port, times, lambda connection: connection(verb, f"{path}prettyPrint=false", body))
            found[name] = (cpu_s(popen.pid) - before_s) / (times * per) * 1e6

        await cost("a creation", 1, SINGLE, "POST", f"{queue}/tasks?", single)
        await cost("a creation in a batch of 100", 100, BATCHES, "POST", f"{queue}/tasks:batchCreate?", batch)
        names = f"{queue}/tasks?pageSize=1000&fields=tasks/name,nextPageToken&"
        await cost("a page of 1,000 names", 1, PAGES, "GET", names)
        await cost(
            "a page of 1,000 FULL tasks", 1, PAGES, "GET", f"{queue}/tasks?pageSize=1000&responseView=FULL&"
        )
        await each(
            port, LEASED // 100, lambda connection: connection("POST", f"{work}/tasks:batchCreate", pulls)
        )
        before_s = cpu_s(popen.pid)
        command = [sys.executable, "-c", _WORK, f"http://localhost:{port}", str(LEASED)]
        done = await asyncio.to_thread(
            subprocess.run,
            command,
            cwd=tree,
            env={"PYTHONPATH": str(tree)},
            capture_output=True,
            text=True,
            check=True,
        )
        found["leasing and acknowledging, emulator"] = (cpu_s(popen.pid) - before_s) / LEASED * 1e6
        found["leasing and acknowledging, client"] = float(done.stdout)
        assert json.loads(await call("GET", f"{PARENT}/queues/calls?readMask=stats"))["stats"]["tasksCount"]
        return found
    finally:
        popen.terminate()
        popen.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("other", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    run_compiled("cloudtasks_nb.emulator.server.process", "cloudtasks_nb.bulk.verbs", "aiohttp.web")
    trees = {"this": HERE} if asked.other is None else {"other": asked.other.resolve(), "this": HERE}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
    floors = []
    for number in range(asked.rounds):
        floors.append(asyncio.run(floor_us()))
        for name in sorted(trees, reverse=bool(number % 2)):  # the first tree alternates
            with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
                found[name].append(asyncio.run(measured(trees[name], Path(folder))))
    report(found, floors)


def report(found: dict[str, list[dict[str, float]]], floors: list[float]) -> None:
    """Print a row for each operation, with the median of the ratios of adjacent runs."""
    has_other = "other" in found
    heads = ["µs of processor time", *(["before", "now", "ratio"] if has_other else ["now"])]
    print(f"| {' | '.join(heads)} |\n|---|{'---:|' * (len(heads) - 1)}")
    for what in found["this"][0]:
        this = [one[what] for one in found["this"]]
        cells = [what, f"{statistics.median(this):,.0f}"]
        if has_other:
            other = [one[what] for one in found["other"]]
            ratio = statistics.median(mine / theirs for mine, theirs in zip(this, other, strict=True))
            cells = [what, f"{statistics.median(other):,.0f}", cells[1], f"{ratio:.2f}"]
        print(f"| {' | '.join(cells)} |")
    floor = f"{statistics.median(floors):,.0f}"
    print(
        f"| the floor: aiohttp alone | | {floor} | |"
        if has_other
        else f"| the floor: aiohttp alone | {floor} |"
    )
    for name, rounds in found.items():
        times = statistics.median(
            one["a creation"] / floor for one, floor in zip(rounds, floors, strict=True)
        )
        print(f"A creation takes {times:.2f} times the floor ({name} tree).")


if __name__ == "__main__":
    main()
