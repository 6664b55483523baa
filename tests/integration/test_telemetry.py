"""Metrics and logs of deleted tasks over HTTP, with a manual clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests

import cloudtasks_nb as ct
from tests.emulator_process import EmulatorProcess
from tests.waiting import PATIENCE_S

START = "2026-03-01T12:00:10Z"
NOWHERE = "http://localhost:1/"
PREFIX = "cloudtasks.googleapis.com/"
BY_CODE = {
    "aggregation.alignmentPeriod": "3600s",
    "aggregation.perSeriesAligner": "ALIGN_DELTA",
    "aggregation.crossSeriesReducer": "REDUCE_SUM",
    "aggregation.groupByFields": "metric.labels.response_code",
}


class Told:
    """An emulator, with its metrics and logs."""

    def __init__(self, client: ct.Client) -> None:
        self.client = client

    def series(self, metric: str, **query: Any) -> list[dict[str, Any]]:
        """Series of queue q, by default in the hour until 13:00."""
        asked = {
            "filter": f'metric.type="{PREFIX}{metric}" AND resource.labels.queue_id="q"',
            "interval.startTime": "2026-03-01T12:00:00Z",
            "interval.endTime": "2026-03-01T13:00:00Z",
            **query,
        }
        answer = requests.get(
            f"{self.client.endpoint}/v3/projects/local/timeSeries", params=asked, timeout=60
        )
        assert answer.status_code == 200, answer.text
        found = answer.json().get("timeSeries", [])
        assert isinstance(found, list)
        return found

    def numbers(self, metric: str, label: str = "response_code", **query: Any) -> dict[str, int]:
        """The newest value of each series, by a label."""
        return {
            one["metric"].get("labels", {}).get(label, ""): int(one["points"][0]["value"]["int64Value"])
            for one in self.series(metric, **query)
        }

    def entries(self, filter: str = "", **body: Any) -> list[dict[str, Any]]:
        asked = {"resourceNames": ["projects/local"], "filter": filter, "pageSize": 1000, **body}
        answer = requests.post(f"{self.client.endpoint}/v2/entries:list", json=asked, timeout=60)
        assert answer.status_code == 200, answer.text
        found = answer.json().get("entries", [])
        assert isinstance(found, list)
        return found

    def kinds(self, filter: str = "") -> list[tuple[str, str]]:
        """Task and kind of each entry of the task log."""
        found = []
        for entry in self.entries(f'logName:"task_operations_log" AND ({filter or "timestamp>0001-01-01"})'):
            payload = entry["jsonPayload"]
            (kind,) = set(payload) - {"@type", "task"}
            found.append((payload["task"].rpartition("/")[2], kind.removesuffix("Log")))
        return found


@pytest.fixture
def told() -> Iterator[Told]:
    with ct.local(clock=START) as client:
        yield Told(client)


@pytest.fixture(scope="module")
def refusing() -> Iterator[Told]:
    """An emulator with an empty queue q, for calls that it refuses: they change nothing."""
    with ct.local(clock=START) as client:
        client.create_queue("q")
        yield Told(client)


def test_a_run_is_counted_exactly(told: Told) -> None:
    queue = told.client.create_queue("q", retry_config={"max_attempts": 3, "min_backoff": "60s"})
    inbox = told.client.emulator.inbox()
    queue.create_tasks([{"payload": {"n": number}} for number in range(20)], url=inbox.url_for("/"))
    queue.create_task(url=NOWHERE, task_id="bad")
    with pytest.raises(ct.errors.AlreadyExists):
        queue.create_task(url=NOWHERE, task_id="bad")
    told.client.emulator.advance("30m")
    assert told.numbers("queue/task_attempt_count", **BY_CODE) == {"ok": 20, "unavailable": 3}
    created = {**BY_CODE, "aggregation.groupByFields": "metric.labels.response_code"}
    only = f'metric.type="{PREFIX}api/request_count" AND metric.labels.api_method="CreateTask"'
    assert told.numbers("api/request_count", **{**created, "filter": only}) == {"ok": 21, "already_exists": 1}
    depth = {"aggregation.alignmentPeriod": "3600s", "aggregation.perSeriesAligner": "ALIGN_MAX"}
    assert told.numbers("queue/depth", **depth) == {"": 21}
    assert told.numbers("queue/depth") == {"": 0}
    minutes = {**BY_CODE, "aggregation.alignmentPeriod": "60s", "aggregation.groupByFields": []}
    (attempts,) = told.series("queue/task_attempt_count", **minutes)
    ends = [point["interval"]["startTime"] for point in attempts["points"]]
    assert ends == ["2026-03-01T12:03:00Z", "2026-03-01T12:01:00Z", "2026-03-01T12:00:00Z"]


def test_the_log_shows_what_was_sampled(told: Told) -> None:
    queue = told.client.create_queue("q", retry_config={"max_attempts": 2, "min_backoff": "60s"})
    queue.create_task(url=NOWHERE, task_id="before")
    queue.update(stackdriver_logging_config={"sampling_ratio": 1})
    queue.create_task(url=NOWHERE, task_id="after")
    queue.create_task(url=NOWHERE, task_id="gone", schedule=timedelta(hours=1)).delete()
    told.client.emulator.advance("10m")
    kinds = told.kinds()
    assert [kind for task, kind in kinds if task == "after"] == [
        "taskCreation", "attemptDispatch", "attemptResponse", "attemptDispatch", "attemptResponse",
    ]  # fmt: skip
    assert [kind for task, kind in kinds if task == "gone"] == ["taskCreation", "taskDeletion"]
    assert "before" not in dict(kinds)
    first, last = (
        entry["jsonPayload"]["attemptResponseLog"]
        for entry in told.entries("jsonPayload.attemptResponseLog:*")
    )
    assert (first["status"], first["dispatchCount"], first["maxAttempts"]) == ("UNAVAILABLE", "1", 2)
    assert first["retryTime"] == last["scheduleTime"] == "2026-03-01T12:01:10Z"
    assert "retryTime" not in last
    assert first["targetAddress"] == f"POST {NOWHERE}"


def test_what_was_told_outlives_the_process(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    for number in range(2):
        with ct.local(file, clock=START) as client:
            told = Told(client)
            queue = client.queue("q") if number else client.create_queue("q")
            queue.update(stackdriver_logging_config={"sampling_ratio": 1})
            queue.pause()
            queue.create_task(url=NOWHERE, task_id=f"t{number}")
            client.emulator.advance("1m")
    with ct.local(file, clock=START) as client:
        told = Told(client)
        assert told.kinds() == [("t0", "taskCreation"), ("t1", "taskCreation")]
        assert told.numbers("queue/depth") == {"": 2}


def test_what_ends_by_itself_leaves_the_queue(told: Told) -> None:
    parent = "projects/local/locations/us-central1"
    body = {"name": f"{parent}/queues/q", "taskTtl": "864000s"}
    told.client.api.projects.locations.queues.create(parent=parent, body=body)
    queue = told.client.queue("q").update(stackdriver_logging_config={"sampling_ratio": 1})
    queue.pause()
    queue.create_task(url=NOWHERE, task_id="t")
    told.client.emulator.advance("11d")
    day = {"interval.startTime": "2026-03-11T00:00:00Z", "interval.endTime": "2026-03-12T00:00:00Z"}
    hourly = {"aggregation.alignmentPeriod": "3600s", "aggregation.perSeriesAligner": "ALIGN_NEXT_OLDER"}
    (depth,) = told.series("queue/depth", **day, **hourly)
    depths = [int(point["value"]["int64Value"]) for point in depth["points"]]
    assert depths == [0] * 12 + [1] * 12  # newest first: the time was noon, ten days later
    assert told.kinds() == [("t", "taskCreation"), ("t", "taskDeletion")]
    (gone,) = told.entries("jsonPayload.taskDeletionLog:*")
    assert gone["jsonPayload"]["taskDeletionLog"]["deletionReason"] == "EXPIRED"
    assert gone["timestamp"] == "2026-03-11T12:00:10Z"


def test_a_task_that_was_purged_on_its_way_does_not_leave_twice(told: Told) -> None:
    queue = told.client.create_queue("q")
    inbox = told.client.emulator.inbox()

    @inbox.on("/")
    def purging(request: Any) -> int:
        queue.purge()
        queue.create_task(url=NOWHERE, task_id="next", schedule=timedelta(hours=9))
        return 500

    queue.create_task(url=inbox.url_for("/"), task_id="first")
    told.client.emulator.advance("1m")
    assert told.numbers("queue/depth") == {"": 1}
    (first,) = told.client.emulator.history(queue)
    assert (first.outcome, first.retry_time) == ("DELETED", None)


def test_a_queue_that_was_made_again_goes_on_with_its_series(told: Told) -> None:
    queue = told.client.create_queue("q")
    queue.pause()
    queue.create_task(url=NOWHERE)
    queue.delete()
    told.client.emulator.advance("8d")
    later = {"interval.startTime": "2026-03-02T00:00:00Z", "interval.endTime": "2026-03-09T23:00:00Z"}
    assert told.series("queue/depth", **later) == []
    told.client.create_queue("q")
    (depth,) = told.series("queue/depth", **later)
    assert {point["value"]["int64Value"] for point in depth["points"]} == {"0"}
    assert told.series("queue/depth", view="HEADERS", **later)[0].get("points") is None


def test_half_of_the_tasks_are_logged_the_same_in_every_run(tmp_path: Path) -> None:
    runs = []
    for _ in range(2):
        with ct.local(clock=START) as client:
            once = {"max_attempts": 1}
            queue = client.create_queue(
                "q", stackdriver_logging_config={"sampling_ratio": 0.5}, retry_config=once
            )
            queue.create_tasks([{"url": NOWHERE, "task_id": f"t{number}"} for number in range(200)])
            runs.append({task for task, _ in Told(client).kinds()})
            queue.update(stackdriver_logging_config={"sampling_ratio": 0.0})  # tasks that were sampled stay
            client.emulator.advance("1s")
            assert {task for task, kind in Told(client).kinds() if kind == "attemptResponse"} == runs[-1]
            assert len(client.emulator.history(queue)) == 200
    assert runs[0] == runs[1]
    assert 70 < len(runs[0]) < 130


def test_an_attempt_that_was_cut_off_is_told_of(tmp_path: Path) -> None:
    file = tmp_path / "queues.db"
    arrived = Event()
    with ct.local(file) as client:
        inbox = client.emulator.inbox()

        @inbox.on("/")
        def slow(request: Any) -> int:
            arrived.set()
            left.wait(PATIENCE_S)
            return 200

        left = Event()
        queue = client.create_queue("q", stackdriver_logging_config={"sampling_ratio": 1})
        queue.create_task(url=inbox.url_for("/"), task_id="t")
        assert arrived.wait(PATIENCE_S)
        assert [one.outcome for one in client.emulator.history(queue)] == ["UNDER_WAY"]
        assert told_kinds(client) == ["taskCreation", "attemptDispatch"]
        process = client.emulator
        del process
        client.close()
        left.set()
    with ct.local(file, dispatch=False) as client:
        (record,) = client.emulator.history("q")
        assert (record.outcome, record.status) == ("CUT_OFF", None)
        assert told_kinds(client) == ["taskCreation", "attemptDispatch"]


def told_kinds(client: ct.Client) -> list[str]:
    return [kind for _, kind in Told(client).kinds()]


def test_pages_of_entries_are_whole_and_in_order(told: Told) -> None:
    queue = told.client.create_queue("q", stackdriver_logging_config={"sampling_ratio": 1})
    queue.create_tasks([{"url": NOWHERE, "task_id": f"t{number}"} for number in range(30)])
    told.client.emulator.advance("1h")
    for order in ("timestamp asc", "timestamp desc"):
        whole = told.entries(orderBy=order)
        assert len(whole) > 200
        assert len({entry["insertId"] for entry in whole}) == len(whole)
        times = [datetime.fromisoformat(entry["timestamp"]) for entry in whole]
        assert times == sorted(times, reverse=order.endswith("desc"))
        paged: list[Any] = []
        body: dict[str, Any] = {"resourceNames": ["projects/local"], "orderBy": order, "pageSize": 37}
        while True:
            answer = requests.post(f"{told.client.endpoint}/v2/entries:list", json=body, timeout=60).json()
            paged += answer.get("entries", [])
            if "nextPageToken" not in answer:
                break
            body["pageToken"] = answer["nextPageToken"]
        assert paged == whole
    usual = {"resourceNames": ["projects/local"]}
    answer = requests.post(f"{told.client.endpoint}/v2/entries:list", json=usual, timeout=60).json()
    assert len(answer["entries"]) == 50


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ({"filter": ""}, 400, "exactly one metric"),
        ({"filter": f'metric.type=one_of("{PREFIX}queue/depth","{PREFIX}api/request_count")'}, 400, "exactly one"),
        ({"filter": 'metric.type="compute.googleapis.com/cpu"'}, 404, "Cannot find metric"),
        ({"filter": f'metric.type="{PREFIX}queue/depth" AND metadata.user_labels.x="y"'}, 400, "metric.labels.X"),
        ({"filter": f'metric.type="{PREFIX}queue/depth" AND metric.type~"x"'}, 400, "cannot read"),
        ({"interval.endTime": None}, 400, "interval.endTime is required"),
        ({"interval.endTime": "yesterday"}, 400, "must be a time"),
        ({"interval.startTime": "2026-03-01T14:00:00Z"}, 400, "must not be later"),
        ({"orderBy": "value"}, 400, "must be left out"),
        ({"view": "SOME"}, 400, "FULL or HEADERS"),
        ({"pageSize": "-1"}, 400, "pageSize"),
        ({"pageToken": "x"}, 400, "page token is invalid"),
        ({"aggregation.perSeriesAligner": "ALIGN_DELTA", "aggregation.alignmentPeriod": "60s"}, 400, "ALIGN_MAX"),
        ({"aggregation.perSeriesAligner": "ALIGN_MAX", "aggregation.alignmentPeriod": "90s"}, 400, "whole number"),
        ({"aggregation.perSeriesAligner": "ALIGN_MAX"}, 400, "alignmentPeriod"),
        ({"aggregation.crossSeriesReducer": "REDUCE_SUM"}, 400, "perSeriesAligner"),
        ({"aggregation.alignmentPeriods": "60s"}, 400, "is not supported here"),
    ],
)  # fmt: skip
def test_time_series_that_cannot_be_had(refusing: Told, query: dict[str, str], code: int, said: str) -> None:
    asked = {
        "filter": f'metric.type="{PREFIX}queue/depth"',
        "interval.startTime": "2026-03-01T12:00:00Z",
        "interval.endTime": "2026-03-01T13:00:00Z",
        **query,
    }
    answer = requests.get(
        f"{refusing.client.endpoint}/v3/projects/local/timeSeries", params=asked, timeout=60
    )
    assert answer.status_code == code
    assert said in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"resourceNames": []}, "must name exactly one project"),
        ({"resourceNames": ["organizations/1"]}, "must name a project"),
        ({"orderBy": "severity"}, "timestamp asc"),
        ({"filter": "timestamp>"}, "cannot read"),
        ({"filter": "timestamp>noon"}, "is not a time"),
        ({"filter": "error"}, "The emulator supports comparisons"),
        ({"filter": 'jsonPayload.task=~"("'}, "not a regular expression"),
        ({"filter": "severity>=LOUD"}, "is not a severity"),
        ({"filter": "x" * 20_001}, "20,000 characters"),
        ({"pageToken": "x"}, "page token is invalid"),
        ({"tail": True}, "Unknown name"),
    ],
)
def test_entries_that_cannot_be_had(refusing: Told, body: dict[str, Any], said: str) -> None:
    asked = {"resourceNames": ["projects/local"], **body}
    answer = requests.post(f"{refusing.client.endpoint}/v2/entries:list", json=asked, timeout=60)
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_every_project_tells_of_its_own_queues_only(told: Told) -> None:
    told.client.create_queue("q")
    other = "projects/other/locations/us-central1"
    told.client.api.projects.locations.queues.create(parent=other, body={"name": f"{other}/queues/q"})
    for project in ("local", "other"):
        asked = {"filter": f'metric.type="{PREFIX}queue/depth"', "interval.endTime": "2026-03-01T13:00:00Z",
                 "interval.startTime": "2026-03-01T12:00:00Z", "view": "HEADERS"}  # fmt: skip
        url = f"{told.client.endpoint}/v3/projects/{project}/timeSeries"
        (one,) = requests.get(url, params=asked, timeout=60).json()["timeSeries"]
        assert one["resource"]["labels"]["project_id"] == project


def test_who_may_read_and_who_did_it() -> None:
    grants = {
        "ada@example.com": "roles/cloudtasks.admin",
        "log@example.com": "roles/logging.viewer",
        "see@example.com": "roles/monitoring.viewer",
    }
    options = [f"--grant={role}={who}" for who, role in grants.items()]
    with EmulatorProcess("--enforce-iam", *options) as process:
        ada = ct.connect(
            project="p", location="us-central1", endpoint=process.url, access_token="ada@example.com"
        )
        ada.create_queue("q").pause()
        nosy = ct.connect(
            project="p", location="us-central1", endpoint=process.url, access_token="see@example.com"
        )
        with pytest.raises(ct.PermissionDenied):
            nosy.queue("q", read=False, kind="http").purge()
        asked = {"filter": f'metric.type="{PREFIX}api/request_count"', "interval.endTime": "2027-03-01T13:00:00Z",
                 "interval.startTime": "2026-11-01T12:00:00Z"}  # fmt: skip
        codes: dict[str, list[int]] = {}
        for who in (*grants, ""):
            headers = {"Authorization": f"Bearer {who}"} if who else {}
            series = requests.get(
                f"{process.url}/v3/projects/p/timeSeries", params=asked, headers=headers, timeout=60
            )
            body = {"resourceNames": ["projects/p"], "filter": 'logName:"activity"'}
            entries = requests.post(f"{process.url}/v2/entries:list", json=body, headers=headers, timeout=60)
            codes[who] = [series.status_code, entries.status_code]
            if who.startswith("log"):
                payloads = [entry["protoPayload"] for entry in entries.json()["entries"]]
        assert codes == {
            "ada@example.com": [200, 403], "log@example.com": [403, 200], "see@example.com": [200, 403],
            "": [401, 401],
        }  # fmt: skip
        assert [
            (
                one["methodName"].rpartition(".")[2],
                one["authenticationInfo"]["principalEmail"],
                one["status"].get("code"),
            )
            for one in payloads
        ] == [
            ("CreateQueue", "ada@example.com", None),
            ("PauseQueue", "ada@example.com", None),
            ("PurgeQueue", "see@example.com", 7),
        ]  # fmt: skip


def test_faults_meet_who_reads(told: Told) -> None:
    told.client.emulator.faults(exhausted=1.0, methods="entries.list")
    asked = {"resourceNames": ["projects/local"]}
    answer = requests.post(f"{told.client.endpoint}/v2/entries:list", json=asked, timeout=60)
    assert answer.status_code == 429
    told.client.emulator.faults()
    assert told.entries() == []
