"""A real HTTP server with responses in the form of Cloud Monitoring and Cloud Logging."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

QUEUE = "projects/p/locations/us-central1/queues/emails"
Answer = tuple[int, Any]


class Gone(ThreadingHTTPServer):
    """Returns `series[metric]` (a list, or a function of the query) and `logs` page by page; stores the requests.

    Errors in `refusals` come first, by "timeSeries", "entries:list", "queues" or a metric.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.series: dict[str, Any] = {}
        self.logs: Callable[[dict[str, Any]], Any] = lambda body: {}
        self.queue: Answer = (200, {"name": QUEUE, "state": "RUNNING"})
        self.refusals: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def refusal(self, *names: str) -> Answer | None:
        """The error for one of these names; the last error of a list repeats."""
        for name in names:
            if held := self.refusals.get(name):
                return held.pop(0) if len(held) > 1 else held[0]
        return None

    def count(self, what: str) -> int:
        """The number of calls."""
        return sum(1 for path, _ in self.asked if what in path)


class _Handler(BaseHTTPRequestHandler):
    server: Gone
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: held if len(held) > 1 else held[0] for name, held in parse_qs(parts.query).items()}
        self.server.asked.append((parts.path, query))
        if "/timeSeries" in parts.path:
            found = re.search(r'metric\.type="cloudtasks\.googleapis\.com/([^"]+)"', query["filter"])
            metric = found[1] if found else ""
            held = self.server.series.get(metric, [])
            body = held(query) if callable(held) else {"timeSeries": held}
            return self._answer(self.server.refusal(metric, "timeSeries") or (200, body))
        return self._answer(self.server.refusal("queues") or self.server.queue)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        return self._answer(self.server.refusal("entries:list") or (200, self.server.logs(body)))

    def _answer(self, answer: Answer) -> None:
        status, body = answer
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None: ...


@contextmanager
def gone() -> Iterator[Gone]:
    """Runs such a server within a with block."""
    with Gone() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def at(text: str) -> datetime:
    """An instant of 28 November 2026: "22:05"."""
    return datetime.fromisoformat(f"2026-11-28T{text}").replace(tzinfo=UTC)


def wire(moment: datetime) -> str:
    """An instant as JSON writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def one_series(points: dict[datetime, Any], **labels: str) -> dict[str, Any]:
    """A series with its newest point first, as Monitoring sends it. Counts are texts."""
    resource = {key: labels.pop(key) for key in ("location", "queue_id") if key in labels}
    return {
        "metric": {"type": "cloudtasks.googleapis.com/x", "labels": labels},
        "resource": {"type": "cloud_tasks_queue", "labels": {"project_id": "p", **resource}},
        "metricKind": "DELTA",
        "valueType": "INT64",
        "points": [
            {
                "interval": {"startTime": wire(end - timedelta(minutes=1)), "endTime": wire(end)},
                "value": value if isinstance(value, dict) else {"int64Value": str(value)},
            }
            for end, value in sorted(points.items(), reverse=True)
        ],
    }


def task_entry(kind: str, task: str, moment: datetime, **said: Any) -> dict[str, Any]:
    """An entry of the task log."""
    return {
        "logName": "projects/p/logs/cloudtasks.googleapis.com%2Ftask_operations_log",
        "resource": {"type": "cloud_tasks_queue", "labels": {"queue_id": "emails", "target_type": "HTTP"}},
        "timestamp": wire(moment),
        "receiveTimestamp": wire(moment + timedelta(seconds=1)),
        "severity": "ERROR" if said.get("status", "OK") != "OK" else "INFO",
        "insertId": f"{task}-{kind}-{moment:%H%M%S}",
        "jsonPayload": {
            "@type": "type.googleapis.com/google.cloud.tasks.logging.v1.TaskActivityLog",
            "task": f"{QUEUE}/tasks/{task}",
            kind: {
                "targetAddress": "POST https://example.com/send?token=s3cret",
                "targetType": "HTTP",
                **said,
            },
        },
    }


def audit_entry(action: str, moment: datetime, who: str = "ada@example.com", **more: Any) -> dict[str, Any]:
    """An entry of the audit log."""
    return {
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "timestamp": wire(moment),
        "insertId": f"{action}-{moment:%H%M%S}",
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "cloudtasks.googleapis.com",
            "methodName": f"google.cloud.tasks.v2.CloudTasks.{action}",
            "resourceName": QUEUE,
            "authenticationInfo": {"principalEmail": who},
            **more,
        },
    }


def denied(message: str, **detail: Any) -> Answer:
    """A 403 as Google sends it."""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", **detail}] if detail else []
    return 403, {
        "error": {"code": 403, "status": "PERMISSION_DENIED", "message": message, "details": details}
    }
