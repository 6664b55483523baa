"""The request to a target: URL, method and headers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cloudtasks_nb.emulator.server.delivery import outgoing
from cloudtasks_nb.emulator.server.rules import attempts
from cloudtasks_nb.emulator.server.rules.attempts import Attempt
from cloudtasks_nb.emulator.server.rules.targets import AppEngine
from cloudtasks_nb.model import (
    AppEngineHttpRequest,
    AppEngineRouting,
    AttemptStatus,
    Header,
    HeaderOverride,
    HttpRequest,
    HttpTarget,
    PathOverride,
    QueryOverride,
    Queue,
    Task,
    TaskStatus,
    UriOverride,
)
from cloudtasks_nb.model.json import Int64

from .conftest import NOW, QUEUE, new_queue


def attempt(task: Task, queue: Queue | None = None, **known: Any) -> Attempt:
    facts = {"execution_count": 0, "previous_code": None, **known}
    return Attempt(queue_row=1, task_row=1, queue=queue or new_queue(), task=task, started=NOW, **facts)


OF_A_CONNECTION = {
    "Transfer-Encoding": "chunked",
    "connection": "keep-alive, X-Hop",
    "Keep-Alive": "timeout=5",
    "X-Hop": "named by Connection",
    "TE": "trailers",
    "Trailer": "X-Sum",
    "Upgrade": "h2c",
    "Proxy-Authorization": "Basic eDp5",
    "Expect": "100-continue",
    "Content-Length": "7",
}


def test_headers_of_a_connection_do_not_reach_the_target() -> None:
    headers = {**OF_A_CONNECTION, "X-Kept": "1"}
    overrides = [
        HeaderOverride(header=Header(key=key, value=value)) for key, value in OF_A_CONNECTION.items()
    ]
    queue = replace(new_queue(), http_target=HttpTarget(header_overrides=overrides))
    push = Task(
        name=f"{QUEUE}/tasks/t", http_request=HttpRequest(url="http://x", headers=headers), schedule_time=NOW
    )
    application = Task(
        name=f"{QUEUE}/tasks/t",
        app_engine_http_request=AppEngineHttpRequest(headers=headers),
        schedule_time=NOW,
    )
    for one in (attempt(push, queue), attempt(application)):
        sent = outgoing.request_for(one, AppEngine({"": "http://localhost:8080"})).headers
        assert sent["X-Kept"] == "1"
        assert not {name.lower() for name in OF_A_CONNECTION} - {"x-hop"} & {name.lower() for name in sent}
    assert "X-Hop" not in outgoing.request_for(attempt(application), AppEngine({"": "http://x"})).headers


def test_app_engine_headers_of_a_retry() -> None:
    task = Task(
        name=f"{QUEUE}/tasks/t",
        app_engine_http_request=AppEngineHttpRequest(
            relative_url="/x", app_engine_routing=AppEngineRouting(host="p.appspot.com")
        ),
        schedule_time=NOW,
        status=TaskStatus(
            attempt_dispatch_count=2,
            attempt_response_count=2,
            last_attempt_status=AttemptStatus(response_status=attempts.answered(503).status),
        ),
    )
    request = outgoing.request_for(attempt(task, previous_code=503), AppEngine({"": "http://localhost:8080"}))
    assert request.url == "http://localhost:8080/x"
    assert request.headers == {
        "X-AppEngine-QueueName": "q",
        "X-AppEngine-TaskName": "t",
        "X-AppEngine-TaskRetryCount": "2",
        "X-AppEngine-TaskExecutionCount": "2",
        "X-AppEngine-TaskETA": "1772366400.25",
        "X-AppEngine-TaskPreviousResponse": "503",
        "X-AppEngine-TaskRetryReason": "App Error",
    }


@pytest.mark.parametrize("answered_before", [0, 1])
def test_headers_after_an_attempt_that_timed_out(answered_before: int) -> None:
    outcome = attempts.timed_out()
    status = TaskStatus(
        attempt_dispatch_count=1 + answered_before,
        attempt_response_count=answered_before,
        last_attempt_status=AttemptStatus(response_status=outcome.status),
    )
    known = {"name": f"{QUEUE}/tasks/t", "schedule_time": NOW, "status": status}
    http = Task(http_request=HttpRequest(url="http://localhost"), **known)
    app_engine = Task(app_engine_http_request=AppEngineHttpRequest(relative_url="/"), **known)
    applications = AppEngine({"": "http://localhost:8080"})
    sent = outgoing.request_for(attempt(http, previous_code=outcome.code), applications).headers
    assert sent["X-CloudTasks-TaskPreviousResponse"] == "504"
    assert sent["X-CloudTasks-TaskRetryReason"] == ""
    assert sent["X-CloudTasks-TaskExecutionCount"] == "0"
    sent = outgoing.request_for(attempt(app_engine, previous_code=outcome.code), applications).headers
    assert sent["X-AppEngine-TaskPreviousResponse"] == "0"
    assert sent["X-AppEngine-TaskRetryReason"] == "Instance Unavailable"
    assert sent["X-AppEngine-TaskExecutionCount"] == str(answered_before)


def test_the_queue_overrides_its_tasks() -> None:
    target = HttpTarget(
        http_method="PUT",
        header_overrides=[HeaderOverride(header=Header(key="x-one", value="queue"))],
        uri_override=UriOverride(host="localhost", scheme="HTTP", port=Int64(8080)),
    )
    task = Task(
        name=f"{QUEUE}/tasks/t",
        http_request=HttpRequest(url="https://example.com:1/a?b=c", headers={"X-One": "task"}),
        schedule_time=NOW,
    )
    request = outgoing.request_for(attempt(task, new_queue(http_target=target)), AppEngine())
    assert (request.method, request.url) == ("PUT", "http://localhost:8080/a?b=c")
    assert request.headers["x-one"] == "queue"
    assert "X-One" not in request.headers


@pytest.mark.parametrize(
    ("override", "url"),
    [
        (UriOverride(host="b.example"), "https://b.example:1/p?q=1"),
        (UriOverride(port=Int64(0)), "https://a.example/p?q=1"),
        (UriOverride(path_override=PathOverride(), scheme="HTTP"), "http://a.example:1?q=1"),
        (UriOverride(query_override=QueryOverride(query_params="z=2")), "https://a.example:1/p?z=2"),
        (
            UriOverride(host="b.example", uri_override_enforce_mode="IF_NOT_EXISTS"),
            "http://a.example:1/p?q=1",
        ),
    ],
)
def test_overridden_urls(override: UriOverride, url: str) -> None:
    assert override.on("http://a.example:1/p?q=1") == url
