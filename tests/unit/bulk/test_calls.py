"""Bulk calls against unusual responses: errors in the middle, lost responses, slow operations."""

from __future__ import annotations

import json
from typing import Any

import pytest

import cloudtasks_nb as ct
from tests.scripted import Scripted, answer, nobody, refusal, scripted

QUEUE = "projects/local/locations/us-central1/queues/q"
OTHER = "projects/local/locations/us-central1/queues/other"
URL = "https://example.com/h"
LOST = b""  # the connection is cut without a response


def batch(failed: dict[int, tuple[int, str]] | None = None, *, done: bool = True) -> bytes:
    statuses = {str(at): {"code": code, "message": words} for at, (code, words) in (failed or {}).items()}
    metadata: dict[str, Any] = {"failedRequests": statuses} if statuses else {}
    name = "projects/local/locations/us-central1/operations/1"
    return answer(200, {"name": name, "done": done, "metadata": metadata})


def queue_at(server: Scripted, **options: Any) -> ct.Queue:
    client = ct.connect(endpoint=server.url, **options)
    return ct.Queue(name=QUEUE).bind(client._session)


def sent(server: Scripted, at: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(server.requests[at].partition("\r\n\r\n")[2])
    return found


def create(server: Scripted, count: int, **options: Any) -> ct.BulkResult:
    made = ({"payload": b"x", "task_id": f"t-{n}"} for n in range(count))
    return queue_at(server).create_tasks(made, url=URL, concurrency=1, progress=False, **options)


def test_what_failed_for_a_moment_is_tried_again_alone() -> None:
    with scripted(batch({1: (14, "later"), 2: (3, "never")}), batch()) as server:
        result = create(server, 4)
        assert [request["task"]["name"][-3:] for request in sent(server, 1)["requests"]] == ["t-1"]
    table = result.to_dataframe()
    assert table.ok.tolist() == [True, True, False, True]
    assert table.attempts.tolist() == [1, 2, 1, 1]
    assert table.code.tolist()[2] == 3
    assert table.message.tolist()[2] == "never"
    assert result.repeated == 1


def test_a_name_that_exists_after_a_lost_answer_was_created_by_it() -> None:
    with scripted(LOST, batch({0: (6, "exists"), 1: (6, "exists")})) as server:
        result = create(server, 2)
    assert result.ok
    assert result.to_dataframe().attempts.tolist() == [2, 2]


def test_a_name_that_exists_at_once_is_somebody_elses() -> None:
    with scripted(batch({0: (6, "exists")})) as server:
        result = create(server, 2)
    assert result.to_dataframe().code.tolist()[0] == 6


def test_what_failed_without_an_answer_can_be_tried_again_later() -> None:
    with scripted(LOST) as server:
        queue = queue_at(server, retry=ct.Retry(max_tries=2))
        result = queue.create_tasks(["a"], url=URL, progress=False)
    assert result.to_dataframe().code.tolist() == [14]
    (item,) = result.failed
    with scripted(batch({0: (6, "exists")})) as server:
        again = queue_at(server).create_tasks(result.failed, progress=False)
        assert sent(server, 0)["requests"][0]["task"]["name"] == item.name
    assert again.ok


@pytest.mark.parametrize("refused", [(503, "UNAVAILABLE"), (429, "RESOURCE_EXHAUSTED")])
def test_no_try_comes_earlier_than_the_service_asked(refused: tuple[int, str]) -> None:
    with scripted(refusal(*refused, "later", Retry_After="0.4"), batch()) as server:
        assert create(server, 2).elapsed_s >= 0.4


def test_a_used_up_quota_slows_down_and_goes_on() -> None:
    exhausted = refusal(429, "RESOURCE_EXHAUSTED", "quota")
    with scripted(exhausted, batch(), exhausted, batch()) as server:
        result = create(server, 150)
    assert result.ok
    assert len(result) == 150
    assert set(result.to_dataframe().attempts) == {2}


def test_operations_are_followed_to_their_end() -> None:
    with scripted(batch(done=False), batch(done=False), batch({1: (5, "gone")})) as server:
        result = create(server, 2)
        assert [line.split(" ")[0] for line in server.requests] == ["POST", "GET", "GET"]
    assert result.to_dataframe().code.isna().tolist() == [True, False]


def test_an_operation_that_failed_as_a_whole_fails_every_item() -> None:
    body = {
        "name": "projects/p/locations/l/operations/1",
        "done": True,
        "error": {"code": 13, "message": "broken"},
    }
    with scripted(answer(200, body)) as server:
        result = create(server, 3)
    assert result.to_dataframe().message.tolist() == ["broken"] * 3


@pytest.mark.parametrize("status", [(404, "NOT_FOUND"), (501, "UNIMPLEMENTED")])
def test_where_there_are_no_batches_tasks_go_one_by_one(status: tuple[int, str]) -> None:
    with scripted(refusal(*status), refusal(*status), answer(200, {"name": f"{QUEUE}/tasks/x"})) as server:
        result = create(server, 150)
        paths = [request.split(" ")[1].partition("?")[0] for request in server.requests]
    assert result.ok
    assert [path.rpartition("/")[2] for path in paths] == ["tasks:batchCreate", "batch"] + ["tasks"] * 150


def test_a_missing_permission_ends_all_of_it_and_tells_what_was_done() -> None:
    denied = refusal(403, "PERMISSION_DENIED", "you may not")
    with scripted(batch(), denied) as server, pytest.raises(ct.PermissionDenied) as caught:
        create(server, 1000)
    result = caught.value.result
    assert result.done == 100
    assert result.stopped_by == "PermissionDenied"
    assert result.not_tried_count is None
    left = list(result.not_tried)
    assert result.done + result.failed_count + len(left) == 1000
    assert len(server.requests) <= 4
    assert "100 created" in caught.value.__notes__[0]


def test_an_endpoint_where_nobody_is_is_said_at_once() -> None:
    with nobody() as endpoint, ct.connect(endpoint=endpoint) as client:
        queue = ct.Queue(name=QUEUE).bind(client._session)
        with pytest.raises(ct.TransportError) as caught:
            queue.create_tasks(["a"] * 500, url=URL, progress=False)
    assert not caught.value.reached
    assert caught.value.result.done == 0
    assert all(not item.uncertain for item in caught.value.result.failed)


def test_a_run_whose_answer_is_lost_is_not_repeated() -> None:
    with scripted(LOST) as server:
        result = queue_at(server).run_tasks(["a", "b"], concurrency=1, progress=False)
        assert len(server.requests) == 1
    assert result.to_dataframe().attempts.tolist() == [1, 1]
    assert result.failed_count == 2


def test_a_task_copied_but_not_deleted_is_not_called_moved() -> None:
    whole = {"name": f"{QUEUE}/tasks/a", "view": "FULL", "httpRequest": {"url": URL}}
    with scripted(answer(200, whole), batch(), batch({0: (9, "broken")})) as server:
        result = queue_at(server).move_tasks(["a"], to="other", progress=False)
    assert result.to_dataframe().message.tolist() == ["broken"]
    there = answer(200, {**whole, "name": f"{OTHER}/tasks/a"})
    with scripted(batch({0: (6, "exists")}), there, batch()) as server:
        assert queue_at(server).move_tasks(result.failed, to="other", progress=False).ok
    with scripted(batch({0: (6, "exists")}), there, batch({0: (5, "gone")})) as server:
        again = queue_at(server).move_tasks(result.failed, to="other", progress=False)
    assert again.to_dataframe().code.tolist() == [5], "somebody else may have sent it meanwhile"


@pytest.mark.parametrize(
    "found",
    [
        answer(200, {"name": "a", "view": "FULL", "httpRequest": {"url": URL, "body": "eA=="}}),
        answer(
            200,
            {
                "name": "a",
                "view": "FULL",
                "httpRequest": {"url": URL},
                "scheduleTime": "2099-01-01T00:00:00Z",
            },
        ),
        answer(
            200,
            {
                "name": "a",
                "view": "FULL",
                "httpRequest": {"url": URL, "oidcToken": {"serviceAccountEmail": "a@b.c"}},
            },
        ),
        answer(
            200, {"name": "a", "view": "FULL", "httpRequest": {"url": URL}, "retryConfig": {"maxAttempts": 3}}
        ),
        refusal(404, "NOT_FOUND", "gone"),
    ],
    ids=["another body", "another time", "another token", "other retries", "gone"],
)
def test_a_task_is_not_deleted_for_one_that_is_no_copy_of_it(found: bytes) -> None:
    """A lost response and ALREADY_EXISTS do not prove that the copy exists."""
    whole = {"name": f"{QUEUE}/tasks/a", "view": "FULL", "httpRequest": {"url": URL}}
    with scripted(answer(200, whole), LOST, batch({0: (6, "exists")}), found) as server:
        result = queue_at(server).move_tasks(["a"], to="other", progress=False)
        assert [request.split(" ")[0] for request in server.requests] == ["GET", "POST", "POST", "GET"]
    assert result.to_dataframe().code.tolist() == [6]


def test_what_an_operation_did_that_may_not_be_looked_at_is_uncertain() -> None:
    denied = refusal(403, "PERMISSION_DENIED", "operations.get")
    with scripted(batch(done=False), denied) as server, pytest.raises(ct.PermissionDenied) as caught:
        create(server, 2)
    with scripted(batch({0: (6, "exists")})) as server:
        assert queue_at(server).create_tasks(caught.value.result.failed, progress=False).ok


def part(number: int, status: int, body: bytes, headers: str = "") -> bytes:
    head = f"--sep\r\nContent-ID: <response-x + {number}>\r\n\r\nHTTP/1.1 {status} X\r\n{headers}\r\n"
    return head.encode() + body + b"\r\n"


def parts(*given: bytes) -> bytes:
    return answer(200, b"".join(given) + b"--sep--\r\n", content_type="multipart/mixed; boundary=sep")


JSON = "Content-Type: application/json\r\n"
HTML = "Content-Type: text/html\r\n"
DENIED = b'{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}}'
ODD_PARTS = {
    "a page": (part(1, 200, b"<html>", HTML), "not with the API's JSON"),
    "a page of a 404": (part(1, 404, b"<html>", HTML), "not with the API's JSON"),
    "half of an object": (part(1, 200, b'{"a":', JSON), "is not a"),
    "an account that is not allowed": (part(1, 403, DENIED, JSON), "no"),
}


@pytest.mark.parametrize("case", ODD_PARTS)
def test_an_odd_part_of_a_batch_fails_alone(case: str) -> None:
    odd, words = ODD_PARTS[case]
    names = [f"{QUEUE}/tasks/{n}" for n in range(3)]
    answers = parts(part(0, 200, b"{}", JSON), odd, part(2, 200, b"{}", JSON))
    with scripted(refusal(404, "NOT_FOUND", "Method not found."), answers) as server:  # no batchDelete
        result = queue_at(server, api_version="v2beta2").delete_tasks(names, progress=False)
    assert [item.name for item in result.failed] == names[1:2]
    assert words in result.failed[0].error.message


def test_a_batch_of_odd_parts_ends_the_call() -> None:
    page = parts(*(part(n, 200, b"<html>", HTML) for n in range(3)))
    with scripted(refusal(404, "NOT_FOUND", "Method not found."), page) as server:
        queue = queue_at(server, api_version="v2beta2")
        with pytest.raises(ct.DecodeError):
            queue.delete_tasks([f"{QUEUE}/tasks/{n}" for n in range(3)], progress=False)


def test_a_part_without_headers_is_read() -> None:
    inner = b"--sep\r\nContent-ID: <response-x + %d>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n"
    with scripted(refusal(404, "NOT_FOUND", "Method not found."), parts(inner % 1, inner % 0)) as server:
        queue = queue_at(server, api_version="v2beta2")
        assert queue.delete_tasks([f"{QUEUE}/tasks/{n}" for n in range(2)], progress=False).ok
