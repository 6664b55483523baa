"""Operations over a real socket: waiting, failures, partial failures; batches and buffered tasks."""

from __future__ import annotations

import json
import re

import pytest

import cloudtasks_nb as ct
from tests.scripted import answer
from tests.unit.resources.test_leases import QUEUE, sent, worker

NAME = "projects/local/locations/us-central1/operations/op-1"
RUNNING = {"name": NAME, "metadata": {"state": "RUNNING", "startTime": "2026-07-31T12:00:00Z"}}
TASK = {"name": f"{QUEUE}/tasks/t1", "pullMessage": {}}


def finished(**more: object) -> bytes:
    return answer(200, {"name": NAME, "done": True, **more})


def test_an_operation_is_waited_for_and_its_tasks_have_verbs() -> None:
    done = finished(response={"tasks": [TASK]}, metadata={"state": "SUCCEEDED"})
    with worker(answer(200, RUNNING), answer(200, RUNNING), done, answer(200, TASK)) as (queue, server):
        operation = queue.batch_create([{"payload": b"1", "task_id": "t1"}, {"payload": b"2", "tag": "a"}])
        assert (operation.state, operation.done, repr(operation)) == (
            "RUNNING", False, f"<Operation {NAME} RUNNING>",
        )  # fmt: skip
        assert operation.wait(timeout=20) is operation
        [task] = operation.tasks
        assert task.refresh().name == TASK["name"]
        method, body = sent(server, 1)
    assert method == "tasks:batchCreate"
    assert re.fullmatch(r"[0-9a-f-]{36}", body["requestId"])
    assert [one["parent"] for one in body["requests"]] == [QUEUE, QUEUE]
    assert body["requests"][0]["task"]["name"] == TASK["name"]


def test_a_lost_answer_is_asked_for_again_under_the_same_request_id() -> None:
    cut = answer(200, RUNNING)[:-1]
    with worker(cut, finished()) as (queue, server):
        assert queue.batch_delete(["t1", f"{QUEUE}/tasks/t2"], request_id="mine").done
        assert sent(server, 1) == sent(server, 2)
        assert sent(server)[1] == {"names": [f"{QUEUE}/tasks/t1", f"{QUEUE}/tasks/t2"], "requestId": "mine"}


def test_what_failed_alone_is_told_and_what_failed_altogether_is_raised() -> None:
    failed = {"10": {"code": 6, "message": "taken"}, "2": {"code": 5, "message": "gone"}}
    partly = finished(metadata={"state": "PARTIALLY_SUCCEEDED", "failedRequests": failed})
    with worker(partly) as (queue, _):
        operation = queue.batch_delete(["t1"]).wait()
    assert [(index, status.message) for index, status in operation.failures.items()] == [
        (2, "gone"),
        (10, "taken"),
    ]
    assert "gone" in str(operation)
    assert "PARTIALLY_SUCCEEDED" in operation._repr_html_()
    error = {"code": 10, "message": "None of the requests succeeded"}
    with worker(finished(error=error, metadata={"failedRequests": failed})) as (queue, _):
        operation = queue.batch_delete(["t1"])
        with pytest.raises(ct.Aborted, match="None of the requests") as caught:
            operation.wait()
    assert operation.state == "FAILED"
    assert "operation.failures" in (caught.value.hint or "")
    assert caught.value.resource == NAME


def test_an_operation_that_is_not_done_in_time_goes_on() -> None:
    with worker(answer(200, RUNNING)) as (queue, _):
        operation = queue.batch_delete(["t1"])
        with pytest.raises(ct.Timeout, match="not done yet: RUNNING"):
            operation.wait(timeout=0.01)
        with pytest.raises(ct.InvalidArgument, match="not a duration"):
            operation.wait(timeout="soon")
        with pytest.raises(ct.InvalidArgument, match="negative"):
            operation.wait(timeout=-1)


