"""Compare this package with Google's two clients: create, delete, lease and acknowledge many tasks.

    python benchmarks/bulk.py [--tasks 10000] [--runs 3] [--durable] [--verbs work]

One emulator serves all runs. Each run has its own queue and its own process, and is timed after its imports. The
clients take turns. Google's clients are used as in their samples: one call after the other, on one connection or
channel. The second table has the processor time of client and emulator for each task, which depends less on other
programs.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from compiled import run_compiled
from deliveries import cpu_s
from emulator import Emulator

QUEUE = "projects/local/locations/us-central1/queues"
URL = "https://example.com/orders"
LEASED_AT_A_TIME = 1000


class Contender(Protocol):
    def create(self, queue: str, payloads: list[bytes]) -> int: ...

    def delete(self, queue: str, names: list[str]) -> int: ...

    def work(self, queue: str) -> int: ...


class Ours:
    imports = ("cloudtasks_nb.connecting", "cloudtasks_nb.bulk.verbs")

    def __init__(self, url: str) -> None:
        import cloudtasks_nb as ct

        self.client = ct.connect(endpoint=url)

    def create(self, queue: str, payloads: list[bytes]) -> int:
        return self.client.queue(queue).create_tasks(payloads, url=URL).done

    def delete(self, queue: str, names: list[str]) -> int:
        return self.client.queue(queue).delete_tasks(names).done

    def work(self, queue: str) -> int:
        held, count = self.client.queue(queue), 0
        while leased := held.lease(LEASED_AT_A_TIME, lease_duration=600):
            count += held.acknowledge_tasks(leased).done
        return count


class CloudTasks:
    imports = ("google.cloud.tasks_v2beta2", "google.auth.credentials")

    def __init__(self, url: str) -> None:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import tasks_v2beta2
        from google.cloud.tasks_v2beta2.services.cloud_tasks.transports import CloudTasksRestTransport

        self.api = tasks_v2beta2
        transport = CloudTasksRestTransport(
            host=urlsplit(url).netloc, url_scheme="http", credentials=AnonymousCredentials()
        )
        self.client = tasks_v2beta2.CloudTasksClient(transport=transport)

    def create(self, queue: str, payloads: list[bytes]) -> int:
        for payload in payloads:
            task = self.api.Task(http_request=self.api.HttpRequest(url=URL, body=payload))
            self.client.create_task(parent=queue, task=task)
        return len(payloads)

    def delete(self, queue: str, names: list[str]) -> int:
        for name in names:
            self.client.delete_task(name=name)
        return len(names)

    def work(self, queue: str) -> int:
        count = 0
        request = self.api.LeaseTasksRequest(
            parent=queue,
            max_tasks=LEASED_AT_A_TIME,
            lease_duration={"seconds": 600},
            response_view=self.api.Task.View.FULL,
        )
        while leased := self.client.lease_tasks(request).tasks:
            for task in leased:
                self.client.acknowledge_task(name=task.name, schedule_time=task.schedule_time)
            count += len(leased)
        return count


class CloudTasksGrpc(CloudTasks):
    imports = ("google.cloud.tasks_v2beta2", "grpc")

    def __init__(self, url: str) -> None:
        import grpc
        from google.cloud import tasks_v2beta2
        from google.cloud.tasks_v2beta2.services.cloud_tasks.transports import CloudTasksGrpcTransport

        self.api = tasks_v2beta2
        transport = CloudTasksGrpcTransport(channel=grpc.insecure_channel(urlsplit(url).netloc))
        self.client = tasks_v2beta2.CloudTasksClient(transport=transport)


class ApiClient:
    imports = ("googleapiclient.discovery", "google.auth.credentials")

    def __init__(self, url: str) -> None:
        from google.auth.credentials import AnonymousCredentials
        from googleapiclient.discovery import build

        service = build(
            "cloudtasks", "v2beta2", credentials=AnonymousCredentials(), client_options={"api_endpoint": url}
        )
        self.tasks: Any = service.projects().locations().queues().tasks()

    def create(self, queue: str, payloads: list[bytes]) -> int:
        for payload in payloads:
            task = {"httpRequest": {"url": URL, "body": base64.b64encode(payload).decode()}}
            self.tasks.create(parent=queue, body={"task": task}).execute()
        return len(payloads)

    def delete(self, queue: str, names: list[str]) -> int:
        for name in names:
            self.tasks.delete(name=name).execute()
        return len(names)

    def work(self, queue: str) -> int:
        body = {"maxTasks": LEASED_AT_A_TIME, "leaseDuration": "600s", "responseView": "FULL"}
        count = 0
        while leased := self.tasks.lease(parent=queue, body=body).execute().get("tasks"):
            for task in leased:
                said = {"scheduleTime": task["scheduleTime"]}
                self.tasks.acknowledge(name=task["name"], body=said).execute()
            count += len(leased)
        return count


CONTENDERS: dict[str, Callable[[str], Contender]] = {
    "cloudtasks_nb": Ours,
    "google-cloud-tasks (REST)": CloudTasks,
    "google-cloud-tasks (gRPC)": CloudTasksGrpc,
    "google-api-python-client": ApiClient,
}
VERBS = {"create": "creating", "delete": "deleting", "work": "leasing and acknowledging"}


def payload(number: int) -> bytes:
    return json.dumps({"order": number, "note": "x" * 150}).encode()


def contend(name: str, verb: str, url: str, queue: str, count: int) -> None:
    """One run in this process; prints how long it took, and its processor time."""
    for module in CONTENDERS[name].imports:  # type: ignore[attr-defined]
        import_module(module)
    contender = CONTENDERS[name](url)
    given: list[Any] = []
    if verb == "create":
        given = [[payload(number) for number in range(count)]]
    elif verb == "delete":
        import cloudtasks_nb as ct

        given = [[task.name for task in ct.connect(endpoint=url).queue(queue).tasks()]]
    started, worked_s = time.perf_counter(), time.process_time()
    done = getattr(contender, verb)(queue, *given)
    seconds, client_s = time.perf_counter() - started, time.process_time() - worked_s
    assert done == count, (name, verb, done)
    print(seconds, client_s)


class Run(NamedTuple):
    """Seconds of one run: real time, and processor time of the client and of the emulator."""

    took_s: float
    client_s: float
    emulator_s: float


def run(client: Any, name: str, verb: str, queue_id: str, count: int, pid: int) -> Run:
    """One run, on a queue that is filled as needed."""
    queue = client.create_queue(queue_id, kind="pull" if verb == "work" else "http").pause()
    if verb == "work":
        queue.resume()
    if verb != "create":
        url = {} if verb == "work" else {"url": URL}
        queue.create_tasks((payload(number) for number in range(count)), progress=False, **url)
    command = [sys.executable, __file__, "--run", name, verb, client.endpoint, queue.name, str(count)]
    before_s = cpu_s(pid)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    emulator_s = cpu_s(pid) - before_s
    assert done.returncode == 0, done.stderr
    left = sum(len(page.items) for page in queue.tasks().pages())
    assert left == (count if verb == "create" else 0), (name, verb, left)
    took_s, client_s = map(float, done.stdout.split())
    return Run(took_s, client_s, emulator_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--durable", action="store_true", help="the emulator keeps its data in a file")
    parser.add_argument("--verbs", nargs="+", choices=VERBS, default=list(VERBS))
    parser.add_argument("--run", nargs=5, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        name, verb, url, queue, count = arguments.run
        contend(name, verb, url, queue, int(count))
        return
    run_compiled(
        "cloudtasks_nb.emulator.server.process",
        "cloudtasks_nb.bulk.verbs",
        "googleapiclient.discovery",
        "google.cloud.tasks_v2beta2",
    )
    import cloudtasks_nb as ct

    results: dict[tuple[str, str], list[Run]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        Emulator(*(["--data", str(Path(folder) / "queues.db")] if arguments.durable else [])) as emulator,
        ct.connect(
            endpoint=f"http://127.0.0.1:{emulator.port}", project="local", location="us-central1"
        ) as client,
    ):
        for at in range(arguments.runs):
            for verb in arguments.verbs:
                for number, name in enumerate(CONTENDERS):
                    queue = f"{verb}-{number}-{at}"
                    one = run(client, name, verb, queue, arguments.tasks, emulator.popen.pid)
                    results.setdefault((name, verb), []).append(one)
                    print(f"{name}, {VERBS[verb]}: {one.took_s:.2f} s", file=sys.stderr)
    report(results, arguments.verbs, arguments.tasks, arguments.runs)


def report(results: dict[tuple[str, str], list[Run]], verbs: list[str], tasks: int, runs: int) -> None:
    """Print both tables, and how many times as fast as the others this package is."""
    heads = f"| | {' | '.join(VERBS[verb] for verb in verbs)} |\n|---|{'---:|' * len(verbs)}"
    print(f"\n{tasks:,} tasks, medians of {runs} runs, in seconds\n\n{heads}")
    for name in CONTENDERS:
        cells = [f"{statistics.median(one.took_s for one in results[name, verb]):.2f}" for verb in verbs]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\nµs of processor time per task, client and emulator\n\n{heads}")
    for name in CONTENDERS:
        cells = []
        for verb in verbs:
            client_s, emulator_s = (
                statistics.median(one[at] for one in results[name, verb]) / tasks for at in (1, 2)
            )
            cells.append(f"{client_s * 1e6:,.0f} and {emulator_s * 1e6:,.0f}")
        print(f"| {name} | {' | '.join(cells)} |")
    print()
    for verb in verbs:
        pairs = list(zip(*(results[name, verb] for name in CONTENDERS), strict=True))
        times = statistics.median(
            min(other.took_s for other in others) / ours.took_s for ours, *others in pairs
        )
        less = statistics.median(min(map(_cpu_s, others)) / _cpu_s(ours) for ours, *others in pairs)
        print(
            f"{VERBS[verb]}: {times:.1f} times as fast as the fastest of the others, with {less:.1f} times less "
            "processor time of client and emulator together"
        )


def _cpu_s(one: Run) -> float:
    return one.client_s + one.emulator_s


if __name__ == "__main__":
    main()
