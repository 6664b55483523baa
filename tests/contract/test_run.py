"""Running a task. Each behaviour runs through several clients, so that none shares our misunderstandings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.contract.driver import Driver, Json, Refused
from tests.contract.messages import b64, http_task
from tests.waiting import wait_until


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
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def _until_answered(driver: Driver, name: str) -> Json:
    """Wait until the task's last attempt has ended; returns the task."""

    def answered() -> Json | None:
        task = driver.get_task(name)
        return task if "responseStatus" in task["status"]["lastAttemptStatus"] else None

    task = wait_until(answered, "the attempt did not end")
    assert task is not None
    return task


def _until_gone(driver: Driver, name: str) -> str:
    """Wait until the task is gone; returns the error about it."""

    def refusal() -> str:
        try:
            driver.get_task(name)
        except Refused as refused:
            return refused.message
        return ""

    return wait_until(refusal, "the task is still there")


def test_run_fails_then_succeeds(driver: Driver, parent: str, target: ThreadingHTTPServer) -> None:
    patient = {"minBackoff": "60s"}  # longer than any attempt of this test takes
    queue = driver.create_queue(parent, {"name": f"{parent}/queues/jobs", "retryConfig": patient})["name"]
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
    assert due - sent_at == timedelta(seconds=60)

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
