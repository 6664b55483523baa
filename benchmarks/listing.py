"""Compare this package with Google's two clients: list FULL tasks into a DataFrame.

    python benchmarks/listing.py [--tasks 100000] [--runs 3] [--versions]

One emulator serves all runs. Each run is a separate process, timed from after its imports to the finished DataFrame.
The clients take turns, and ratios are per pair of runs. `floor` only receives the bytes, one page after the other.
`import pandas` is timed separately, because every DataFrame needs it. With `--versions`, this package lists in each API
version, beside the floor of that version, because the emulator needs more time for some versions.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from compiled import run_compiled

QUEUE = "projects/local/locations/us-central1/queues/benchmark"
PAGE = 1000


def ours(url: str, **named: Any) -> int:
    import cloudtasks_nb as ct

    with ct.connect(endpoint=url, **named) as client:
        return len(client.queue(QUEUE).tasks(view="FULL", page_size=PAGE).to_dataframe())


def ours_iterated(url: str, **named: Any) -> int:
    import cloudtasks_nb as ct

    with ct.connect(endpoint=url, **named) as client:
        return sum(1 for task in client.queue(QUEUE).tasks(view="FULL", page_size=PAGE))


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


def google_cloud(url: str, transport: str = "rest") -> int:
    import pandas as pd
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import tasks_v2beta2

    kind = tasks_v2beta2.CloudTasksClient.get_transport_class(transport)
    host = urlsplit(url).netloc
    if transport == "rest":
        made = kind(host=host, url_scheme="http", credentials=AnonymousCredentials())
    else:
        import grpc

        made = kind(channel=grpc.insecure_channel(host))
    client = tasks_v2beta2.CloudTasksClient(transport=made)
    view = tasks_v2beta2.Task.View.FULL
    request = tasks_v2beta2.ListTasksRequest(parent=QUEUE, response_view=view, page_size=PAGE)
    rows = [tasks_v2beta2.Task.to_dict(task) for task in client.list_tasks(request)]
    return len(pd.json_normalize(rows))


def floor(url: str, api_version: str = "v2beta3") -> int:
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
            body = http.get(f"{url}/{api_version}/{QUEUE}/tasks", params=query).content
            count += body.count(b'"createTime"')
            token = (
                body.rpartition(b'"nextPageToken":"')[2].partition(b'"')[0].decode()
                if b"nextPageToken" in body
                else ""
            )
            if not token:
                return count


def import_pandas(url: str) -> int:
    import pandas  # noqa: F401

    return -1


CONTENDERS = {
    "cloudtasks_nb": ours,
    "google-api-python-client + json_normalize": google,
    "google-cloud-tasks (REST) + json_normalize": google_cloud,
    "google-cloud-tasks (gRPC) + json_normalize": partial(google_cloud, transport="grpc"),
    "floor": floor,
    "import pandas": import_pandas,
}
IMPORTS = {
    "cloudtasks_nb": (
        "pandas",
        "pyarrow",
        "cloudtasks_nb.frames.data_frames",
        "cloudtasks_nb.frames.export",
        "cloudtasks_nb.client",
        "cloudtasks_nb.connecting",
    ),
    "google-api-python-client + json_normalize": (
        "pandas",
        "googleapiclient.discovery",
        "google.auth.credentials",
    ),
    "google-cloud-tasks (REST) + json_normalize": (
        "pandas",
        "google.cloud.tasks_v2beta2",
        "google.auth.credentials",
    ),
    "google-cloud-tasks (gRPC) + json_normalize": (
        "pandas",
        "google.cloud.tasks_v2beta2",
        "grpc",
    ),
    "floor": ("requests",),
    "import pandas": (),
}

VERSIONS = ("v2beta2", "v2beta3", "v2")
WAYS: dict[str, Callable[..., int]] = {"DataFrame": ours, "iterated": ours_iterated, "floor": floor}
IN_VERSIONS = {
    f"{way} {version}": partial(list_, api_version=version)
    for version in VERSIONS
    for way, list_ in WAYS.items()
}


def fill(url: str, count: int) -> None:
    """Tasks with JSON payloads of some 200 bytes and a few headers."""
    import cloudtasks_nb as ct

    def task(number: int) -> dict[str, object]:
        payload = {"order": number, "customer": f"c-{number % 997}", "note": "x" * 150}
        headers = {"Content-Type": "application/json", "X-Tenant": f"t{number % 20}"}
        return {"payload": payload, "url": f"https://example.com/orders/{number}", "headers": headers}

    with ct.connect(endpoint=url) as client:
        queue = client.create_queue(QUEUE).pause()
        result = queue.create_tasks(map(task, range(count)), schedule=3600, progress=False)
        result.raise_for_errors()
        print(f"filled with {count:,} tasks in {result.elapsed_s:.0f} s", file=sys.stderr)


def run(name: str, url: str, expected: int) -> tuple[float, float]:
    """Seconds after the imports, and the peak memory of the process in MB."""
    done = subprocess.run(
        [sys.executable, __file__, "--contender", name, "--url", url],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    assert said["rows"] in (expected, -1), said
    return said["seconds"], said["peak_mb"]


def contend(name: str, url: str) -> None:
    for module in IMPORTS.get(name, IMPORTS["cloudtasks_nb"]):
        import_module(module)
    started = time.perf_counter()
    rows = (CONTENDERS | IN_VERSIONS)[name](url)
    seconds = time.perf_counter() - started
    status = Path("/proc/self/status").read_text()  # ru_maxrss would include the parent's size
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak_kb / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--versions", action="store_true", help="this package in each version")
    parser.add_argument("--contender", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contender:
        contend(arguments.contender, arguments.url)
        return
    run_compiled(
        "cloudtasks_nb.emulator.server.process",
        "cloudtasks_nb.frames",
        "pandas",
        "googleapiclient.discovery",
        "google.cloud.tasks_v2beta2",
    )
    import cloudtasks_nb as ct

    with ct.local() as client:
        fill(client.endpoint, arguments.tasks)
        contenders = IN_VERSIONS if arguments.versions else CONTENDERS
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
        for _ in range(arguments.runs):
            for name in contenders:
                results[name].append(run(name, client.endpoint, arguments.tasks))
    (report_versions if arguments.versions else report)(results, arguments.tasks)


def report_versions(results: dict[str, list[tuple[float, float]]], tasks: int) -> None:
    print(f"\n{tasks:,} FULL tasks, pages of {PAGE:,}; medians of {len(results['floor v2'])} runs; seconds\n")
    print(
        f"| | {' | '.join(WAYS)} | DataFrame / floor | iterated / floor |\n|---|{'---:|' * (len(WAYS) + 2)}"
    )
    for version in VERSIONS:
        took = {way: [seconds for seconds, _ in results[f"{way} {version}"]] for way in WAYS}
        seconds = [f"{statistics.median(took[way]):.2f}" for way in WAYS]
        times = [
            f"{statistics.median(mine / least for mine, least in zip(took[way], took['floor'], strict=True)):.2f}"
            for way in WAYS
            if way != "floor"
        ]
        print(f"| {version} | {' | '.join([*seconds, *times])} |")


def report(results: dict[str, list[tuple[float, float]]], tasks: int) -> None:
    print(
        f"\n{tasks:,} FULL tasks into a DataFrame, pages of {PAGE:,}; medians of {len(results['floor'])} runs\n"
    )
    print("| | seconds | peak MB |\n|---|---:|---:|")
    for name, runs in results.items():
        seconds, peak_mb = (statistics.median(values) for values in zip(*runs, strict=True))
        print(f"| {name} | {seconds:.2f} | {peak_mb:.0f} |")
    mine, least = results["cloudtasks_nb"], zip(results["floor"], results["import pandas"], strict=True)
    bound = statistics.median(
        ours[0] / (bytes_[0] + pandas[0]) for ours, (bytes_, pandas) in zip(mine, least, strict=True)
    )
    print(f"\n{bound:.2f} times the floor and `import pandas` together (aim: at most 1.5)")
    for name in (name for name in CONTENDERS if "google" in name):
        pairs = list(zip(results[name], mine, strict=True))
        faster = statistics.median(theirs[0] / ours[0] for theirs, ours in pairs)
        smaller = statistics.median(ours[1] / theirs[1] for theirs, ours in pairs)
        print(f"{faster:.1f} times as fast as {name} (aim: 3), with {smaller:.0%} of its memory (aim: 50 %)")


if __name__ == "__main__":
    main()
