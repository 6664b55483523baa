"""Listing FULL tasks into a DataFrame: this package beside google-api-python-client + pandas.json_normalize.

    python benchmarks/listing.py [--tasks 100000] [--runs 3]

One emulator serves all. Each run is a process of its own, timed from after its imports to the finished DataFrame; the
contenders take turns, and ratios are taken pair by pair. `floor` only receives the bytes, one page after the other.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

QUEUE = "projects/local/locations/us-central1/queues/benchmark"
PAGE = 1000


def ours(url: str) -> int:
    import cloudtasks_nb as ct

    with ct.connect(endpoint=url) as client:
        return len(client.queue(QUEUE).tasks(view="FULL", page_size=PAGE).to_dataframe())


def google(url: str) -> int:
    import pandas as pd
    from google.auth.credentials import AnonymousCredentials
    from googleapiclient.discovery import build

    service = build(
        "cloudtasks", "v2beta2", credentials=AnonymousCredentials(), client_options={"api_endpoint": url}
    )
    tasks = service.projects().locations().queues().tasks()
    rows: list[dict[str, object]] = []
    request = tasks.list(parent=QUEUE, responseView="FULL", pageSize=PAGE)
    while request is not None:
        answer = request.execute()
        rows += answer.get("tasks", [])
        request = tasks.list_next(request, answer)
    return len(pd.json_normalize(rows))


def floor(url: str) -> int:
    import requests

    count, token = 0, ""
    with requests.Session() as http:
        while True:
            query = {
                "responseView": "FULL",
                "pageSize": str(PAGE),
                "pageToken": token,
                "prettyPrint": "false",
            }
            body = http.get(f"{url}/v2beta2/{QUEUE}/tasks", params=query).content
            count += body.count(b'"createTime"')
            token = (
                body.rpartition(b'"nextPageToken":"')[2].partition(b'"')[0].decode()
                if b"nextPageToken" in body
                else ""
            )
            if not token:
                return count


CONTENDERS = {"cloudtasks_nb": ours, "google-api-python-client": google, "floor": floor}
IMPORTS = {
    "cloudtasks_nb": ("cloudtasks_nb.frames", "cloudtasks_nb.client", "cloudtasks_nb.connecting"),
    "google-api-python-client": ("pandas", "googleapiclient.discovery", "google.auth.credentials"),
    "floor": ("requests",),
}


def fill(url: str, count: int) -> None:
    """Tasks with JSON payloads of some 200 bytes and a few headers."""
    import cloudtasks_nb as ct

    with ct.connect(endpoint=url) as client, ThreadPoolExecutor(4) as pool:
        queue = client.create_queue(QUEUE)
        started = time.perf_counter()

        def create(number: int) -> None:
            payload = {"order": number, "customer": f"c-{number % 997}", "note": "x" * 150}
            headers = {"Content-Type": "application/json", "X-Tenant": f"t{number % 20}"}
            queue.create_task(
                payload, url=f"https://example.com/orders/{number}", headers=headers, schedule=3600
            )

        list(pool.map(create, range(count)))
        print(f"filled with {count:,} tasks in {time.perf_counter() - started:.0f} s", file=sys.stderr)


def run(name: str, url: str, expected: int) -> tuple[float, float]:
    """Seconds from after the imports, and the peak memory of the process in MB."""
    done = subprocess.run(
        [sys.executable, __file__, "--contender", name, "--url", url],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["rows"] == expected, said
    return said["seconds"], said["peak_mb"]


def contend(name: str, url: str) -> None:
    for module in IMPORTS[name]:
        import_module(module)
    started = time.perf_counter()
    rows = CONTENDERS[name](url)
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text()  # ru_maxrss would remember the parent's size
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak_kb / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        contend(arguments.contender, arguments.url)
        return
    import cloudtasks_nb as ct

    with ct.local() as client:
        fill(client.endpoint, arguments.tasks)
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(arguments.runs):
            for name in CONTENDERS:
                results[name].append(run(name, client.endpoint, arguments.tasks))
    report(results, arguments.tasks)


def report(results: dict[str, list[tuple[float, float]]], tasks: int) -> None:
    print(
        f"\n{tasks:,} FULL tasks into a DataFrame, pages of {PAGE:,}; medians of {len(results['floor'])} runs\n"
    )
    print("| | seconds | peak MB |\n|---|---:|---:|")
    for name, runs in results.items():
        seconds, peak_mb = (statistics.median(values) for values in zip(*runs, strict=True))
        print(f"| {name} | {seconds:.2f} | {peak_mb:.0f} |")
    pairs = list(zip(results["google-api-python-client"], results["cloudtasks_nb"], strict=True))
    faster = statistics.median(theirs[0] / mine[0] for theirs, mine in pairs)
    smaller = statistics.median(mine[1] / theirs[1] for theirs, mine in pairs)
    print(f"\n{faster:.1f} times as fast, with {smaller:.0%} of the memory")


if __name__ == "__main__":
    main()
