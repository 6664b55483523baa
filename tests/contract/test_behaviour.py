"""The behaviours of the service, each driven through several clients, so that no misreading is shared."""

from __future__ import annotations

import base64
import re
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.contract.drivers import DRIVERS, Driver, Json, Refused

PARENT = "projects/contract/locations/us-central1"


@pytest.fixture(scope="module", params=DRIVERS)
def driver(request: pytest.FixtureRequest, emulator: str) -> Iterator[Driver]:
    made = DRIVERS[request.param](emulator)
    yield made
    made.close()


@pytest.fixture
def parent() -> str:
    """A location that no other test uses."""
    return f"projects/p-{uuid.uuid4().hex[:12]}/locations/us-central1"


@pytest.fixture
def queue(driver: Driver, parent: str) -> str:
    return str(driver.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"])


@pytest.fixture
def pull_queue(driver: Driver, parent: str) -> str:
    return str(driver.create_queue(parent, {"name": f"{parent}/queues/pull", "pullTarget": {}})["name"])


def http_task(**request: object) -> Json:
    return {"httpRequest": {"url": "https://example.com/work", **request}}


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


# Locations


def test_every_region_exists_in_every_project(driver: Driver) -> None:
    found = {location["locationId"]: location for location in driver.locations("any-project")}
    assert len(found) > 35
    assert found["europe-west1"]["name"] == "projects/any-project/locations/europe-west1"
    assert found["europe-west1"]["displayName"] == "Belgium"


@pytest.mark.parametrize("location", ["nowhere1", "-"])
def test_an_unknown_location_is_refused(driver: Driver, location: str) -> None:
    with pytest.raises(Refused, match=f"Location '{location}' is not a valid location") as refused:
        driver.queues(f"projects/p/locations/{location}")
    assert refused.value.code == 400


# Queues


def test_a_new_queue_shows_its_defaults(driver: Driver, parent: str) -> None:
    created = driver.create_queue(parent, {"name": f"{parent}/queues/defaults"})
    assert created == {
        "name": f"{parent}/queues/defaults",
        "rateLimits": {
            "maxTasksDispatchedPerSecond": 500.0,
            "maxBurstSize": 100,
            "maxConcurrentTasks": 1000,
        },
        "retryConfig": {
            "maxAttempts": 100,
            "minBackoff": "0.100s",
            "maxBackoff": "3600s",
            "maxDoublings": 16,
        },
        "state": "RUNNING",
        "taskTtl": "2678400s",
        "tombstoneTtl": "3600s",
    }
    assert driver.get_queue(created["name"]) == created


def test_a_pull_queue_has_no_rates_of_its_own(driver: Driver, parent: str) -> None:
    asked = {
        "name": f"{parent}/queues/pull",
        "pullTarget": {},
        "rateLimits": {"maxTasksDispatchedPerSecond": 3},
    }
    created = driver.create_queue(parent, asked)
    assert created["pullTarget"] == {}
    assert created["rateLimits"]["maxConcurrentTasks"] == -1
    assert created["rateLimits"]["maxTasksDispatchedPerSecond"] == 10_000


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"rateLimits": {"maxTasksDispatchedPerSecond": 501}},
            "RateLimits.maxTasksDispatchedPerSecond must be less than or equal to 500.",
        ),
        (
            {"rateLimits": {"maxTasksDispatchedPerSecond": -1}},
            "RateLimits.maxTasksDispatchedPerSecond cannot be negative.",
        ),
        (
            {"rateLimits": {"maxConcurrentTasks": 5001}},
            "RateLimits.maxConcurrentTasks must be less than or equal to 5000.",
        ),
        ({"retryConfig": {"maxDoublings": -1}}, "RetryConfig.maxDoublings cannot be negative."),
        ({"retryConfig": {"minBackoff": "-1s"}}, "RetryConfig.minBackoff cannot be negative."),
        (
            {"retryConfig": {"minBackoff": "5s", "maxBackoff": "2s"}},
            "RetryConfig.minBackoff must be less than or equal to RetryConfig.maxBackoff.",
        ),
    ],
)
def test_limits_of_a_queue(driver: Driver, parent: str, settings: Json, message: str) -> None:
    with pytest.raises(Refused, match=re.escape(message)) as refused:
        driver.create_queue(parent, {"name": f"{parent}/queues/limits", **settings})
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("projects/p/queues/q", "Queue name must be formatted"),
        ("projects/p/locations/us-central1/queues/a_b", 'Queue ID "a_b" can contain only letters'),
        ("projects/other/locations/us-central1/queues/q", "must begin with"),
    ],
)
def test_names_of_queues(driver: Driver, name: str, message: str) -> None:
    with pytest.raises(Refused, match=message) as refused:
        driver.create_queue("projects/p/locations/us-central1", {"name": name})
    assert refused.value.code == 400


