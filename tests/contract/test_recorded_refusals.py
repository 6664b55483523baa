"""Refusals of the real service over gRPC: codes, words and details, as recordings of v2 were published.

Source: aertje/cloud-tasks-emulator, test/conformance/golden/errors.json, August 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud import tasks_v2

Client = tasks_v2.CloudTasksClient

QUEUE_MISSING = (
    "Queue does not exist. If you just created the queue, wait at least a minute for the queue to initialize."
)
NOT_FOUND = "Requested entity was not found."
GONE = (
    "The task no longer exists, though a task with this name existed recently. "
    "The task either successfully completed or was deleted."
)
Call = Callable[[Client, str], Any]


def task(**request: Any) -> dict[str, Any]:
    return {"http_request": {"url": "https://example.com", **request}}


def new_queue(**settings: Any) -> Call:
    def call(client: Client, queue: str) -> Any:
        parent = queue.rpartition("/queues/")[0]
        return client.create_queue(parent=parent, queue={"name": f"{queue}-new", **settings})

    return call


def new_task(name: str = "", **request: Any) -> Call:
    def call(client: Client, queue: str) -> Any:
        return client.create_task(
            parent=queue, task={**task(**request), **({"name": f"{queue}/tasks/{name}"} if name else {})}
        )

    return call


def again(first: Call) -> Call:
    def call(client: Client, queue: str) -> Any:
        first(client, queue)
        return first(client, queue)

    return call


def gone(client: Client, queue: str) -> Any:
    client.delete_task(name=new_task("gone")(client, queue).name)
    return client.get_task(name=f"{queue}/tasks/gone")


def deleted(verb: str) -> Call:
    def call(client: Client, queue: str) -> Any:
        client.delete_queue(name=queue)
        return getattr(client, verb)(name=queue)

    return call


def recreated(client: Client, queue: str) -> Any:
    client.delete_queue(name=queue)
    return client.create_queue(parent=queue.rpartition("/queues/")[0], queue={"name": queue})


RECORDED: list[tuple[str, Call, str, str]] = [
    ("queue exists", again(new_queue()), "ALREADY_EXISTS", "Queue already exists"),
    ("queue deleted lately", recreated, "FAILED_PRECONDITION",
     "The queue cannot be created because a queue with this name existed too recently."),
    ("rate below 0", new_queue(rate_limits={"max_dispatches_per_second": -1}), "INVALID_ARGUMENT", ""),
    ("rate above 500", new_queue(rate_limits={"max_dispatches_per_second": 501}), "INVALID_ARGUMENT", ""),
    ("concurrency below 0", new_queue(rate_limits={"max_concurrent_dispatches": -1}), "INVALID_ARGUMENT", ""),
    ("concurrency above 5000", new_queue(rate_limits={"max_concurrent_dispatches": 5001}), "INVALID_ARGUMENT", ""),
    ("attempts below -1", new_queue(retry_config={"max_attempts": -2}), "INVALID_ARGUMENT", ""),
    ("doublings below 0", new_queue(retry_config={"max_doublings": -1}), "INVALID_ARGUMENT", ""),
    ("backoff below 0", new_queue(retry_config={"min_backoff": {"seconds": -1}}), "INVALID_ARGUMENT", ""),
    ("backoff upside down", new_queue(retry_config={"min_backoff": {"seconds": 9}, "max_backoff": {"seconds": 1}}),
     "INVALID_ARGUMENT", ""),
    ("burst below 0", new_queue(rate_limits={"max_burst_size": -1}), "OK", ""),
    ("delete a missing queue", lambda client, queue: client.delete_queue(name=f"{queue}-none"), "NOT_FOUND", NOT_FOUND),
    ("get a deleted queue", deleted("get_queue"), "NOT_FOUND", QUEUE_MISSING),
    ("pause a deleted queue", deleted("pause_queue"), "NOT_FOUND", QUEUE_MISSING),
    ("resume a deleted queue", deleted("resume_queue"), "NOT_FOUND", QUEUE_MISSING),
    ("purge a deleted queue", deleted("purge_queue"), "NOT_FOUND", QUEUE_MISSING),
    ("task in a missing queue", lambda client, queue: client.create_task(parent=f"{queue}-none", task=task()),
     "NOT_FOUND", QUEUE_MISSING),
    ("task name taken", again(new_task("once")), "ALREADY_EXISTS", "Requested entity already exists"),
    ("url empty", new_task(url=""), "INVALID_ARGUMENT", "HttpRequest.url is required."),
    ("url without scheme", new_task(url="example.com"), "INVALID_ARGUMENT",
     "HttpTarget.url must start with 'http://' or 'https://'."),
    ("url of another scheme", new_task(url="ftp://example.com"), "INVALID_ARGUMENT",
     "HttpTarget.url must start with 'http://' or 'https://'."),
    ("url with a bad escape", new_task(url="https://example.com/%zz"), "OK", ""),
    ("get a missing task", lambda client, queue: client.get_task(name=f"{queue}/tasks/none"), "NOT_FOUND", NOT_FOUND),
    ("delete a missing task", lambda client, queue: client.delete_task(name=f"{queue}/tasks/none"), "NOT_FOUND",
     NOT_FOUND),
    ("run a missing task", lambda client, queue: client.run_task(name=f"{queue}/tasks/none"), "NOT_FOUND", NOT_FOUND),
    ("get a task that is gone", gone, "NOT_FOUND", GONE),
]  # fmt: skip


@pytest.fixture(scope="module")
def official(emulator: str) -> Iterator[Client]:
    with grpc.insecure_channel(emulator.partition("://")[2]) as channel:
        yield Client(transport=Client.get_transport_class("grpc")(channel=channel))


@pytest.mark.parametrize(
    ("call", "code", "words"), [one[1:] for one in RECORDED], ids=[one[0] for one in RECORDED]
)
def test_as_recorded(official: Client, parent: str, call: Call, code: str, words: str) -> None:
    queue = official.create_queue(parent=parent, queue={"name": f"{parent}/queues/jobs"}).name
    if code == "OK":
        call(official, queue)
        return
    with pytest.raises(exceptions.GoogleAPICallError) as refused:
        call(official, queue)
    assert refused.value.grpc_status_code.name == code
    assert refused.value.details == []  # recorded without any
    if words:
        assert refused.value.message == words
