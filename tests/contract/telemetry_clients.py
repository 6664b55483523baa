"""Google's own clients of Cloud Monitoring and Cloud Logging, which read from an emulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import google_auth_httplib2
import httplib2
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build

from tests.contract.driver import Json

PREFIX = "cloudtasks.googleapis.com/"


class Telemetry:
    """google-api-python-client, from its bundled documents of monitoring v3 and logging v2."""

    def __init__(self, url: str) -> None:
        self._http = google_auth_httplib2.AuthorizedHttp(AnonymousCredentials(), http=httplib2.Http())
        options: dict[str, Any] = {
            "http": self._http,
            "static_discovery": True,
            "client_options": ClientOptions(api_endpoint=url),
        }
        self.monitoring: Any = build("monitoring", "v3", **options)
        self.logging: Any = build("logging", "v2", **options)

    def close(self) -> None:
        self.monitoring.close()
        self.logging.close()
        self._http.close()

    def series(self, queue: str, metric: str, page_size: int | None = None, **aggregation: Any) -> list[Json]:
        """All pages of a queue's series over the last hour."""
        _, project, _, location, _, id = queue.split("/")
        now = datetime.now(UTC)
        calls = self.monitoring.projects().timeSeries()
        request = calls.list(
            name=f"projects/{project}",
            filter=f'metric.type="{PREFIX}{metric}" AND resource.type="cloud_tasks_queue" AND '
            f'resource.labels.queue_id="{id}" AND resource.labels.location="{location}"',
            interval_startTime=(now - timedelta(hours=1)).isoformat(),
            interval_endTime=(now + timedelta(minutes=1)).isoformat(),
            view="FULL",
            pageSize=page_size,
            **{f"aggregation_{name}": value for name, value in aggregation.items()},
        )
        found: list[Json] = []
        while request is not None:
            answer = request.execute()
            found += answer.get("timeSeries", [])
            request = calls.list_next(request, answer)
        return found

    def totals(self, queue: str, metric: str, *labels: str) -> dict[tuple[str, ...], int]:
        """Sums over the last hours, by labels of the metric."""
        found = self.series(
            queue,
            metric,
            alignmentPeriod="7200s",
            perSeriesAligner="ALIGN_DELTA",
            crossSeriesReducer="REDUCE_SUM",
            groupByFields=[f"metric.labels.{label}" for label in labels],
        )
        return {
            tuple(one["metric"].get("labels", {}).get(label, "") for label in labels): int(
                one["points"][0]["value"]["int64Value"]
            )
            for one in found
        }

    def entries(self, project: str, filter: str, page_size: int = 100) -> Iterator[Json]:
        """All pages of the log's entries."""
        body: Json = {"resourceNames": [f"projects/{project}"], "filter": filter, "pageSize": page_size}
        while True:
            answer = self.logging.entries().list(body=body).execute()
            yield from answer.get("entries", [])
            if not answer.get("nextPageToken"):
                return
            body = {**body, "pageToken": answer["nextPageToken"]}

    def task_log(self, queue: str, page_size: int = 100) -> list[tuple[str, str, Json]]:
        """Task, kind and content of each entry about the tasks of a queue."""
        project, id = queue.split("/")[1], queue.rpartition("/")[2]
        log = f'logName="projects/{project}/logs/cloudtasks.googleapis.com%2Ftask_operations_log"'
        found = []
        for entry in self.entries(project, f'{log} AND resource.labels.queue_id="{id}"', page_size):
            payload = dict(entry["jsonPayload"])
            task = payload.pop("task").rpartition("/")[2]
            assert payload.pop("@type") == "type.googleapis.com/google.cloud.tasks.logging.v1.TaskActivityLog"
            ((kind, said),) = payload.items()
            found.append((task, kind, said))
        return found

    def audit(self, queue: str) -> list[Json]:
        """The admin calls that changed a queue."""
        project = queue.split("/")[1]
        log = f'logName="projects/{project}/logs/cloudaudit.googleapis.com%2Factivity"'
        about = (
            f'protoPayload.serviceName="cloudtasks.googleapis.com" AND protoPayload.resourceName="{queue}"'
        )
        filter = f"{log} AND {about}"
        return [entry["protoPayload"] for entry in self.entries(project, filter)]
