"""What the emulator tells of tasks that are gone, over HTTP: metrics and logs, with a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

import cloudtasks_nb as ct

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
    """An emulator, and what it tells."""

    def __init__(self, client: ct.Client) -> None:
        self.client = client

    def series(self, metric: str, **query: Any) -> list[dict[str, Any]]:
        """Of queue q, in the hour until 13:00 unless said otherwise."""
        asked = {
            "filter": f'metric.type="{PREFIX}{metric}" AND resource.labels.queue_id="q"',
            "interval.startTime": "2026-03-01T12:00:00Z",
            "interval.endTime": "2026-03-01T13:00:00Z",
            **query,
        }
        answer = requests.get(
            f"{self.client.endpoint}/v3/projects/local/timeSeries", params=asked, timeout=20
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
        answer = requests.post(f"{self.client.endpoint}/v2/entries:list", json=asked, timeout=20)
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
