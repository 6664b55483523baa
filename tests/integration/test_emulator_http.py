"""The emulator's HTTP: error envelopes, system parameters, strict validation, and accepted callers."""

from __future__ import annotations

import base64
import json
import socket
import uuid
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LOCATION = "/v2beta2/projects/http/locations/us-central1"


@pytest.fixture
def queue(session: requests.Session, emulator: str) -> str:
    """URL of a new queue."""
    name = f"projects/http/locations/us-central1/queues/q-{uuid.uuid4().hex}"
    assert session.post(f"{emulator}{LOCATION}/queues", json={"name": name}).status_code == 200
    return f"{emulator}/v2beta2/{name}"


def error(answer: requests.Response) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/json; charset=UTF-8"
    return dict(answer.json()["error"])


def test_an_error_envelope(session: requests.Session, emulator: str) -> None:
    answer = session.get(f"{emulator}{LOCATION}/queues/none")
    assert answer.status_code == 404
    message = "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
    assert answer.json() == {"error": {"code": 404, "message": message, "status": "NOT_FOUND"}}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    legacy = error(session.get(f"{emulator}{LOCATION}/queues/none?$.xgafv=1"))
    assert list(legacy) == ["code", "message", "errors", "status"]
    assert legacy["errors"] == [{"message": message, "domain": "global", "reason": "notFound"}]


@pytest.mark.parametrize("sends", ["Content-Length: 2", "Transfer-Encoding: chunked"])
def test_a_client_may_wait_before_it_sends_its_body(queue: str, emulator: str, sends: str) -> None:
    path, where = queue.removeprefix(emulator), urlsplit(emulator)
    body = b"{}" if "Length" in sends else b"2\r\n{}\r\n0\r\n\r\n"
    head = f"POST {path}:pause HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n{sends}\r\n\r\n"
    with socket.create_connection((where.hostname, where.port), timeout=60) as connection:
        connection.sendall(head.encode())
        with connection.makefile("rb") as answers:
            assert (answers.readline(), answers.readline()) == (b"HTTP/1.1 100 Continue\r\n", b"\r\n")
            connection.sendall(body)
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Origin": "http://["}, 403),
        ({"Origin": b"http://\xff"}, 403),
        ({"Host": b"\xff"}, 403),
        ({"X-HTTP-Method-Override": b"\xff"}, 404),
    ],
)
def test_headers_that_cannot_be_read_are_refused_as_everything_else(
    session: requests.Session, emulator: str, headers: dict[str, str | bytes], code: int
) -> None:
    answer = session.post(f"{emulator}{LOCATION}/queues", data=b"{}", headers=headers)
    assert (answer.status_code, error(answer)["code"]) == (code, code)


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("/", 404, "NOT_FOUND"),
        ("/v2beta2/projects/p/unknown", 404, "NOT_FOUND"),
        ("/v2beta2/projects/p%0A/unknown", 404, "NOT_FOUND"),
        (f"{LOCATION}/queues?pageSize=-1", 400, "INVALID_ARGUMENT"),
        (f"{LOCATION}/queues?pageToken=garbage", 400, "INVALID_ARGUMENT"),
        (f"{LOCATION}/queues?pageToken=%C3%A9", 400, "INVALID_ARGUMENT"),
        (f"{LOCATION}/queues?readMask=colour", 400, "INVALID_ARGUMENT"),
        (f"{LOCATION}/queues?$.xgafv=3", 400, "INVALID_ARGUMENT"),
        (f"{LOCATION}/queues?alt=media", 400, "INVALID_ARGUMENT"),
        (f"{LOCATION}/queues/a.b", 400, "INVALID_ARGUMENT"),
        ("/v2beta2/projects/a%20b/locations/us-central1/queues", 400, "INVALID_ARGUMENT"),
    ],
)
def test_refused_requests(
    session: requests.Session, emulator: str, path: str, code: int, status: str
) -> None:
    answer = session.get(emulator + path)
    assert (answer.status_code, error(answer)["status"]) == (code, status)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{bad", "Invalid JSON payload received. Unexpected token."),
        ("[1]", 'Invalid JSON payload received. Unknown name "": Root element must be a message.'),
        ('{"x": 1}', 'Invalid JSON payload received. Unknown name "x": Cannot find field.'),
        (
            '{"task": {"httpRequest": {"y": 1}}}',
            "Invalid JSON payload received. Unknown name \"y\" at 'task.http_request': Cannot find field.",
        ),
        ('{"task": {"name": 5}}', "Invalid value at 'task.name' (TYPE_STRING), 5"),
    ],
)
def test_bodies_are_read_strictly(session: requests.Session, queue: str, body: str, message: str) -> None:
    answer = session.post(f"{queue}/tasks", data=body)
    assert answer.status_code == 400
    assert error(answer)["message"].startswith(message)
    if "Unexpected" not in message:
        (detail,) = error(answer)["details"]
        assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
        assert detail["fieldViolations"][0]["description"] == message


