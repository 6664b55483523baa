"""An emulator without a process: services on a database in memory, with a manual clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloudtasks_nb.emulator.server.clock import ManualClock
from cloudtasks_nb.emulator.server.rules import queues as queue_rules
from cloudtasks_nb.emulator.server.rules.attempts import Attempt
from cloudtasks_nb.emulator.server.services.context import Context
from cloudtasks_nb.emulator.server.services.service import Service
from cloudtasks_nb.emulator.server.store.store import Store
from cloudtasks_nb.model import HttpRequest, Message, Queue, Task, to_dict
from cloudtasks_nb.model.messages import CreateTaskRequest
from cloudtasks_nb.model.methods import METHODS
from cloudtasks_nb.names import parse_queue

NOW = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
PARENT = "projects/p/locations/us-central1"
QUEUE = f"{PARENT}/queues/q"


def new_queue(**settings: Any) -> Queue:
    """A stored queue: with these settings, and every default."""
    return queue_rules.new_queue(Queue(**settings), parse_queue(QUEUE))


def http(task_id: str = "", in_s: float = 0, **settings: Any) -> Task:
    """An HTTP task that is due in so many seconds."""
    return Task(
        name=f"{QUEUE}/tasks/{task_id}" if task_id else "",
        http_request=HttpRequest(url="https://example.com"),
        schedule_time=NOW + timedelta(seconds=in_s),
        **settings,
    )


class StillClock(ManualClock):
    """Fixes real time, so that a slow machine does not change which lease calls are rejected."""

    def machine_s(self) -> float:
        return 0.0


class Emulator:
    """Calls methods by the end of their id; returns JSON values."""

    def __init__(self, store: Store | None = None) -> None:
        self.clock = StillClock(NOW)
        self.store = Store.open() if store is None else store
        self.sent: list[Attempt] = []
        self.service = Service(Context(self.store, self.clock, self.sent.append))

    def __call__(self, method: str, **parameters: Any) -> dict[str, Any]:
        id = method if method.startswith("api.") else f"projects.locations.{method}"
        request = METHODS[id].request
        if request is not None:
            parameters.setdefault("body", request())
        answer = self.service.call(id, parameters)
        values = to_dict(answer) if isinstance(answer, Message) else json.loads(answer)
        assert isinstance(values, dict)
        return values

    def queue(self, **settings: Any) -> dict[str, Any]:
        return self("queues.create", parent=PARENT, body=Queue(name=QUEUE, **settings))

    def task(self, task: Task, view: str = "") -> dict[str, Any]:
        return self(
            "queues.tasks.create", parent=QUEUE, body=CreateTaskRequest(task=task, response_view=view)
        )

    def names(self, **parameters: Any) -> list[str]:
        """The ids of all tasks, over all pages."""
        found: list[str] = []
        token = ""
        while True:
            page = self("queues.tasks.list", parent=QUEUE, page_token=token, **parameters)
            found += [task["name"].rpartition("/")[2] for task in page.get("tasks", [])]
            token = page.get("nextPageToken", "")
            if not token:
                return found


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    made = Emulator()
    with closing(made.store):
        yield made
