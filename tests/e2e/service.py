"""Accesses the emulator over plain HTTP, without our client."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.waiting import PATIENCE_S

LOCATION = "projects/local/locations/us-central1"


class Service:
    """Queues and tasks of the emulator at `url`, over plain requests."""

    def __init__(self, url: str) -> None:
        self.url = url

    def queue(self, queue_id: str) -> dict[str, Any]:
        return self._call("GET", f"{LOCATION}/queues/{queue_id}")

    def has_queue(self, queue_id: str) -> bool:
        listed = self._call("GET", f"{LOCATION}/queues")
        return f"{LOCATION}/queues/{queue_id}" in [queue["name"] for queue in listed.get("queues", [])]

    def policy(self, queue_id: str) -> dict[str, Any]:
        return self._call("POST", f"{LOCATION}/queues/{queue_id}:getIamPolicy", {})

    def grant(self, queue_id: str, role: str, member: str, **more: Any) -> None:
        """Give a role to a member in the current policy; `more` may be a condition."""
        policy = self.policy(queue_id)
        policy["version"] = 3 if more else policy.get("version", 1)  # conditions need version 3
        policy["bindings"] = [*policy.get("bindings", []), {"role": role, "members": [member], **more}]
        self._call("POST", f"{LOCATION}/queues/{queue_id}:setIamPolicy", {"policy": policy})

    def task_ids(self, queue_id: str) -> set[str]:
        listed = self._call("GET", f"{LOCATION}/queues/{queue_id}/tasks?pageSize=1000")
        return {task["name"].rpartition("/")[2] for task in listed.get("tasks", [])}

    def create_queue(self, queue_id: str, **fields: Any) -> None:
        body = {"name": f"{LOCATION}/queues/{queue_id}", **(fields or {"httpTarget": {}})}
        self._call("POST", f"{LOCATION}/queues", body)

    def delete_queue(self, queue_id: str) -> None:
        self._call("DELETE", f"{LOCATION}/queues/{queue_id}")

    def create_task(
        self, queue_id: str, task_id: str, payload: bytes, due_s: float = 3600, **request: Any
    ) -> None:
        """Create a task that is due in an hour, so that it is not sent during the test."""
        http_request = {
            "url": "https://example.com/send",
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(payload).decode(),
            **request,
        }
        due = datetime.now(UTC) + timedelta(seconds=due_s)
        task = {
            "name": f"{LOCATION}/queues/{queue_id}/tasks/{task_id}",
            "scheduleTime": due.isoformat(),
            "httpRequest": http_request,
        }
        self._call("POST", f"{LOCATION}/queues/{queue_id}/tasks", {"task": task})

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = requests.request(method, f"{self.url}/v2beta2/{path}", json=body, timeout=PATIENCE_S)
        assert answer.ok, answer.text
        read: dict[str, Any] = answer.json()
        return read
