"""Many calls in one request, through Google's own client, and as bytes for requests that it never sends."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
import requests
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

from tests.contract.driver import Json
from tests.contract.google_clients import DiscoveryLibrary
from tests.contract.messages import http_task


@pytest.fixture
def queue(client: DiscoveryLibrary, parent: str) -> str:
    return str(client.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"])


def test_each_call_has_its_own_answer(client: DiscoveryLibrary, emulator: str, queue: str) -> None:
    answers: dict[str, Any] = {}

    def keep(id: str, answer: Json | None, error: HttpError | None) -> None:
        answers[id] = answer if error is None else error.resp.status

    tasks: Any = client._tasks
    batch = BatchHttpRequest(callback=keep, batch_uri=f"{emulator}/batch")
    for at in range(20):
        task = {**http_task(), "name": f"{queue}/tasks/t{at % 19}"}
        batch.add(tasks.create(parent=queue, body={"task": task}), request_id=f"create {at}+é")
    batch.add(client._queues.get(name=queue, fields="state"), request_id="get")
    batch.add(client._queues.get(name=f"{queue}0"), request_id="none")
    batch.add(tasks.delete(name=f"{queue}/tasks/t3"), request_id="delete")
    batch.add(tasks.list(parent=queue, pageSize=1000, fields="tasks/name"), request_id="list")
    batch.execute(http=client._http)
    assert answers["create 0+é"]["name"] == f"{queue}/tasks/t0"
    assert answers["create 19+é"] == 409
    assert answers["get"] == {"state": "RUNNING"}
    assert answers["none"] == 404
    assert answers["delete"] == {}
    assert len(answers["list"]["tasks"]) == 18
    assert len(answers) == 24


def part(call: str, id: str = "", headers: str = "", body: str = "") -> str:
    content_id = f"Content-ID: <{id}>\r\n" if id else ""
    return f"Content-Type: application/http\r\n{content_id}\r\n{call}\r\n{headers}\r\n{body}"


def send(emulator: str, parts: list[str], **headers: str) -> requests.Response:
    boundary = uuid.uuid4().hex
    body = "".join(f"--{boundary}\r\n{text}\r\n" for text in parts) + f"--{boundary}--\r\n"
    sent = {"Content-Type": f'multipart/mixed; boundary="{boundary}"', **headers}
    return requests.post(f"{emulator}/batch", data=body.encode(), headers=sent, timeout=60)


def parts_of(answer: requests.Response) -> list[tuple[str, int, Any]]:
    """Content-ID, status and JSON of each part."""
    assert answer.status_code == 200
    boundary = re.fullmatch(r"multipart/mixed; boundary=(\S+)", answer.headers["Content-Type"])
    assert boundary is not None
    assert answer.text.endswith(f"--{boundary[1]}--\r\n")
    found = []
    for text in answer.text.split(f"--{boundary[1]}\r\n")[1:]:
        outer, inner, body = text.split("\r\n\r\n", 2)
        id = re.search(r"Content-ID: <(.*)>", outer)
        status = re.match(r"HTTP/1\.1 (\d{3}) ", inner)
        assert status is not None
        found.append((id[1] if id else "", int(status[1]), json.loads(body.partition("\r\n--")[0])))
    return found


def test_parts_fail_alone_and_in_order(emulator: str, queue: str) -> None:
    found = parts_of(
        send(
            emulator,
            [
                part(f"GET /v2beta2/{queue}?fields=state HTTP/1.1", "one + 1"),
                part("nonsense", "two"),
                "no header at all",
                part(f"POST https://cloudtasks.googleapis.com/v2beta2/{queue}:pause", body="{}"),
                part(f"POST /v2beta2/{queue}/tasks HTTP/1.1", "five", body="{"),
                part("GET /batch HTTP/1.1", "six"),
                part(f"GET /v2beta2/{queue} HTTP/1.1", "seven", "X-Goog-FieldMask: state\r\n"),
            ],
        )
    )
    assert [(id, status) for id, status, _ in found] == [
        ("response-one + 1", 200),
        ("response-two", 400),
        ("", 400),
        ("", 200),
        ("response-five", 400),
        ("response-six", 404),
        ("response-seven", 200),
    ]
    assert found[0][2] == {"state": "RUNNING"}
    assert found[6][2] == {"state": "PAUSED"}
    assert found[1][2]["error"]["status"] == "INVALID_ARGUMENT"


def test_a_thousand_calls_and_not_one_more(emulator: str, queue: str) -> None:
    call = part(f"POST /v2beta2/{queue}/tasks HTTP/1.1", body=json.dumps({"task": http_task()}))
    found = parts_of(send(emulator, [call] * 1000))
    assert len({answer["name"] for _, _, answer in found}) == 1000
    refused = send(emulator, [call] * 1001)
    assert (refused.status_code, refused.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    listed = requests.get(f"{emulator}/v2beta2/{queue}?readMask=stats", timeout=60).json()
    assert listed["stats"]["tasksCount"] == "1000"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/mixed", b"--x\r\n\r\nGET / HTTP/1.1\r\n\r\n--x--"),
        ("multipart/mixed; boundary=y", b"--x\r\n\r\nGET / HTTP/1.1\r\n\r\n--x--"),
        ("multipart/mixed; boundary=x", b""),
        ("multipart/mixed; boundary=x", b"\xff\x00--x"),
        ("multipart/mixed; boundary=\xe9", b""),
    ],
)
def test_what_is_no_batch(emulator: str, content_type: str, body: bytes) -> None:
    headers = {"Content-Type": content_type.encode("latin-1")}
    answer = requests.post(f"{emulator}/batch", data=body, headers=headers, timeout=60)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