def test_a_queue_name_is_taken_then_blocked(driver: Driver, parent: str, queue: str) -> None:
    with pytest.raises(Refused, match="Queue already exists") as refused:
        driver.create_queue(parent, {"name": queue})
    assert refused.value.code == 409
    driver.delete_queue(queue)
    with pytest.raises(Refused, match="a queue with this name existed too recently") as refused:
        driver.create_queue(parent, {"name": queue})
    assert refused.value.code == 400
    with pytest.raises(Refused, match=r"Queue does not exist\. If you just created the queue") as refused:
        driver.get_queue(queue)
    assert refused.value.code == 404
    with pytest.raises(Refused, match=r"Requested entity was not found\.") as refused:
        driver.delete_queue(queue)
    assert refused.value.code == 404


def test_queues_are_listed_by_name_over_pages(driver: Driver, parent: str) -> None:
    for number in (3, 1, 5, 2, 4):
        driver.create_queue(parent, {"name": f"{parent}/queues/q{number}"})
    names = [queue["name"] for queue in driver.queues(parent, page_size=2)]
    assert names == [f"{parent}/queues/q{number}" for number in range(1, 6)]


def test_a_filter_chooses_queues(driver: Driver, parent: str) -> None:
    driver.create_queue(parent, {"name": f"{parent}/queues/a", "appEngineHttpTarget": {}})
    driver.create_queue(parent, {"name": f"{parent}/queues/b"})
    driver.pause(f"{parent}/queues/b")
    assert [queue["name"][-1] for queue in driver.queues(parent, "state: PAUSED")] == ["b"]
    assert [queue["name"][-1] for queue in driver.queues(parent, "app_engine_http_target: *")] == ["a"]
    with pytest.raises(Refused, match="filter") as refused:
        driver.queues(parent, "colour=red")
    assert refused.value.code == 400


def test_pause_and_resume(driver: Driver, queue: str) -> None:
    assert driver.pause(queue)["state"] == "PAUSED"
    assert driver.get_queue(queue)["state"] == "PAUSED"
    assert driver.create_task(queue, http_task())["name"].startswith(queue)
    assert driver.resume(queue)["state"] == "RUNNING"


def test_a_patch_changes_what_its_mask_names(driver: Driver, parent: str) -> None:
    name = f"{parent}/queues/patched"
    driver.create_queue(parent, {"name": name, "retryConfig": {"maxAttempts": 7, "maxBackoff": "60s"}})
    change = {"name": name, "retryConfig": {"maxAttempts": 9}, "rateLimits": {"maxConcurrentTasks": 3}}
    patched = driver.patch_queue(change, "retry_config.max_attempts")
    assert patched["retryConfig"]["maxAttempts"] == 9
    assert patched["retryConfig"]["maxBackoff"] == "60s"
    assert patched["rateLimits"]["maxConcurrentTasks"] == 1000
    # A masked field that the body leaves out returns to its default.
    assert (
        driver.patch_queue({"name": name}, "retry_config.max_backoff")["retryConfig"]["maxBackoff"] == "3600s"
    )
    driver.pause(name)
    assert driver.patch_queue({"name": name})["state"] == "PAUSED"


def test_a_patch_creates_a_missing_queue(driver: Driver, parent: str) -> None:
    created = driver.patch_queue({"name": f"{parent}/queues/new", "rateLimits": {"maxConcurrentTasks": 4}})
    assert created["rateLimits"]["maxConcurrentTasks"] == 4
    assert driver.get_queue(f"{parent}/queues/new") == created


