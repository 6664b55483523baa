"""The metrics of Cloud Tasks: their types, labels and descriptors. Pure. Source: SPEC section 11.1."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ..store.minutes import ATTEMPTS, DELAYS, DEPTH, REQUESTS

PREFIX = "cloudtasks.googleapis.com/"
RESOURCE_TYPE = "cloud_tasks_queue"
RESOURCE_LABELS = ("project_id", "location", "queue_id", "target_type")
_RESOURCE_WORDS = {
    "project_id": "The project of the queue.",
    "location": "The location of the queue.",
    "queue_id": "The id of the queue.",
    "target_type": "The kind of target: HTTP, APP_ENGINE or PULL.",
}
_LABEL_WORDS = {
    "response_code": "The google.rpc code of the result, in lower case: ok, unavailable, …",
    "api_method": "The method that was called: CreateTask, …",
}


class Metric(Struct, frozen=True):
    """A metric. `counts`: its name in the store; `labels`: in the store's order."""

    type: str
    counts: str
    kind: str
    value_type: str
    unit: str
    labels: tuple[str, ...]
    name: str
    words: str

    def labels_of(self, label: str) -> dict[str, str]:
        """The labels in a label text of the store."""
        return dict(zip(self.labels, label.split(" "), strict=True)) if self.labels else {}


METRICS = {
    f"{PREFIX}{metric.type}": metric
    for metric in (
        Metric("queue/depth", DEPTH, "GAUGE", "INT64", "1", (), "Queue depth", "Tasks in the queue."),
        Metric("queue/task_attempt_count", ATTEMPTS, "DELTA", "INT64", "1", ("response_code",),
               "Task attempt count", "Attempts by result."),
        Metric("queue/task_attempt_delays", DELAYS, "DELTA", "DISTRIBUTION", "ms", (),
               "Task attempt delays", "Time between the scheduled and the actual attempt."),
        Metric("api/request_count", REQUESTS, "DELTA", "INT64", "1", ("api_method", "response_code"),
               "API requests", "Calls of the API by method and result."),
    )
}  # fmt: skip


def descriptor(metric: Metric, project: str) -> dict[str, Any]:
    """A MetricDescriptor."""
    named = f"{PREFIX}{metric.type}"
    return {
        "name": f"projects/{project}/metricDescriptors/{named}",
        "type": named,
        "labels": [{"key": label, "description": _LABEL_WORDS[label]} for label in metric.labels],
        "metricKind": metric.kind,
        "valueType": metric.value_type,
        "unit": metric.unit,
        "displayName": metric.name,
        "description": metric.words,
        "metadata": {"samplePeriod": "60s", "ingestDelay": "0s"},
        "launchStage": "GA",
        "monitoredResourceTypes": [RESOURCE_TYPE],
    }


def resource_descriptor(project: str) -> dict[str, Any]:
    """The MonitoredResourceDescriptor of a queue."""
    return {
        "name": f"projects/{project}/monitoredResourceDescriptors/{RESOURCE_TYPE}",
        "type": RESOURCE_TYPE,
        "displayName": "Cloud Tasks Queue",
        "description": "A queue of Cloud Tasks.",
        "labels": [{"key": label, "description": _RESOURCE_WORDS[label]} for label in RESOURCE_LABELS],
    }


def resource_labels(queue_name: str, target_type: str) -> dict[str, str]:
    """The labels of a queue."""
    return dict(zip(RESOURCE_LABELS, (*queue_name.split("/")[1::2], target_type), strict=True))