def test_waiting_shows_a_line_that_counts(capsys: pytest.CaptureFixture[str]) -> None:
    with worker(answer(200, RUNNING), answer(200, RUNNING), finished()) as (queue, _):
        queue.batch_delete(["t1"]).wait(progress=True)
    assert "operation op-1: " in capsys.readouterr().err


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_of_the_wrong_size_is_refused_before_anything_is_sent(count: int) -> None:
    with worker() as (queue, server):
        with pytest.raises(ct.InvalidArgument, match=f"takes 1 to 100 tasks, not {count}"):
            queue.batch_create([{"payload": b""}] * count)
        with pytest.raises(ct.ConfigError, match=r"Task 0: .*did you mean 'payload'"):
            queue.batch_create([{"paylod": b""}])
        assert len(server.requests) == 1


def test_what_a_batch_takes_is_many_tasks_or_one_to_delete() -> None:
    done = answer(200, {"name": "projects/local/locations/us-central1/operations/op-1", "done": True})
    with worker(done) as (queue, server):
        queue.batch_create(["hello", {"payload": {"a": 1}}])
        assert [made["task"]["pullMessage"]["payload"] for made in sent(server)[1]["requests"]] == [
            "aGVsbG8=",
            "eyJhIjoxfQ==",
        ]
        queue.batch_delete("t1")
        assert sent(server)[1]["names"] == [f"{queue.name}/tasks/t1"]
        for one in ("hello", b"hello", {"payload": b"hello"}):
            with pytest.raises(ct.ConfigError, match="many tasks"):
                queue.batch_create(one)


def test_a_buffered_task_is_its_body_and_nothing_else() -> None:
    with worker(answer(200, {"task": TASK})) as (queue, server):
        assert queue.buffer({"a": 1}).name == TASK["name"]
        path, body = sent(server)
    assert path == "tasks:buffer"
    assert body == {"body": {"contentType": "application/json", "data": "eyJhIjoxfQ=="}}
    cut = answer(200, {"task": TASK})[:-1]
    conflict = answer(409, {"error": {"code": 409, "status": "ALREADY_EXISTS", "message": "exists"}})
    with worker(cut, conflict, answer(200, TASK)) as (queue, server):
        assert queue.buffer("hello", task_id="t1").name == TASK["name"]
        assert sent(server, 1) == ("t1:buffer", {"body": {"data": "aGVsbG8="}})


def test_a_location_tells_and_changes_its_key() -> None:
    location = {"name": "projects/local/locations/us-central1", "locationId": "us-central1"}
    key = {"name": f"{location['name']}/cmekConfig", "kmsKey": "k"}
    from tests.scripted import scripted

    with (
        scripted(answer(200, location), answer(200, key), answer(200, key | {"kmsKey": ""})) as server,
        ct.connect(endpoint=server.url) as client,
    ):
        place = client.location("us-central1")
        assert place.cmek().kms_key == "k"
        assert place.update_cmek("").kms_key == ""
        head, _, body = server.requests[-1].partition("\r\n\r\n")
    assert head.startswith(
        "PATCH /v2beta3/projects/local/locations/us-central1/cmekConfig?updateMask=kmsKey&"
    )
    assert json.loads(body) == {"name": key["name"]}


@pytest.mark.parametrize("as_file", [True, False])
def test_a_queue_yaml_is_uploaded_as_text_or_file(tmp_path, as_file: bool) -> None:  # type: ignore[no-untyped-def]
    text = "queue:\n- name: mail\n  rate: 5/s\n"
    (tmp_path / "queue.yaml").write_text(text)
    from tests.scripted import scripted

    with scripted(answer(200, {})) as server, ct.connect(endpoint=server.url) as client:
        done = client.upload_queue_yaml(tmp_path / "queue.yaml" if as_file else text)
        head, _, body = server.requests[0].partition("\r\n\r\n")
        assert (done.project, done.location, done.queues) == ("local", "", None)
        assert "the API does not say" in str(done)
        with pytest.raises(ct.ConfigError, match="cannot be read"):
            client.upload_queue_yaml(str(tmp_path / "none.yaml"))
    assert head.startswith("POST /api/queue/update?appId=local&")
    import base64

    assert base64.b64decode(json.loads(body)["data"]).decode() == text
