"""Batches through Google's discovery client, the only one of its libraries that has them in v2beta2."""

from __future__ import annotations

from typing import Any

from tests.contract.driver import Json
from tests.contract.google_clients import DiscoveryLibrary
from tests.contract.messages import http_task


def test_a_batch_and_its_operation(client: DiscoveryLibrary, parent: str) -> None:
    queue = str(client.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"])
    tasks: Any = client._tasks
    requests: list[Json] = [
        {"parent": queue, "task": {**http_task(), "name": f"{queue}/tasks/t{at}"}} for at in range(100)
    ]
    created = tasks.batchCreate(parent=queue, body={"requests": requests}).execute()
    assert created["metadata"]["state"] == "SUCCEEDED"
    assert [task["name"] for task in created["response"]["tasks"]] == [
        request["task"]["name"] for request in requests
    ]
    operation = client._locations.operations().get(name=created["name"]).execute()
    assert operation == created
    names = [task["name"] for task in client.tasks(queue)]
    assert len(names) == 100
    deleted = tasks.batchDelete(parent=queue, body={"names": [*names, f"{queue}/tasks/none"]}).execute()
    assert list(deleted["metadata"]["failedRequests"]) == ["100"]
    assert client.tasks(queue) == []
