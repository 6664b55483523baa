"""Measure deliveries per second of this tree, and of another tree in turns on the same machine.

    python benchmarks/deliveries.py [OTHER_TREE] [--rounds 8] [--tasks 4000]

Each round fills eight queues with high limits, resumes them, and measures real time and the emulator's processor time
per delivery. The trees take turns, so that other load affects both. It prints the medians, and the ratio of each pair
of adjacent runs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from compiled import run_compiled
from emulator import PARENT, Connection, Target, http_task, make_queue
from msgspec import json

HERE = Path(__file__).parents[1]
QUEUES = 8


class Round(NamedTuple):
    per_s: float
    cpu_us: float


def start(tree: Path, data: Path) -> tuple[subprocess.Popen[str], int]:
    """The emulator of a tree, and its port."""
    popen = subprocess.Popen(
        [sys.executable, "-m", "cloudtasks_nb", "emulator", "--port", "0", "--data", str(data)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
    )
    assert popen.stdout is not None
    return popen, int(popen.stdout.readline().rpartition(":")[2])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measured(tree: Path, data: Path, tasks: int) -> Round:
    Target.times_s.clear()
    batches = max(1, tasks // QUEUES // 100)
    server = await asyncio.get_running_loop().create_server(Target, "127.0.0.1", 0, backlog=1024)
    task = http_task(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    popen, port = start(tree, data)
    try:
        call = await Connection.to(port)
        batch = json.encode({"requests": [{"task": task}] * 100})
        for number in range(QUEUES):
            queue = await make_queue(call, f"q{number}", rateLimits={"maxTasksDispatchedPerSecond": 500})
            await call("POST", f"{queue}:pause", b"{}")
            for _ in range(batches):
                await call("POST", f"{queue}/tasks:batchCreate", batch)
        before_s, began_s = cpu_s(popen.pid), time.perf_counter()
        for number in range(QUEUES):
            await call("POST", f"{PARENT}/queues/q{number}:resume", b"{}")
        total = batches * 100 * QUEUES
        while len(Target.times_s) < total:
            await asyncio.sleep(0.02)
        took_s = time.perf_counter() - began_s
        return Round(total / took_s, (cpu_s(popen.pid) - before_s) / total * 1e6)
    finally:
        popen.terminate()
        popen.wait()
        server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("other", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--tasks", type=int, default=4000)
    asked = parser.parse_args()
    run_compiled("cloudtasks_nb.emulator.server.process", "aiohttp.web")
    trees = {"this": HERE} if asked.other is None else {"other": asked.other.resolve(), "this": HERE}
    found: dict[str, list[Round]] = {name: [] for name in trees}
    for number in range(asked.rounds):
        for name in sorted(trees, reverse=bool(number % 2)):  # the first tree alternates
            with tempfile.TemporaryDirectory() as folder:
                data = Path(folder) / "queues.db"
                found[name].append(asyncio.run(measured(trees[name], data, asked.tasks)))
    for name, rounds in found.items():
        per_s = statistics.median(one.per_s for one in rounds)
        cpu_us = statistics.median(one.cpu_us for one in rounds)
        print(f"| {name} | {per_s:,.0f} /s | {cpu_us:,.0f} µs of the processor |")
    for what in ("per_s", "cpu_us") if "other" in found else ():
        pairs = zip(found["other"], found["this"], strict=True)
        ratios = sorted(getattr(mine, what) / getattr(theirs, what) for theirs, mine in pairs)
        print(
            f"| {what}, this / other | {statistics.median(ratios):.3f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) |"
        )


if __name__ == "__main__":
    main()