def test_statistics_are_shown_when_asked_for(driver: Driver, queue: str) -> None:
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    for late in (0, 60):
        driver.create_task(
            queue, {**http_task(), "scheduleTime": (due + timedelta(seconds=late)).isoformat()}
        )
    assert "stats" not in driver.get_queue(queue)
    shown = driver.get_queue(queue, "stats")
    assert set(shown) == {"stats"}
    assert int(shown["stats"]["tasksCount"]) == 2
    assert datetime.fromisoformat(shown["stats"]["oldestEstimatedArrivalTime"]) == due
    assert shown["stats"]["effectiveExecutionRate"] == 500


def test_purge_removes_tasks_and_keeps_their_names_blocked(driver: Driver, queue: str) -> None:
    name = driver.create_task(queue, {**http_task(), "name": f"{queue}/tasks/one"})["name"]
    driver.create_task(queue, http_task())
    assert "purgeTime" in driver.purge(queue)
    assert driver.tasks(queue) == []
    with pytest.raises(Refused, match="a task with this name existed too recently") as refused:
        driver.create_task(queue, {**http_task(), "name": name})
    assert refused.value.code == 409


# Tasks


def test_a_new_http_task(driver: Driver, queue: str) -> None:
    before = datetime.now(UTC)
    task = driver.create_task(queue, http_task(headers={"X-One": "1"}, body=b64(b"hello")), "FULL")
    assert re.fullmatch(rf"{queue}/tasks/\d{{19}}", task["name"])
    assert task["httpRequest"] == {
        "url": "https://example.com/work",
        "httpMethod": "POST",
        "headers": {"X-One": "1", "User-Agent": "Google-Cloud-Tasks"},
        "body": b64(b"hello"),
    }
    assert task["view"] == "FULL"
    assert before <= datetime.fromisoformat(task["scheduleTime"]) <= datetime.now(UTC)
    assert datetime.fromisoformat(task["createTime"]).microsecond == 0
    assert "status" not in task or not task["status"].get("attemptDispatchCount")


def test_basic_leaves_the_payload_out(driver: Driver, queue: str, pull_queue: str) -> None:
    name = driver.create_task(queue, http_task(headers={"X-One": "1"}, body=b64(b"hello")))["name"]
    basic = driver.get_task(name)
    assert "body" not in basic["httpRequest"]
    assert basic["httpRequest"]["headers"]["X-One"] == "1"
    assert driver.get_task(name, "FULL")["httpRequest"]["body"] == b64(b"hello")
    driver.create_task(pull_queue, {"pullMessage": {"payload": b64(b"\x00\xff"), "tag": "t"}})
    assert driver.tasks(pull_queue)[0]["pullMessage"] == {"tag": "t"}
    assert driver.tasks(pull_queue, "FULL")[0]["pullMessage"] == {"tag": "t", "payload": b64(b"\x00\xff")}


def test_a_new_app_engine_task(driver: Driver, queue: str) -> None:
    asked = {
        "appEngineHttpRequest": {
            "relativeUrl": "/work",
            "payload": b64(b"hello"),
            "headers": {"User-Agent": "me"},
        }
    }
    request = driver.create_task(queue, asked)["appEngineHttpRequest"]
    assert request["headers"] == {
        "Content-Type": "application/octet-stream",
        "Content-Length": "5",
        "User-Agent": "me AppEngine-Google; (+http://code.google.com/appengine)",
    }
    assert request["httpMethod"] == "POST"


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ({}, "Task.payload_type is not set."),
        (http_task(url=""), "HttpRequest.url is required."),
        (http_task(url="ftp://example.com"), "HttpTarget.url must start with 'http://' or 'https://'."),
        (http_task(url=f"https://example.com/{'x' * 2083}"), "2083"),
        (http_task(httpMethod="GET", body=b64(b"x")), "body"),
        (http_task(body=b64(b"x" * 1_048_600)), "Task size too large"),
        (http_task(headers={"X": "y" * 90_000}), "80KB"),
        (
            http_task(url="http://example.com", oidcToken={"serviceAccountEmail": "a@example.com"}),
            "HttpRequest.url must start with 'https://' for request with HttpRequest.authorization_header",
        ),
        ({"appEngineHttpRequest": {"relativeUrl": "work"}}, "relative_url must begin with '/'"),
        ({"pullMessage": {"payload": b64(b"x")}}, "pull_target"),
    ],
)
def test_tasks_that_are_refused(driver: Driver, queue: str, task: Json, message: str) -> None:
    with pytest.raises(Refused, match=re.escape(message)) as refused:
        driver.create_task(queue, task)
    assert refused.value.code == 400


