"""Metrics and logs of deleted tasks: every client creates them, and Google's clients of other services read them."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.contract.driver import Driver, Json, Refused
from tests.contract.google_clients import DiscoveryLibrary
from tests.contract.messages import http_task
from tests.contract.telemetry_clients import PREFIX, Telemetry
from tests.waiting import wait_until

ATTEMPTS, REQUESTS, DEPTH = "queue/task_attempt_count", "api/request_count", "queue/depth"
DELAYS = "queue/task_attempt_delays"


@pytest.fixture(scope="module")
def told(emulator: str) -> Iterator[Telemetry]:
    made = Telemetry(emulator)
    yield made
    made.close()


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    """A target that returns 503 for some paths."""

    class Target(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(503 if self.path == "/bad" else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Target) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def named(name: str, **request: object) -> Json:
    return {"name": name, **http_task(**request)}


def depth(told: Telemetry, queue: str, aligner: str = "ALIGN_NEXT_OLDER") -> int:
    (series,) = told.series(queue, DEPTH, alignmentPeriod="7200s", perSeriesAligner=aligner)
    return int(series["points"][0]["value"]["int64Value"])


def test_created_refused_delivered(driver: Driver, told: Telemetry, parent: str, target: str) -> None:
    settings: dict[str, Any] = {"retryConfig": {"maxAttempts": 1}}
    queue = driver.create_queue(parent, {"name": f"{parent}/queues/jobs", **settings})["name"]
    for id in ("good", "bad", "left"):
        driver.create_task(queue, named(f"{queue}/tasks/{id}", url=f"{target}/{id}"))
    with pytest.raises(Refused):
        driver.create_task(queue, named(f"{queue}/tasks/good", url=f"{target}/good"))
    for id in ("good", "bad"):
        driver.run_task(f"{queue}/tasks/{id}")
    expected = {("ok",): 1, ("unavailable",): 1}
    wait_until(lambda: told.totals(queue, ATTEMPTS, "response_code") == expected, "attempts were not counted")
    calls = told.totals(queue, REQUESTS, "api_method", "response_code")
    assert calls["CreateQueue", "ok"] == 1
    assert (calls["CreateTask", "ok"], calls["CreateTask", "already_exists"]) == (3, 1)
    assert calls["RunTask", "ok"] == 2
    assert (depth(told, queue), depth(told, queue, "ALIGN_MAX")) == (1, 3)
    (delays,) = told.series(queue, DELAYS, alignmentPeriod="7200s", perSeriesAligner="ALIGN_DELTA")
    distribution = delays["points"][0]["value"]["distributionValue"]
    assert int(distribution["count"]) == sum(map(int, distribution["bucketCounts"])) == 2
    assert (delays["metricKind"], delays["valueType"], delays["unit"]) == ("DELTA", "DISTRIBUTION", "ms")


def test_purged_paused_deleted(driver: Driver, told: Telemetry, queue: str) -> None:
    for number in range(3):
        driver.create_task(queue, named(f"{queue}/tasks/t{number}"))
    driver.delete_task(f"{queue}/tasks/t0")
    driver.pause(queue)
    driver.purge(queue)
    driver.resume(queue)
    driver.set_policy(queue, {"bindings": [{"role": "roles/viewer", "members": ["user:ada@example.com"]}]})
    assert (depth(told, queue), depth(told, queue, "ALIGN_MAX")) == (0, 3)
    driver.delete_queue(queue)
    assert (
        told.series(queue, DEPTH, alignmentPeriod="7200s", perSeriesAligner="ALIGN_NEXT_OLDER") == []
    )  # it no longer has a depth
    with pytest.raises(Refused):
        driver.purge(queue)
    calls = told.audit(queue)
    verbs = [call["methodName"].rpartition(".")[2] for call in calls]
    assert verbs == [
        "CreateQueue", "PauseQueue", "PurgeQueue", "ResumeQueue", "SetIamPolicy", "DeleteQueue", "PurgeQueue",
    ]  # fmt: skip
    assert [call["status"].get("code") for call in calls] == [None] * 6 + [5]
    assert {call["authenticationInfo"]["principalEmail"] for call in calls} == {"anonymous"}


@pytest.mark.versions("v2beta3", "v2")  # v2beta2 cannot enable the log
def test_the_log_of_tasks(driver: Driver, told: Telemetry, parent: str, target: str) -> None:
    settings: dict[str, Any] = {
        "retryConfig": {"maxAttempts": 2},
        "stackdriverLoggingConfig": {"samplingRatio": 1.0},
    }
    queue = driver.create_queue(parent, {"name": f"{parent}/queues/jobs", **settings})["name"]
    driver.create_task(queue, named(f"{queue}/tasks/bad", url=f"{target}/bad"))
    driver.create_task(queue, named(f"{queue}/tasks/gone"))
    driver.delete_task(f"{queue}/tasks/gone")
    driver.run_task(f"{queue}/tasks/bad")
    wait_until(lambda: len(told.task_log(queue)) == 5, "the log is not complete")
    entries = told.task_log(queue, page_size=2)
    assert sorted((task, kind) for task, kind, _ in entries) == [
        ("bad", "attemptDispatchLog"), ("bad", "attemptResponseLog"), ("bad", "taskCreationLog"),
        ("gone", "taskCreationLog"), ("gone", "taskDeletionLog"),
    ]  # fmt: skip
    (answer,) = (said for _, kind, said in entries if kind == "attemptResponseLog")
    assert (answer["status"], answer["dispatchCount"], answer["responseCount"]) == ("UNAVAILABLE", "1", "1")
    assert (answer["maxAttempts"], answer["targetType"]) == (2, "HTTP")
    assert answer["targetAddress"] == f"POST {target}/bad"
    assert answer["attemptDuration"].endswith("s")
    assert "retryTime" in answer


@pytest.mark.versions("v2beta2")
def test_leases(driver: Driver, told: Telemetry, pull_queue: str) -> None:
    driver.create_task(pull_queue, {"pullMessage": {"tag": "a"}})
    (leased,) = driver.lease(pull_queue, maxTasks=1, leaseDuration="60s")
    driver.acknowledge(leased["name"], leased["scheduleTime"])
    calls = told.totals(pull_queue, REQUESTS, "api_method")
    assert calls["LeaseTasks",] == calls["AcknowledgeTask",] == 1
    assert (depth(told, pull_queue), depth(told, pull_queue, "ALIGN_MAX")) == (0, 1)
    (series,) = told.series(pull_queue, DEPTH, alignmentPeriod="7200s", perSeriesAligner="ALIGN_MAX")
    assert series["resource"]["labels"]["target_type"] == "PULL"


def test_each_task_of_a_batch_counts(client: DiscoveryLibrary, told: Telemetry, parent: str) -> None:
    queue = client.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"]
    names = [f"{queue}/tasks/t{number}" for number in (1, 2, 2)]
    tasks: Any = client._tasks
    tasks.batchCreate(parent=queue, body={"requests": [{"task": named(name)} for name in names]}).execute()
    tasks.batchDelete(parent=queue, body={"names": [names[0], f"{queue}/tasks/none"]}).execute()
    calls = told.totals(queue, REQUESTS, "api_method", "response_code")
    assert (calls["CreateTask", "ok"], calls["CreateTask", "already_exists"]) == (2, 1)
    assert (calls["DeleteTask", "ok"], calls["DeleteTask", "not_found"]) == (1, 1)
    assert calls["BatchCreateTasks", "ok"] == calls["BatchDeleteTasks", "ok"] == 1
    assert depth(told, queue) == 1


def test_pages_of_points(client: DiscoveryLibrary, told: Telemetry, parent: str) -> None:
    queue = client.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"]
    client.create_task(queue, named(f"{queue}/tasks/t"))
    whole = told.series(queue, REQUESTS)
    assert len(whole) > 1
    assert told.series(queue, REQUESTS, page_size=1) == whole


def test_descriptors(told: Telemetry) -> None:
    calls = told.monitoring.projects().metricDescriptors()
    found = calls.list(name="projects/p", filter=f'metric.type = starts_with("{PREFIX}")').execute()
    types = [one["type"].removeprefix(PREFIX) for one in found["metricDescriptors"]]
    assert sorted(types) == sorted([ATTEMPTS, REQUESTS, DEPTH, DELAYS])
    one = calls.get(name=f"projects/p/metricDescriptors/{PREFIX}{DEPTH}").execute()
    assert (one["metricKind"], one["valueType"], one["metadata"]["samplePeriod"]) == ("GAUGE", "INT64", "60s")
    resources = told.monitoring.projects().monitoredResourceDescriptors()
    resource = resources.get(name="projects/p/monitoredResourceDescriptors/cloud_tasks_queue").execute()
    assert [label["key"] for label in resource["labels"]] == [
        "project_id", "location", "queue_id", "target_type",
    ]  # fmt: skip


def test_a_metric_that_nobody_has_is_refused_as_by_the_service(told: Telemetry) -> None:
    with pytest.raises(HttpError, match="Cannot find metric") as refused:
        told.series("projects/p/locations/us-central1/queues/q", "queue/age")
    assert refused.value.status_code == 404


def test_the_library_for_logging_reads_it_too(
    client: DiscoveryLibrary, told: Telemetry, parent: str, emulator: str
) -> None:
    library = pytest.importorskip("google.cloud.logging", reason="google-cloud-logging is of the dev extra")
    from google.auth.credentials import AnonymousCredentials

    project = parent.split("/")[1]
    queue = client.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"]
    client.pause(queue)
    reader = library.Client(
        project=project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": emulator},
        _use_grpc=False,
    )
    filter = 'logName:"activity" AND timestamp>="2020-01-01T00:00:00Z"'
    found = list(reader.list_entries(filter_=filter, order_by="timestamp desc", page_size=1))
    assert [entry.payload["methodName"].rpartition(".")[2] for entry in found] == [
        "PauseQueue",
        "CreateQueue",
    ]
    assert found[0].resource.labels["queue_id"] == "jobs"
    assert found[0].log_name == f"projects/{project}/logs/cloudaudit.googleapis.com%2Factivity"
