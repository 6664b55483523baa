"""The demo is always the same, and without dispatching no task is overdue."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cloudtasks_nb.emulator.server import demo

from .conftest import NOW, Emulator


def test_the_demo_is_the_same_each_time() -> None:
    shown = []
    for _ in range(2):
        emulator = Emulator()
        demo.fill(emulator.store, NOW)
        parent = "projects/local/locations"
        tasks = {
            queue: emulator("queues.tasks.list", parent=f"{parent}/{queue}", response_view="FULL")["tasks"]
            for queue in (
                "us-central1/queues/emails",
                "us-central1/queues/thumbnails",
                "europe-west1/queues/webhooks",
            )
        }
        shown.append(tasks)
        emulator.store.close()
    assert shown[0] == shown[1]
    webhooks = shown[0]["europe-west1/queues/webhooks"]
    codes = {
        task["status"]["lastAttemptStatus"]["responseStatus"]["code"] for task in webhooks if "status" in task
    }
    assert codes == {4, 5, 8, 13, 14}
    assert all(datetime.fromisoformat(task["createTime"]) <= NOW for task in webhooks)


@pytest.mark.parametrize(
    "queue",
    [
        "us-central1/queues/emails",
        "us-central1/queues/reports",
        "europe-west1/queues/webhooks",
        "asia-northeast1/queues/translations",
    ],
)
def test_where_the_demo_dispatches_nothing_is_overdue(emulator: Emulator, queue: str) -> None:
    demo.fill(emulator.store, NOW)
    name = f"projects/local/locations/{queue}"
    tasks = emulator("queues.tasks.list", parent=name)["tasks"]
    assert all(datetime.fromisoformat(task["scheduleTime"]) > NOW - timedelta(seconds=5) for task in tasks)
    assert emulator("queues.get", name=name)["state"] == "RUNNING"
