"""Queues and tasks for tests."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import cloudtasks_nb as ct
from tests.waiting import wait_until

URL = "https://example.com/handler"


def new_id() -> str:
    return f"q-{secrets.token_hex(5)}"


def fill(queue: ct.Queue, count: int) -> list[str]:
    """Create tasks; returns their ids in the order of their schedule."""
    start = datetime.now(UTC) + timedelta(hours=1)
    for number in range(count):
        queue.create_task(
            {"n": number}, url=URL, task_id=f"t-{number:03}", schedule=start + timedelta(seconds=number)
        )
    return [f"t-{number:03}" for number in range(count)]


def another_second(queue: ct.Queue) -> None:
    """Wait until the current second differs from that in which the tasks of a queue were created."""
    last = max(task.create_time for task in queue.tasks() if task.create_time is not None)
    wait_until(lambda: datetime.now(UTC).replace(microsecond=0) > last)


def soon() -> datetime:
    """A time in an hour, with microseconds, which must not be lost."""
    return datetime.now(UTC).replace(microsecond=123456) + timedelta(hours=1)


def payloads(queue: ct.Queue) -> list[bytes | None]:
    """The payloads of a queue's tasks, independent of their ids."""
    return sorted(task.payload or b"" for task in queue.tasks(view="FULL"))


def shapes(queue: ct.Queue) -> list[Any]:
    """The requests and times of a queue's tasks, by id."""
    keys = ("http_request", "app_engine_http_request", "pull_message", "schedule_time", "retry_config", "id")
    return sorted(
        ([getattr(task, key) for key in keys] for task in queue.tasks(view="FULL")), key=lambda at: at[-1]
    )


def left_behind() -> set[threading.Thread]:
    """The threads of earlier tests, which may have stopped within a listing: such a thread still reads a page."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("cloudtasks-")}
