"""Calls over a real socket: success, errors, broken connections, and safe endpoints."""

from __future__ import annotations

import gzip
import json
import os
from contextlib import closing
from typing import Any

import pytest

from cloudtasks_nb import errors
from cloudtasks_nb.model import Queue
from cloudtasks_nb.model.messages import CreateTaskRequest
from cloudtasks_nb.model.operation import Operation
from cloudtasks_nb.model.task import Task
from cloudtasks_nb.names import parse_queue
from cloudtasks_nb.rest import deadline
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.retry import Retry
from cloudtasks_nb.rest.session import Session
from tests.scripted import answer, nobody, refusal, scripted
from tests.waiting import passing

from .conftest import CUT_WHOLE, EAGER, QUEUE, Dripping, get_queue, session


def test_an_answer_becomes_a_message() -> None:
    with scripted(answer(200, {"name": QUEUE, "state": "PAUSED", "newField": 1})) as server:
        assert get_queue(server, api_version="auto").state == "PAUSED"
    assert server.requests[0].startswith(f"GET /v2beta3/{QUEUE}?prettyPrint=false HTTP/1.1")


def test_the_user_agent_asks_for_compression_and_compressed_answers_are_read() -> None:
    body = gzip.compress(json.dumps({"name": QUEUE, "state": "RUNNING"}).encode())
    with scripted(answer(200, body, Content_Encoding="gzip")) as server:
        assert get_queue(server).state == "RUNNING"
    assert "gzip" in next(line for line in server.requests[0].splitlines() if line.startswith("User-Agent"))


@pytest.mark.parametrize("kind", errors.API_ERRORS)
def test_every_code_has_its_class(kind: type[errors.ApiError]) -> None:
    with (
        scripted(refusal(kind.http_status, kind.rpc_status, "the words")) as server,
        pytest.raises(kind) as caught,
    ):
        get_queue(server, retry=Retry(max_tries=1))
    error = caught.value
    assert (error.code, error.status, error.message) == (kind.http_status, kind.rpc_status, "the words")
    assert (error.method, error.resource) == ("projects.locations.queues.get", QUEUE)
    assert QUEUE in str(error)
    assert "the words" in str(error)


def test_a_missing_permission_is_named_with_a_role_that_holds_it() -> None:
    words = (
        'The principal (user or service account) lacks IAM permission "cloudtasks.tasks.create" for the resource '
        '"projects/p" (or the resource may not exist).'
    )
    with (
        scripted(refusal(403, "PERMISSION_DENIED", words)) as server,
        pytest.raises(errors.PermissionDenied) as caught,
    ):
        get_queue(server)
    assert "cloudtasks.tasks.create" in (caught.value.hint or "")
    assert "roles/cloudtasks.enqueuer" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [200, 302, 404])
def test_a_page_of_another_server_is_named_as_such(status: int) -> None:
    page = answer(status, b"<html><title>Sign in</title></html>", content_type="text/html")
    with (
        scripted(page) as server,
        pytest.raises(errors.DecodeError, match=f"HTTP {status} with text/html") as caught,
    ):
        get_queue(server)
    assert "endpoint" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ({"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}, "PermissionDenied", "no"),
        (b'{\n  "error": {"status": "NOT_FOUND", "message": "gone"}}', "NotFound", "gone"),
        ({"error": {"code": 409}}, "Aborted", "ABORTED"),
        ({"error": "invalid_request"}, "DecodeError", "HTTP 200 with application/json"),
    ],
)
def test_an_error_is_one_even_if_its_http_status_is_200(body: Any, error: str, words: str) -> None:
    with (
        scripted(answer(200, body)) as server,
        pytest.raises(getattr(errors, error), match=words) as caught,
    ):
        get_queue(server, retry=Retry(max_tries=1))
    assert getattr(caught.value, "code", 300) >= 300


def test_an_operation_that_failed_is_an_answer() -> None:
    name = f"{QUEUE.rpartition('/queues')[0]}/operations/1"
    failed = answer(200, {"error": {"code": 10, "message": "None of them."}, "done": True, "name": name})
    with scripted(failed) as server:
        client = session(server)
        operation = client.call("projects.locations.operations.get", Operation, path={"name": name})
        client.close()
    assert operation.done


@pytest.mark.parametrize(
    "parts",
    [{"details": None}, {"details": {"a": 1}}, {"details": ["a"]}, {"code": "400"}, {"code": None}],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_keeps_its_meaning_when_parts_of_it_are_odd(parts: dict[str, Any], stream: bool) -> None:
    said = {"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": "paused", **parts}}
    with (
        scripted(answer(400, [said] if stream else said)) as server,
        pytest.raises(errors.FailedPrecondition, match="paused") as caught,
    ):
        get_queue(server)
    assert (caught.value.code, caught.value.details) == (400, [])


def test_a_redirect_to_nowhere_is_a_response_without_json() -> None:
    with (
        scripted(answer(308, b"", Location="http://[::1")) as server,
        pytest.raises(errors.DecodeError, match="HTTP 308"),
    ):
        get_queue(server, retry=Retry(max_tries=1))


