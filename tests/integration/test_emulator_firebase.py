"""Requests of the Firebase Admin SDKs: no version in the path, no URL in the task."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

import cloudtasks_nb as ct
from tests.emulator_process import EmulatorProcess

TASKS = "projects/local/locations/us-central1/queues/remind/tasks"


@pytest.fixture
def client() -> Any:
    with ct.local() as client:
        yield client


def task(**rest: Any) -> dict[str, Any]:
    """The request of firebase-admin for a function, of which the SDK has only the name."""
    data = base64.b64encode(json.dumps({"data": {"to": "ada"}}).encode()).decode()
    token = {"serviceAccountEmail": "emulated-service-acct@email.com"}
    request = {"url": "", "body": data, "headers": {"Content-Type": "application/json"}, "oidcToken": token}
    return {"task": {"httpRequest": request, **rest}}


def post(client: ct.Client, body: Any) -> requests.Response:
    owner = {"Authorization": "Bearer owner"}
    return requests.post(f"{client.endpoint}/{TASKS}", json=body, headers=owner, timeout=60)


def test_a_task_goes_to_the_queues_own_function(client: ct.Client) -> None:
    inbox = client.emulator.inbox()
    host, _, port = inbox.url.removeprefix("http://").partition(":")
    override = {"scheme": "HTTP", "host": host, "port": int(port), "path_override": {"path": "/remind"}}
    queue = client.create_queue("remind", http_target={"uri_override": override})
    name = post(client, task(dispatchDeadline="60s")).json()["task"]["name"]
    assert name.startswith(f"/{queue.name}/tasks/")  # as firebase-admin for Python wants it
    [request] = inbox.wait()
    assert (request.path, request.json()) == ("/remind", {"data": {"to": "ada"}})


def test_a_task_with_a_name_a_time_and_a_url_can_be_deleted(client: ct.Client) -> None:
    queue = client.create_queue("remind").pause()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    asked = task(name=f"{queue.name}/tasks/one", scheduleTime=tomorrow)
    asked["task"]["httpRequest"]["url"] = "https://example.com/"
    assert post(client, asked).json()["task"]["name"] == f"/{queue.name}/tasks/one"
    assert post(client, asked).status_code == 409
    assert queue.task("one").url == "https://example.com/"
    gone = [requests.delete(f"{client.endpoint}/{TASKS}/one", timeout=60).status_code for _ in range(2)]
    assert gone == [200, 404]


def test_a_queue_without_a_target_sends_to_the_functions_emulator(client: ct.Client) -> None:
    queue = client.create_queue("remind").pause()
    name = post(client, task()).json()["task"]["name"].removeprefix("/")
    assert client.task(name).url == "http://127.0.0.1:5001/local/us-central1/remind"
    assert queue.count_tasks() == 1


def test_what_cannot_be_done_is_refused_in_the_apis_words(client: ct.Client) -> None:
    assert post(client, task()).status_code == 404  # this function does not exist
    client.create_queue("remind")
    for odd in ({}, {"task": {}}, {"task": {"httpRequest": []}}, [], {"task": {"httpRequest": {"url": 5}}}):
        assert post(client, odd).status_code == 400, odd
    assert requests.get(f"{client.endpoint}/{TASKS}", timeout=60).status_code == 404


def test_firebase_s_tools_make_the_queue_of_a_function(client: ct.Client) -> None:
    inbox = client.emulator.inbox()
    place = f"{client.endpoint}/{TASKS.removesuffix('/tasks')}"
    config = {
        "defaultUri": inbox.url_for("/local/us-central1/remind"),
        "retryConfig": {"maxAttempts": 5, "minBackoffSeconds": 2},
        "rateLimits": {"maxDispatchesPerSecond": 7},
        "timeoutSeconds": 10,
        "labels": {"of": "a later version"},
    }
    answer = requests.post(place, json=config, timeout=60)
    assert answer.json()["taskQueueConfig"]["rateLimits"]["maxConcurrentDispatches"] == 1000
    queue = client.queue("remind")
    assert queue.retry_config is not None
    assert queue.rate_limits is not None
    assert (queue.retry_config.max_attempts, queue.retry_config.max_doublings) == (5, 16)
    assert queue.rate_limits.max_tasks_dispatched_per_second == 7
    assert post(client, task()).status_code == 200
    [request] = inbox.wait()
    assert request.path == "/local/us-central1/remind"
    assert (
        requests.post(place, json={}, timeout=60).status_code == 200
    )  # created again, without its own target
    assert client.queue("remind").retry_config.max_attempts == 3  # type: ignore[union-attr]
    for odd in ("[]", "{", '{"defaultUri": "remind"}', '{"retryConfig": {"maxAttempts": "many"}}'):
        assert requests.post(place, data=odd, timeout=60).status_code == 400, odd


def test_a_first_task_makes_its_queue_when_asked() -> None:
    with (
        EmulatorProcess("--firebase-queues", "--no-dispatch") as process,
        ct.connect(endpoint=process.url) as client,
    ):
        assert post(client, task()).status_code == 200
        [made] = client.queue("remind").tasks()
        assert made.url == "http://127.0.0.1:5001/local/us-central1/remind"
        with pytest.raises(ct.NotFound):  # the API itself creates no queue
            client.queue("others", read=False).create_task(url="https://example.com/")


def test_a_default_target_from_the_start() -> None:
    word = "remind=target=http://localhost:9/here?from=queue"
    with (
        EmulatorProcess("--queue", word, "--no-dispatch") as process,
        ct.connect(endpoint=process.url) as client,
    ):
        assert post(client, task()).status_code == 200
        [made] = client.queue("remind").tasks()
        assert made.url == "http://localhost:9/here?from=queue"
        own = task()
        own["task"]["httpRequest"]["url"] = "http://localhost:8/own"
        name = post(client, own).json()["task"]["name"].removeprefix("/")
        assert client.task(name).url == "http://localhost:8/own"
