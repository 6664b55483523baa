"""Queues and tasks for tests to look at."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import cloudtasks_nb as ct

URL = "https://example.com/handler"


def new_id() -> str:
    return f"q-{secrets.token_hex(5)}"


def fill(queue: ct.Queue, count: int) -> list[str]:
    """Named tasks, in the order of their schedule."""
    start = datetime.now(UTC) + timedelta(hours=1)
    for number in range(count):
        queue.create_task(
            {"n": number}, url=URL, task_id=f"t-{number:03}", schedule=start + timedelta(seconds=number)
        )
    return [f"t-{number:03}" for number in range(count)]