_BYTES = st.binary(max_size=30).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw))
_TARGETS = st.lists(
    _BYTES
    | st.sampled_from(
        ["/", "?", "&", "=", "queues", "tasks", ":run", "fields=", "pageToken=", "callback=", "%", "+"]
    ),
    max_size=12,
).map("".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target=_TARGETS, verb=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]), body=st.binary(max_size=50))
def test_any_bytes_are_answered(emulator: str, target: str, verb: str, body: bytes) -> None:
    connection = HTTPConnection(emulator.removeprefix("http://"), timeout=30)
    with closing(connection):
        connection.request(verb, f"{LOCATION}/{target}", body)
        answer = connection.getresponse()
        assert answer.status < 500
        assert b"Traceback" not in answer.read()


def test_both_name_styles_and_both_base64_alphabets(session: requests.Session, queue: str) -> None:
    payload = b"\xfb\xff\xfe>>"
    urlsafe = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    task = {
        "http_request": {"url": "https://example.com", "http_method": "PUT", "body": urlsafe},
        "schedule_time": None,
    }
    answer = session.post(f"{queue}/tasks", json={"task": task, "response_view": 2})
    assert answer.json()["httpRequest"]["body"] == base64.b64encode(payload).decode()
    assert answer.json()["httpRequest"]["httpMethod"] == "PUT"


@pytest.mark.parametrize("version", ["v2beta2", "v2beta3", "v2"])
def test_refusals_name_types_of_the_version_that_is_spoken(
    session: requests.Session, queue: str, version: str
) -> None:
    there = queue.replace("/v2beta2/", f"/{version}/")
    task = {"httpRequest": {"url": "https://example.com", "httpMethod": "BREW"}}
    for answer, field, kind in (
        (session.post(f"{there}/tasks", json={"task": task}), "task.http_request.http_method", "HttpMethod"),
        (session.get(f"{there}/tasks?responseView=ALL"), "response_view", "Task.View"),
        (session.post(f"{there}/tasks", json={"task": 5}), "task", "Task"),
    ):
        refused = error(answer)
        said = f"Invalid value at '{field}' (type.googleapis.com/google.cloud.tasks.{version}.{kind}), "
        assert refused["message"].startswith(said)
        (violation,) = refused["details"][0]["fieldViolations"]
        assert violation["field"] == field
        assert violation["description"] == refused["message"]


@pytest.mark.parametrize(("version", "field"), [("v2beta2", "relative_url"), ("v2", "relative_uri")])
def test_what_failed_in_a_batch_is_said_in_the_words_of_the_version(
    session: requests.Session, queue: str, version: str, field: str
) -> None:
    spelled = {"relative_url": "relativeUrl", "relative_uri": "relativeUri"}[field]
    requests = [{"task": {"appEngineHttpRequest": {spelled: "work"}}}]
    there = queue.replace("/v2beta2/", f"/{version}/")
    operation = session.post(f"{there}/tasks:batchCreate", json={"requests": requests}).json()
    (failed,) = operation["metadata"]["failedRequests"].values()
    assert failed["message"].startswith(f"AppEngineHttpRequest.{field} must begin with '/'")


