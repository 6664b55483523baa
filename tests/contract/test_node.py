"""Google's client for Node over gRPC: the usual calls of applications, in all versions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.driver import Refused
from tests.contract.node_client import NodeClient

ALREADY_EXISTS, INVALID_ARGUMENT, NOT_FOUND = 6, 3, 5


@pytest.fixture
def node(emulator: str) -> Iterator[NodeClient]:
    with NodeClient(emulator) as made:
        yield made


@pytest.mark.parametrize("version", ["v2", "v2beta3", "v2beta2"])
def test_a_walk(node: NodeClient, parent: str, version: str) -> None:
    queue = f"{parent}/queues/node-{version}"
    limits = "maxTasksDispatchedPerSecond" if version == "v2beta2" else "maxDispatchesPerSecond"
    node("createQueue", {"parent": parent, "queue": {"name": queue, "rateLimits": {limits: 5}}}, version)
    assert node("getQueue", {"name": queue}, version)["rateLimits"][limits] == 5
    change = {
        "queue": {"name": queue, "retryConfig": {"maxAttempts": 4}},
        "updateMask": {"paths": ["retry_config"]},
    }
    assert node("updateQueue", change, version)["retryConfig"]["maxAttempts"] == 4
    task = {"name": f"{queue}/tasks/t", "httpRequest": {"url": "https://example.com/", "body": "AP8="}}
    created = node("createTask", {"parent": queue, "task": task, "responseView": "FULL"}, version)
    assert created["name"] == task["name"]
    assert bytes(created["httpRequest"]["body"]["data"]) == b"\x00\xff"
    for method, request, code in (
        ("createTask", {"parent": queue, "task": task}, ALREADY_EXISTS),
        ("createTask", {"parent": queue, "task": {**task, "name": f"{queue}/tasks/a.b"}}, INVALID_ARGUMENT),
        ("getTask", {"name": f"{queue}/tasks/none"}, NOT_FOUND),
    ):
        with pytest.raises(Refused) as refused:
            node(method, request, version)
        assert refused.value.code == code
    assert [one["name"] for one in node("listTasks", {"parent": queue}, version)] == [task["name"]]
    assert node("pauseQueue", {"name": queue}, version)["state"] == "PAUSED"
    node("deleteTask", {"name": task["name"]}, version)
    assert node("listTasks", {"parent": queue}, version) == []
    assert node("getLocation", {"name": parent}, version)["locationId"] == "us-central1"
    policy = {"bindings": [{"role": "roles/cloudtasks.viewer", "members": ["user:ada@example.com"]}]}
    node("setIamPolicy", {"resource": queue, "policy": policy}, version)
    assert (
        node("getIamPolicy", {"resource": queue}, version)["bindings"][0]["role"] == "roles/cloudtasks.viewer"
    )
    node("deleteQueue", {"name": queue}, version)


def test_pull_leases(node: NodeClient, parent: str) -> None:
    queue = f"{parent}/queues/pull"
    node("createQueue", {"parent": parent, "queue": {"name": queue, "pullTarget": {}}}, "v2beta2")
    task = {"pullMessage": {"payload": "eA==", "tag": "a"}}
    node("createTask", {"parent": queue, "task": task}, "v2beta2")
    asked = {"parent": queue, "maxTasks": 5, "leaseDuration": {"seconds": 60}, "filter": 'tag="a"'}
    (leased,) = node("leaseTasks", asked, "v2beta2")["tasks"]
    held = {"name": leased["name"], "scheduleTime": leased["scheduleTime"]}
    renewed = node("renewLease", {**held, "leaseDuration": {"seconds": 120}}, "v2beta2")
    assert int(renewed["scheduleTime"]["seconds"]) > int(leased["scheduleTime"]["seconds"])
    node("acknowledgeTask", {"name": leased["name"], "scheduleTime": renewed["scheduleTime"]}, "v2beta2")
    assert node("listTasks", {"parent": queue}, "v2beta2") == []
