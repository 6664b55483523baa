"""List FULL tasks into a DataFrame from a server that responds at once: only the client's work counts.

    python benchmarks/tables.py [--tasks 100000] [--runs 5] [--only NAME ...]

One server process has all responses ready as bytes, for REST and for gRPC. Each run is a separate process, timed from
before its imports to the finished DataFrame, in elapsed and processor time. As for users, all modules are compiled: a
first round, which does not count, compiles them. Clients take turns, and ratios are per pair of runs. Floors: `bytes`
only receives all pages over REST, `import pandas` only imports it; every DataFrame needs both. The peer is the
fastest that we could write: Google's gRPC client without its Python objects, protocol buffers read field by field
into Arrow.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

from compiled import run_compiled

QUEUE = "projects/local/locations/us-central1/queues/benchmark"
PAGE = 1000


def pages(count: int) -> Iterator[dict[str, Any]]:
    """Responses of v2beta3: payloads of some 200 bytes, two headers, and attempts in every tenth task."""
    from base64 import b64encode

    def task(number: int) -> dict[str, Any]:
        payload = {"order": number, "customer": f"c-{number % 997}", "note": "x" * 150}
        made: dict[str, Any] = {
            "name": f"{QUEUE}/tasks/{number:019}",
            "httpRequest": {
                "url": f"https://example.com/orders/{number}",
                "httpMethod": "POST",
                "headers": {"Content-Type": "application/json", "X-Tenant": f"t{number % 20}"},
                "body": b64encode(json.dumps(payload).encode()).decode(),
            },
            "scheduleTime": f"2026-11-29T12:{number // 60 % 60:02}:{number % 60:02}.123456Z",
            "createTime": "2026-11-29T11:00:00Z",
            "dispatchDeadline": "600s",
            "view": "FULL",
        }
        if number % 10 == 0:
            attempt = {
                "scheduleTime": made["scheduleTime"],
                "dispatchTime": "2026-11-29T12:00:00.5Z",
                "responseTime": "2026-11-29T12:00:01.25Z",
                "responseStatus": {"code": 14, "message": "HTTP status code 503"},
            }
            made |= {"dispatchCount": 3, "responseCount": 3, "lastAttempt": attempt}
            made["firstAttempt"] = {"dispatchTime": "2026-11-29T12:00:00.5Z"}
        return made

    for first in range(0, count, PAGE):
        page: dict[str, Any] = {"tasks": [task(n) for n in range(first, min(first + PAGE, count))]}
        if first + PAGE < count:
            page["nextPageToken"] = f"after-{first // PAGE + 1}"
        yield page


def serve(count: int) -> None:
    """Run both servers until the process ends; print their addresses."""
    from google.cloud import tasks_v2beta3
    from google.protobuf.json_format import ParseDict

    kind = tasks_v2beta3.ListTasksResponse.pb()
    made = list(pages(count))
    rest = [_answer(json.dumps(page, separators=(",", ":")).encode()) for page in made]
    messages = [ParseDict(page, kind()).SerializeToString() for page in made]
    print(json.dumps([_serve_rest(rest), _serve_grpc(messages)]), flush=True)
    sys.stdin.read()


def _answer(body: bytes) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: {}\r\n\r\n"
    return head.format(len(body)).encode() + body


def _serve_rest(answers: list[bytes]) -> str:
    queue = _answer(json.dumps({"name": QUEUE, "state": "RUNNING"}).encode())

    def talk(connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while request := lines.readline().decode():
                while lines.readline().strip():
                    pass
                token = re.search(r"pageToken=after-(\d+)", request)
                at = int(token[1]) if token else 0
                connection.sendall(answers[at] if "/tasks?" in request else queue)

    def accept() -> None:
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def _serve_grpc(messages: list[bytes]) -> str:
    import grpc
    from google.cloud import tasks_v2beta3

    def listed(request: Any, context: Any) -> bytes:
        return messages[int(request.page_token.rpartition("-")[2] or 0)]

    read = tasks_v2beta3.ListTasksRequest.pb().FromString
    handler = grpc.unary_unary_rpc_method_handler(listed, request_deserializer=read)
    server = grpc.server(futures.ThreadPoolExecutor(2), options=[("grpc.max_send_message_length", -1)])
    service = "google.cloud.tasks.v2beta3.CloudTasks"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {"ListTasks": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    _KEPT.append(server)
    return f"127.0.0.1:{port}"


_KEPT: list[Any] = []


def ours(rest: str, grpc_at: str) -> int:
    import cloudtasks_nb as ct

    with ct.connect(endpoint=rest) as client:
        queue = client.queue(QUEUE, read=False)
        return len(queue.tasks(view="FULL", page_size=PAGE).to_dataframe(progress=False))


def bytes_(rest: str, grpc_at: str) -> int:
    import requests

    token = ""
    with requests.Session() as http:
        while True:
            query = {"responseView": "FULL", "pageSize": PAGE, "pageToken": token}
            body = http.get(f"{rest}/v2beta3/{QUEUE}/tasks", params=query).content
            token = body[-200:].partition(b'"nextPageToken":"')[2].partition(b'"')[0].decode()
            if not token:
                return -1


def import_pandas(rest: str, grpc_at: str) -> int:
    import pandas  # noqa: F401

    return -1


def google_api(rest: str, grpc_at: str) -> int:
    import pandas as pd
    from google.auth.credentials import AnonymousCredentials
    from googleapiclient.discovery import build

    options = {"api_endpoint": rest}
    service = build("cloudtasks", "v2beta3", credentials=AnonymousCredentials(), client_options=options)
    tasks = service.projects().locations().queues().tasks()
    rows: list[dict[str, object]] = []
    request = tasks.list(parent=QUEUE, responseView="FULL", pageSize=PAGE)
    while request is not None:
        answer = request.execute()
        rows += answer.get("tasks", [])
        request = tasks.list_next(request, answer)
    return len(pd.json_normalize(rows))


def google_grpc(rest: str, grpc_at: str) -> int:
    """The same columns by hand: requests each page while the previous one is read into Arrow."""
    import grpc
    from google.cloud.tasks_v2beta3.types import ListTasksRequest, ListTasksResponse, Task

    channel = grpc.insecure_channel(grpc_at, options=[("grpc.max_receive_message_length", -1)])
    call = channel.unary_unary(
        "/google.cloud.tasks.v2beta3.CloudTasks/ListTasks",
        request_serializer=ListTasksRequest.pb().SerializeToString,
        response_deserializer=ListTasksResponse.pb().FromString,
    )

    def ask(token: str) -> Any:
        view = Task.View.FULL
        return call.future(
            ListTasksRequest.pb()(parent=QUEUE, response_view=view, page_size=PAGE, page_token=token)
        )

    coming = ask("")
    import pyarrow as pa

    batches = []
    while coming is not None:
        page = coming.result()
        coming = ask(page.next_page_token) if page.next_page_token else None
        batches.append(pa.RecordBatch.from_pydict(_by_hand(page.tasks), schema=_schema(pa)))
    import pandas  # noqa: F401

    channel.close()
    return len(pa.Table.from_batches(batches).to_pandas(maps_as_pydicts="strict"))


def _by_hand(tasks: Any) -> dict[str, list[Any]]:
    def micros(one: Any) -> int | None:
        return one.seconds * 1_000_000 + one.nanos // 1000 if one.seconds else None

    requests = [task.http_request for task in tasks]
    lasts = [task.last_attempt for task in tasks]
    answered = [last.HasField("response_status") for last in lasts]
    names = [task.name.split("/") for task in tasks]
    return {
        "task_id": [parts[7] for parts in names],
        "queue": [parts[5] for parts in names],
        "location": [parts[3] for parts in names],
        "kind": [task.WhichOneof("payload_type") for task in tasks],
        "schedule_time": [micros(task.schedule_time) for task in tasks],
        "create_time": [micros(task.create_time) for task in tasks],
        "dispatch_count": [task.dispatch_count for task in tasks],
        "response_count": [task.response_count for task in tasks],
        "first_dispatch_time": [micros(task.first_attempt.dispatch_time) for task in tasks],
        "last_schedule_time": [micros(last.schedule_time) for last in lasts],
        "last_dispatch_time": [micros(last.dispatch_time) for last in lasts],
        "last_response_time": [micros(last.response_time) for last in lasts],
        "last_code": [
            last.response_status.code if has else None for last, has in zip(lasts, answered, strict=True)
        ],
        "last_message": [
            last.response_status.message if has else None for last, has in zip(lasts, answered, strict=True)
        ],
        "method": [request.http_method for request in requests],
        "url": [request.url for request in requests],
        "headers": [list(request.headers.items()) for request in requests],
        "payload": [request.body for request in requests],
        "deadline_s": [task.dispatch_deadline.seconds for task in tasks],
        "name": [task.name for task in tasks],
    }


def _schema(pa: Any) -> Any:
    time_, text, number = pa.timestamp("us", tz="UTC"), pa.string(), pa.int32()
    kinds = {"headers": pa.map_(text, text), "payload": pa.binary(), "method": number}
    numbers = ("dispatch_count", "response_count", "last_code", "deadline_s")
    return pa.schema(
        [
            (
                name,
                kinds.get(name) or (number if name in numbers else time_ if name.endswith("_time") else text),
            )
            for name in _by_hand([])
        ]
    )


CONTENDERS: dict[str, Callable[[str, str], int]] = {
    "cloudtasks_nb": ours,
    "google-cloud-tasks (gRPC), protobuf → Arrow by hand": google_grpc,
    "google-api-python-client + json_normalize": google_api,
    "floor: bytes": bytes_,
    "floor: import pandas": import_pandas,
}


def contend(name: str, rest: str, grpc_at: str) -> None:
    began_s, cpu_s = time.perf_counter(), time.process_time()
    rows = CONTENDERS[name](rest, grpc_at)
    print(json.dumps([rows, time.perf_counter() - began_s, time.process_time() - cpu_s]))
    sys.stdout.flush()
    os._exit(0)  # do not measure the end of threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument(
        "--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS), metavar="NAME"
    )
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child == ["serve"]:
        serve(arguments.tasks)
        return
    if arguments.child:
        contend(*arguments.child)
        return
    run_compiled("cloudtasks_nb.frames", "pandas", "googleapiclient.discovery", "google.cloud.tasks_v2beta2")
    command = [sys.executable, __file__, "--tasks", str(arguments.tasks), "--child"]
    with subprocess.Popen(
        [*command, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        addresses = json.loads(server.stdout.readline())
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in arguments.only}
        for _ in range(arguments.runs + 1):
            for name in took:
                done = subprocess.run(
                    [*command, name, *addresses],
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                rows, wall_s, cpu_s = json.loads(done.stdout)
                assert rows in (-1, arguments.tasks), rows
                took[name].append((wall_s, cpu_s))
        server.terminate()
    report({name: runs[1:] for name, runs in took.items()}, arguments.tasks)


def report(took: dict[str, list[tuple[float, float]]], tasks: int) -> None:
    print(f"\n{tasks:,} FULL tasks, pages of {PAGE:,}; medians of {len(next(iter(took.values())))} runs\n")
    print("| | seconds | of processor | times the floors | by processor |\n|---|---:|---:|---:|---:|")
    floors = [runs for name, runs in took.items() if name.startswith("floor")]
    for name, runs in took.items():
        ratios = [
            [run[at] / sum(one[number][at] for one in floors) for number, run in enumerate(runs)]
            for at in (0, 1)
            if len(floors) == 2
        ]
        said = [f"{statistics.median(values):.2f}" for values in (*zip(*runs, strict=True), *ratios)]
        print(f"| {name} | {' | '.join(said)} |")


if __name__ == "__main__":
    main()