def test_a_task_too_far_ahead_is_refused(driver: Driver, queue: str) -> None:
    with pytest.raises(Refused) as refused:
        driver.create_task(queue, {**http_task(), "scheduleTime": "2100-01-01T00:00:00Z"})
    assert refused.value.code == 400
    assert (
        "The Task.scheduleTime, 2099-12-31T16:00:00-08:00, is too far in the future. "
        "Schedule time must be no more than 720h in the future." in refused.value.message
    )


def test_a_push_task_in_a_pull_queue_is_refused(driver: Driver, pull_queue: str) -> None:
    with pytest.raises(Refused) as refused:
        driver.create_task(pull_queue, http_task())
    assert refused.value.code == 400


def test_names_of_tasks(driver: Driver, queue: str) -> None:
    for name, message in (
        ("one", "Task name must be formatted"),
        (f"{queue}/tasks/a.b", 'Task ID "a.b" can contain only letters'),
        (f"{PARENT}/queues/other/tasks/one", "must be the same as the queue name in the named task"),
    ):
        with pytest.raises(Refused, match=message) as refused:
            driver.create_task(queue, {**http_task(), "name": name})
        assert refused.value.code == 400


def test_a_task_name_is_taken_then_blocked(driver: Driver, queue: str) -> None:
    task = {**http_task(), "name": f"{queue}/tasks/once"}
    driver.create_task(queue, task)
    with pytest.raises(Refused, match="Requested entity already exists") as refused:
        driver.create_task(queue, task)
    assert refused.value.code == 409
    driver.delete_task(task["name"])
    with pytest.raises(Refused, match="a task with this name existed too recently") as refused:
        driver.create_task(queue, task)
    assert refused.value.code == 409
    with pytest.raises(Refused, match="The task no longer exists, though") as refused:
        driver.get_task(task["name"])
    assert refused.value.code == 404
    with pytest.raises(Refused, match=r"Requested entity was not found\.") as refused:
        driver.delete_task(task["name"])
    assert refused.value.code == 404


def test_tasks_of_a_missing_queue(driver: Driver, parent: str) -> None:
    with pytest.raises(Refused, match=r"Queue does not exist\. If you just created the queue") as refused:
        driver.create_task(f"{parent}/queues/none", http_task())
    assert refused.value.code == 404


def test_all_pages_hold_all_tasks_once(driver: Driver, queue: str) -> None:
    created = {driver.create_task(queue, http_task())["name"] for _ in range(23)}
    listed = [task["name"] for task in driver.tasks(queue, page_size=5)]
    assert len(listed) == 23
    assert set(listed) == created


# Run


