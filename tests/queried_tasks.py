"""Tasks for tests of queries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cloudtasks_nb import model

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PREFIX = "projects/p/locations/l/queues/q/tasks"


def push(task_id: str, due_s: float, message: str = "", code: int = 0, body: bytes = b"to Ada") -> model.Task:
    status = model.Status(code=code, message=message)
    attempt = model.AttemptStatus(response_status=status) if code or message else None
    return model.Task(
        name=f"{PREFIX}/{task_id}",
        http_request=model.HttpRequest(url="https://api.example.com/send", http_method="PUT", body=body),
        schedule_time=NOW + timedelta(seconds=due_s),
        create_time=NOW - timedelta(hours=2),
        status=model.TaskStatus(attempt_dispatch_count=1, last_attempt_status=attempt),
    )


def pull(task_id: str, due_s: float, tag: str, leases: int) -> model.Task:
    return model.Task(
        name=f"{PREFIX}/{task_id}",
        pull_message=model.PullMessage(tag=tag),
        schedule_time=NOW + timedelta(seconds=due_s),
        create_time=NOW - timedelta(days=3),
        status=model.TaskStatus(attempt_dispatch_count=leases),
    )


TASKS = [
    push("late", -5, "HTTP status code 503", 14),
    push("later", 60, "gave up", 4),
    push("fresh", 60),
    pull("held", 60, "red", 1),
    pull("free", -5, "two words", 0),
]
