"""Batches: each item succeeds or fails alone, and a repeated call has no second effect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cloudtasks_nb.errors import InvalidArgument, NotFound
from cloudtasks_nb.model import HttpRequest, PullTarget, Task
from cloudtasks_nb.model.messages import BatchCreateTasksRequest, BatchDeleteTasksRequest, CreateTaskRequest
from tests.unit.emulator.conftest import PARENT, QUEUE, Emulator

TYPES = "type.googleapis.com/google.cloud.tasks.v2beta2."


def new(id: str = "", **rest: Any) -> CreateTaskRequest:
    name = f"{QUEUE}/tasks/{id}" if id else ""
    return CreateTaskRequest(
        task=Task(name=name, http_request=HttpRequest(url="https://example.com")), **rest
    )


def create(emulator: Emulator, *requests: CreateTaskRequest, id: str = "") -> dict[str, Any]:
    body = BatchCreateTasksRequest(requests=list(requests), request_id=id)
    return emulator("queues.tasks.batchCreate", parent=QUEUE, body=body)


def delete(emulator: Emulator, *ids: str, id: str = "") -> dict[str, Any]:
    body = BatchDeleteTasksRequest(names=[f"{QUEUE}/tasks/{task}" for task in ids], request_id=id)
    return emulator("queues.tasks.batchDelete", parent=QUEUE, body=body)


def test_all_are_created(emulator: Emulator) -> None:
    emulator.queue()
    operation = create(emulator, new("a"), new("b", response_view="FULL", parent=QUEUE), new())
    assert operation["done"] is True
    assert operation["metadata"] == {
        "@type": f"{TYPES}BatchCreateTasksMetadata",
        "startTime": "2026-03-01T12:00:00.250Z",
        "endTime": "2026-03-01T12:00:00.250Z",
        "state": "SUCCEEDED",
    }
    tasks = operation["response"].pop("tasks")
    assert operation["response"] == {"@type": f"{TYPES}BatchCreateTasksResponse"}
    assert [task["view"] for task in tasks] == ["BASIC", "FULL", "BASIC"]
    assert [task["name"].rpartition("/")[2] for task in tasks][:2] == ["a", "b"]
    assert tasks[0] == emulator("queues.tasks.get", name=f"{QUEUE}/tasks/a")
    assert len(emulator.names()) == 3


def test_an_item_fails_alone(emulator: Emulator) -> None:
    emulator.queue()
    create(emulator, new("a"))
    operation = create(emulator, new("a"), new("b"), CreateTaskRequest(), new("x.y"), new("b"))
    assert operation["metadata"]["state"] == "PARTIALLY_SUCCEEDED"
    failed = operation["metadata"]["failedRequests"]
    assert {at: (status["code"], status["message"][:9]) for at, status in failed.items()} == {
        "0": (6, "Requested"),
        "2": (3, "Task is r"),
        "3": (3, 'Task ID "'),
        "4": (6, "Requested"),
    }
    assert [task["name"] for task in operation["response"]["tasks"]] == [f"{QUEUE}/tasks/b"]
    assert emulator.names() == ["a", "b"]


def test_deletes_fail_alone_too(emulator: Emulator) -> None:
    emulator.queue()
    create(emulator, new("a"), new("b"))
    operation = delete(emulator, "a", "none", "b", "a")
    assert operation["metadata"]["@type"] == f"{TYPES}BatchDeleteTasksMetadata"
    assert operation["metadata"]["state"] == "PARTIALLY_SUCCEEDED"
    assert operation["metadata"]["failedRequests"] == {
        at: {"code": 5, "message": "Requested entity was not found."} for at in ("1", "3")
    }
    assert operation["response"] == {"@type": "type.googleapis.com/google.protobuf.Empty"}
    assert emulator.names() == []


@pytest.mark.parametrize("call", ["Create", "Delete"])
def test_none_succeeds(emulator: Emulator, call: str) -> None:
    emulator.queue()
    operation = create(emulator, CreateTaskRequest()) if call == "Create" else delete(emulator, "none")
    assert "response" not in operation
    assert operation["error"] == {
        "code": 10,
        "message": f"None of the requests succeeded, refer to Batch{call}TasksMetadata.failed_requests "
        "for individual error details",
    }
    assert list(operation["metadata"]["failedRequests"]) == ["0"]


def test_an_operation_can_be_read_for_a_day(emulator: Emulator) -> None:
    emulator.queue()
    operation = create(emulator, new("a"))
    assert operation["name"].startswith(f"{PARENT}/operations/")
    assert emulator("operations.get", name=operation["name"]) == operation
    emulator.clock.advance(timedelta(hours=23))
    create(emulator, new("b"))
    assert emulator("operations.get", name=operation["name"]) == operation
    emulator.clock.advance(timedelta(hours=1))
    with pytest.raises(NotFound, match="Requested entity was not found"):
        emulator("operations.get", name=operation["name"])


def test_a_repeat_gets_the_first_answer(emulator: Emulator) -> None:
    emulator.queue()
    first = create(emulator, new(), new(), id="retry-1")
    assert first["name"] == f"{PARENT}/operations/retry-1"
    emulator.clock.advance(timedelta(minutes=1))
    assert create(emulator, new(), new(), id="retry-1") == first
    assert len(emulator.names()) == 2
    deleted = delete(emulator, *emulator.names(), id="retry-2")
    assert deleted["metadata"]["state"] == "SUCCEEDED"


def test_a_request_id_belongs_to_one_call(emulator: Emulator) -> None:
    emulator.queue()
    create(emulator, new("a"), id="once")
    for other in (lambda: create(emulator, new("b"), id="once"), lambda: delete(emulator, "a", id="once")):
        with pytest.raises(InvalidArgument, match="'once' was already used for another call"):
            other()
    assert emulator.names() == ["a"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (BatchCreateTasksRequest(), "between 1 and 100 items, not 0"),
        (BatchCreateTasksRequest(requests=[new()] * 101), "between 1 and 100 items, not 101"),
        (
            BatchCreateTasksRequest(requests=[new(), new(parent=f"{PARENT}/queues/other")]),
            r"requests\[1\].parent",
        ),
        (BatchCreateTasksRequest(requests=[new()], request_id="a/b"), "request_id can contain only"),
        (BatchDeleteTasksRequest(), "between 1 and 1000 items, not 0"),
        (BatchDeleteTasksRequest(names=[f"{QUEUE}/tasks/a"] * 1001), "between 1 and 1000 items, not 1001"),
        (BatchDeleteTasksRequest(names=[f"{PARENT}/queues/other/tasks/a"]), f"must begin with {QUEUE}"),
    ],
)
def test_batches_that_are_refused_as_a_whole(emulator: Emulator, body: Any, message: str) -> None:
    emulator.queue()
    method = "batchCreate" if isinstance(body, BatchCreateTasksRequest) else "batchDelete"
    with pytest.raises(InvalidArgument, match=message):
        emulator(f"queues.tasks.{method}", parent=QUEUE, body=body)
    assert emulator.names() == []


def test_a_missing_queue_leaves_no_operation(emulator: Emulator) -> None:
    with pytest.raises(NotFound, match="Queue does not exist"):
        create(emulator, new(), id="early")
    emulator.queue()
    assert create(emulator, new(), id="early")["metadata"]["state"] == "SUCCEEDED"


def test_a_wrong_kind_fails_each(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    assert create(emulator, new())["metadata"]["failedRequests"]["0"]["code"] == 3
