"""Tasks. Each behaviour runs through several clients, so that none shares our misunderstandings."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tests.contract.driver import Driver, Json, Refused
from tests.contract.messages import b64, http_task

PARENT = "projects/contract/locations/us-central1"


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
        pytest.param(
            {"pullMessage": {"payload": b64(b"x")}}, "pull_target", marks=pytest.mark.versions("v2beta2")
        ),
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