def test_query_parameters(session: requests.Session, queue: str) -> None:
    accepted = (
        "?alt=json&key=k&quotaUser=u&fields=tasks&prettyPrint=false&access_token=t&upload_protocol=raw&$alt=json"
        ";enum-encoding=int&page_size=3&responseView=FULL"
    )
    assert session.get(f"{queue}/tasks{accepted}").status_code == 200
    refused = session.get(f"{queue}/tasks?colour=red&pageSize=many")
    assert refused.status_code == 400
    assert (
        "Unknown name \"colour\": Cannot bind query parameter. Field 'colour' could not be found in request message."
        in (error(refused)["message"])
    )
    assert "Invalid value at 'page_size' (TYPE_INT32), \"many\"" in error(refused)["message"]


def test_pretty_printing(session: requests.Session, queue: str) -> None:
    pretty, compact = session.get(queue).text, session.get(f"{queue}?prettyPrint=false").text
    assert pretty.startswith('{\n  "name": "')
    assert pretty.endswith("}\n")
    assert compact == json.dumps(json.loads(pretty), separators=(",", ":"))


def test_no_markup_leaves_unescaped(session: requests.Session, queue: str) -> None:
    task = {"httpRequest": {"url": "https://example.com/<script>\u2028"}}
    answer = session.post(f"{queue}/tasks", json={"task": task})
    assert "<" not in answer.text
    assert answer.json()["httpRequest"]["url"] == "https://example.com/<script>\u2028"


def test_a_long_query_may_travel_in_a_post(session: requests.Session, queue: str) -> None:
    session.post(f"{queue}/tasks", json={"task": {"httpRequest": {"url": "https://example.com"}}})
    answer = session.post(
        f"{queue}/tasks",
        data={"responseView": "FULL", "pageSize": "1"},
        headers={"X-HTTP-Method-Override": "GET"},
    )
    assert answer.json()["tasks"][0]["view"] == "FULL"


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:80", "[::1]:9", "LOCALHOST"])
def test_loopback_hosts_are_served(session: requests.Session, emulator: str, host: str) -> None:
    assert session.get(f"{emulator}{LOCATION}", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["example.com", "127.0.0.1.example.com", "localhost.example.com:80", "10.0.0.1"]
)
def test_other_hosts_are_refused(session: requests.Session, emulator: str, host: str) -> None:
    answer = session.get(f"{emulator}{LOCATION}", headers={"Host": host})
    assert (answer.status_code, error(answer)["status"]) == (403, "PERMISSION_DENIED")


def test_pages_of_other_origins_are_refused(session: requests.Session, emulator: str) -> None:
    assert session.get(f"{emulator}{LOCATION}", headers={"Origin": "https://example.com"}).status_code == 403
    other_port = {"Origin": "http://localhost:8888"}
    assert session.get(f"{emulator}{LOCATION}", headers=other_port).status_code == 403
    for path in (
        f"{LOCATION}/queues/q:purge",
        "/emulator/v1/clock:advance",
        "/emulator/v1/faults",
        "/batch",
        "/token",
    ):
        assert session.post(f"{emulator}{path}", headers=other_port).status_code == 403, path
    assert session.get(f"{emulator}{LOCATION}", headers={"Origin": emulator}).status_code == 200


def test_a_body_that_is_too_large(session: requests.Session, queue: str) -> None:
    answer = session.post(f"{queue}/tasks", data=b"x" * (33 * 1024 * 1024))
    assert (answer.status_code, error(answer)["status"]) == (413, "INVALID_ARGUMENT")


def test_tokens_belong_to_their_listing(session: requests.Session, queue: str) -> None:
    for _ in range(3):
        session.post(f"{queue}/tasks", json={"task": {"httpRequest": {"url": "https://example.com"}}})
    token = session.get(f"{queue}/tasks?pageSize=1").json()["nextPageToken"]
    assert len(session.get(f"{queue}/tasks", params={"pageToken": token, "pageSize": 5}).json()["tasks"]) == 2
    for other in ({"responseView": "FULL"}, {"orderBy": "schedule_time"}):
        assert session.get(f"{queue}/tasks", params={"pageToken": token, **other}).status_code == 400
    elsewhere = f"{queue.rpartition('/')[0]}/other-{uuid.uuid4().hex}"
    session.patch(elsewhere, json={})
    assert session.get(f"{elsewhere}/tasks", params={"pageToken": token}).status_code == 400
    assert session.get(f"{queue}/tasks", params={"pageToken": token[:-2] + "xx"}).status_code == 400