class _Target(BaseHTTPRequestHandler):
    answers: list[int]
    requests: list[tuple[str, str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).requests.append((self.command, self.path, dict(self.headers), body))
        self.send_response(type(self).answers.pop(0))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def target() -> Iterator[ThreadingHTTPServer]:
    handler = type("Target", (_Target,), {"answers": [], "requests": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _until_answered(driver: Driver, name: str) -> Json:
    """The task, once its last attempt has ended."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        task = driver.get_task(name)
        if "responseStatus" in task["status"]["lastAttemptStatus"]:
            return task
        time.sleep(0.02)
    raise AssertionError("the attempt did not end")


def _until_gone(driver: Driver, name: str) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            driver.get_task(name)
        except Refused as refused:
            return refused.message
        time.sleep(0.02)
    raise AssertionError("the task is still there")


def test_run_fails_then_succeeds(driver: Driver, queue: str, target: ThreadingHTTPServer) -> None:
    handler: type[_Target] = target.RequestHandlerClass  # type: ignore[assignment]
    handler.answers = [502, 200]
    driver.pause(queue)
    request = http_task(
        url=f"http://127.0.0.1:{target.server_port}/work?a=1", body=b64(b"hi"), headers={"X-One": "1"}
    )
    name = driver.create_task(queue, {**request, "name": f"{queue}/tasks/run-me"})["name"]

    sent = driver.run_task(name)
    assert sent["status"]["attemptDispatchCount"] == 1
    dispatched = sent["status"]["lastAttemptStatus"]["dispatchTime"]
    assert sent["status"]["firstAttemptStatus"]["dispatchTime"] == dispatched

    failed = _until_answered(driver, name)
    assert failed["status"]["attemptResponseCount"] == 1
    assert failed["status"]["lastAttemptStatus"]["responseStatus"] == {
        "code": 13,
        "message": "INTERNAL(13): HTTP status code 502",
    }
    due, sent_at = datetime.fromisoformat(failed["scheduleTime"]), datetime.fromisoformat(dispatched)
    assert due - sent_at == timedelta(seconds=0.1)

    driver.run_task(name)
    assert "The task no longer exists, though" in _until_gone(driver, name)
    (_, _, first, _), (method, path, headers, body) = handler.requests
    assert (method, path, body) == ("POST", "/work?a=1", b"hi")
    assert headers["X-One"] == "1"
    assert headers["User-Agent"] == "Google-Cloud-Tasks"
    assert headers["X-CloudTasks-QueueName"] == "jobs"
    assert headers["X-CloudTasks-TaskName"] == "run-me"
    assert (first["X-CloudTasks-TaskRetryCount"], headers["X-CloudTasks-TaskRetryCount"]) == ("0", "1")
    assert headers["X-CloudTasks-TaskExecutionCount"] == "0"
    assert headers["X-CloudTasks-TaskPreviousResponse"] == "502"
    assert "X-CloudTasks-TaskPreviousResponse" not in first
    assert float(headers["X-CloudTasks-TaskETA"]) == due.timestamp()
    assert "Content-Type" not in headers


def test_attempts_used_up_end_the_task(driver: Driver, parent: str, target: ThreadingHTTPServer) -> None:
    target.RequestHandlerClass.answers = [500]  # type: ignore[attr-defined]
    queue = driver.create_queue(parent, {"name": f"{parent}/queues/once", "retryConfig": {"maxAttempts": 1}})[
        "name"
    ]
    name = driver.create_task(queue, http_task(url=f"http://localhost:{target.server_port}/"))["name"]
    driver.run_task(name)
    assert "The task no longer exists, though" in _until_gone(driver, name)


def test_run_does_not_reach_other_machines(driver: Driver, queue: str) -> None:
    name = driver.create_task(queue, http_task(url="http://192.0.2.1/"))["name"]
    driver.run_task(name)
    last = _until_answered(driver, name)["status"]
    assert last["lastAttemptStatus"]["responseStatus"]["code"] == 7
    assert "only to this machine" in last["lastAttemptStatus"]["responseStatus"]["message"]
    assert "attemptResponseCount" not in last


def test_a_pull_task_cannot_be_run(driver: Driver, pull_queue: str) -> None:
    name = driver.create_task(pull_queue, {"pullMessage": {"tag": "t"}})["name"]
    with pytest.raises(Refused) as refused:
        driver.run_task(name)
    assert refused.value.code == 400


def test_run_of_nothing(driver: Driver, queue: str) -> None:
    with pytest.raises(Refused, match=r"Requested entity was not found\.") as refused:
        driver.run_task(f"{queue}/tasks/none")
    assert refused.value.code == 404


# Policies


def test_policies_are_guarded_by_their_etag(driver: Driver, queue: str) -> None:
    empty = driver.get_policy(queue)
    assert "bindings" not in empty
    bindings = [{"role": "roles/cloudtasks.enqueuer", "members": ["user:ada@example.com"]}]
    stored = driver.set_policy(queue, {"bindings": bindings, "etag": empty["etag"]})
    assert stored["bindings"] == bindings
    assert driver.get_policy(queue) == stored
    with pytest.raises(Refused, match="There were concurrent policy changes") as refused:
        driver.set_policy(queue, {"bindings": [], "etag": empty["etag"]})
    assert refused.value.code == 409


def test_permissions_are_those_of_existing_queues(driver: Driver, parent: str, queue: str) -> None:
    asked = ["cloudtasks.tasks.create", "cloudtasks.queues.get"]
    assert driver.test_permissions(queue, asked) == asked
    assert driver.test_permissions(f"{parent}/queues/none", asked) == []