def test_the_case_of_a_content_type_does_not_matter() -> None:
    with scripted(answer(200, {"name": QUEUE, "state": "PAUSED"}, content_type="Application/JSON")) as server:
        assert get_queue(server).state == "PAUSED"


def test_json_of_the_wrong_shape_is_a_decode_error() -> None:
    with (
        scripted(answer(200, {"state": ["not", "text"]})) as server,
        pytest.raises(errors.DecodeError, match="Queue"),
    ):
        get_queue(server)


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_refusal_that_a_proxy_words_is_what_its_status_says(status: int) -> None:
    page = answer(status, b"<html>not now</html>", content_type="text/html")
    with scripted(page) as server, pytest.raises(errors.error_class(status)) as caught:
        get_queue(server, retry=Retry(max_tries=1))
    assert caught.value.code == status
    assert "not now" in caught.value.message


def test_a_refusal_without_words_says_its_status() -> None:
    silent = refusal(400, "FAILED_PRECONDITION", "")
    with scripted(silent) as server, pytest.raises(errors.FailedPrecondition) as caught:
        get_queue(server)
    assert caught.value.message == "FAILED_PRECONDITION"


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (CUT_WHOLE, errors.TransportError),
        (answer(200, {"name": 5}), errors.DecodeError),
        (
            b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>",
            errors.DecodeError,
        ),
    ],
)
def test_whatever_befalls_a_call_says_which_one_it_was(
    broken: bytes, kind: type[errors.CloudTasksError]
) -> None:
    with scripted(broken) as server, pytest.raises(kind) as caught:
        get_queue(server, retry=Retry(max_tries=1))
    assert (caught.value.method, caught.value.resource) == ("projects.locations.queues.get", QUEUE)
    assert f"request: projects.locations.queues.get of {QUEUE}" in str(caught.value)
    assert QUEUE in caught.value._repr_html_()


def test_what_is_refused_before_any_call_claims_no_answer() -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        parse_queue("a/b/c")
    assert "response:" not in str(caught.value)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize(("head", "drop"), [(HEAD + b"\r\n{", b" "), (HEAD, b"X-More: y\r\n"), (b"", b"H")])
def test_a_server_that_drips_cannot_hold_a_call_past_its_deadline(
    head: bytes, drop: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = passing(monkeypatch, deadline)
    with (
        closing(Dripping(head=head, drop=drop, passed=passed)) as server,
        pytest.raises(errors.Timeout, match="did not respond completely within 20 s"),
    ):
        get_queue(server, timeout_s=20, retry=Retry(max_tries=1))


def test_an_endpoint_that_is_not_there_is_said_at_once() -> None:
    with nobody() as endpoint:
        client = Session(endpoint, Auth(), retry=EAGER)
        with pytest.raises(errors.TransportError, match="was not reached: Connection refused") as caught:
            client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})
        client.close()
    assert not caught.value.reached
    assert "ct.local()" in (caught.value.hint or "")


@pytest.mark.parametrize("endpoint", ["localhost:8123", "ftp://x", "http://", "https://user:pw@host"])
def test_an_endpoint_that_is_no_url_is_refused(endpoint: str) -> None:
    with pytest.raises(errors.ConfigError):
        Session(endpoint, Auth())


def test_a_closed_session_says_so() -> None:
    client = Session("http://localhost:1", Auth())
    client.close()
    with pytest.raises(errors.ConfigError, match="closed"):
        client.call("projects.locations.queues.get", Queue, path={"name": QUEUE})


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://[::1",
        "http://localhost:99999",
        "http://localhost:x",
        "http://a b",
        "https://h?key=1",
        "https://h#x",
    ],
)
def test_an_endpoint_that_would_bend_the_path_is_refused(endpoint: str) -> None:
    with pytest.raises(errors.ConfigError, match="endpoint"):
        Session(endpoint, Auth())


def test_a_password_in_an_unreadable_endpoint_is_not_repeated() -> None:
    with pytest.raises(errors.ConfigError) as caught:
        Session("me:hunter2@host", Auth())
    assert "hunter2" not in str(caught.value)


def test_a_value_that_no_request_can_hold_is_an_invalid_argument() -> None:
    client = Session("http://localhost:1", Auth())
    listing = "projects.locations.queues.tasks.list"
    with pytest.raises(errors.InvalidArgument, match="cannot be written"):
        client.fetch(listing, path={"parent": QUEUE}, query={"orderBy": "\ud800"})
    with pytest.raises(errors.InvalidArgument, match="cannot be written"):
        client.fetch(
            "projects.locations.queues.tasks.create",
            path={"parent": QUEUE},
            body=CreateTaskRequest(task=Task(name=object())),  # type: ignore[arg-type]
        )
    client.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_connections_of_its_own() -> None:
    client = Session("http://localhost:1", Auth())
    inherited = client.connections()
    child = os.fork()
    if child == 0:
        os._exit(0 if client.connections() is not inherited else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert client.connections() is inherited
    client.close()
