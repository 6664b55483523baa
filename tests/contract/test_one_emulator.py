"""All clients use one emulator at one address: a task of one client is read, run, leased and deleted by the others."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import grpc
import pytest
import requests
from google.cloud import tasks_v2

import cloudtasks_nb as ct
from tests.contract.driver import Driver
from tests.contract.drivers import CLIENTS, driver_of
from tests.contract.node_client import NodeClient

PARENT = "projects/local/locations/us-central1"

APP = """
import os, sys
import grpc
from google.cloud import tasks_v2

channel = grpc.insecure_channel(os.environ["CLOUD_TASKS_EMULATOR_HOST"])
transport = tasks_v2.CloudTasksClient.get_transport_class("grpc")(channel=channel)
client = tasks_v2.CloudTasksClient(transport=transport)
task = {"http_request": {"url": sys.argv[2], "body": b'{"order": 4711}'}}
print(client.create_task(parent=sys.argv[1], task=task).name)
"""


@pytest.fixture(scope="module")
def notebook() -> Iterator[ct.Client]:
    with ct.local() as client:
        yield client


@pytest.fixture
def clients(notebook: ct.Client) -> Iterator[dict[str, Driver]]:
    """Every client of the contract suite, on the notebook's emulator."""
    made = {name: driver_of(name, "v2beta2", notebook.endpoint) for name in CLIENTS}
    yield made
    for driver in made.values():
        driver.close()


def test_an_application_that_speaks_grpc_reaches_the_inbox_of_the_notebook(notebook: ct.Client) -> None:
    queue = notebook.create_queue("orders")
    with notebook.emulator.inbox() as inbox:
        environment = {"CLOUD_TASKS_EMULATOR_HOST": notebook.endpoint.removeprefix("http://")}
        command = [sys.executable, "-c", APP, queue.name, inbox.url_for("/orders")]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        (request,) = inbox.wait()
    assert (request.path, request.json()) == ("/orders", {"order": 4711})
    assert done.stdout.strip() == f"{queue.name}/tasks/{request.task}"


def test_what_one_creates_all_others_see_run_and_delete(
    notebook: ct.Client, clients: dict[str, Driver]
) -> None:
    queue = notebook.create_queue("shared")
    with notebook.emulator.inbox() as inbox:
        inbox.on("*")(lambda request: 503)
        queue.pause()
        made = {
            name: client.create_task(queue.name, {"httpRequest": {"url": inbox.url_for("/work")}})["name"]
            for name, client in clients.items()
        }
        for client in clients.values():
            assert {task["name"] for task in client.tasks(queue.name)} == set(made.values())
        others = [*clients.values()]
        for turn, task in enumerate(
            made.values(), start=1
        ):  # one creates it, the next runs it, a third deletes it
            others[turn % len(others)].run_task(task)
            inbox.wait(turn)
            others[(turn + 1) % len(others)].delete_task(task)
    assert queue.refresh().count_tasks() == 0


def test_a_task_that_one_leases_another_acknowledges(notebook: ct.Client, clients: dict[str, Driver]) -> None:
    queue = notebook.create_queue("pull", kind="pull")
    drivers = [*clients.values()]
    for turn, driver in enumerate(drivers):
        queue.create_task({"turn": turn})
        (leased,) = driver.lease(queue.name, maxTasks=5, leaseDuration="60s", responseView="FULL")
        other = drivers[(turn + 1) % len(drivers)]
        renewed = other.renew_lease(leased["name"], leased["scheduleTime"], "120s")
        drivers[(turn + 2) % len(drivers)].acknowledge(leased["name"], renewed["scheduleTime"])
    assert queue.count_tasks() == 0


def test_node_gcloud_and_firebase_meet_there_too(notebook: ct.Client) -> None:
    """The requests that gcloud and firebase-admin send: REST without a version, and with one."""
    host, owner = notebook.endpoint, {"Authorization": "Bearer owner"}
    queue = notebook.create_queue("remind").pause()
    with NodeClient(host) as node, requests.Session() as http:
        http.trust_env = False
        task = {"httpRequest": {"url": "http://localhost:1/work"}}
        node("createTask", {"parent": queue.name, "task": {**task, "name": f"{queue.name}/tasks/node"}})
        data = {"task": {"httpRequest": {"url": "", "body": "e30="}, "name": f"{queue.name}/tasks/firebase"}}
        assert http.post(f"{host}/{queue.name}/tasks", json=data, headers=owner, timeout=60).ok
        body = {"task": {**task, "name": f"{queue.name}/tasks/gcloud"}}
        assert http.post(f"{host}/v2/{queue.name}/tasks", json=body, params={"alt": "json"}, timeout=60).ok
        expected = {"node", "firebase", "gcloud"}
        assert {task.id for task in queue.tasks()} == expected
        assert {
            one["name"].rpartition("/")[2] for one in node("listTasks", {"parent": queue.name})
        } == expected
        listed = http.get(f"{host}/v2/{queue.name}/tasks", params={"alt": "json"}, timeout=60).json()["tasks"]
        assert len(listed) == 3
        assert http.delete(f"{host}/{queue.name}/tasks/node", headers=owner, timeout=60).ok
        node("deleteTask", {"name": f"{queue.name}/tasks/gcloud"})
        queue.task("firebase").delete()
        assert node("listTasks", {"parent": queue.name}) == []


def test_clients_of_all_kinds_at_the_same_time(notebook: ct.Client) -> None:
    """Threads over gRPC and REST, and an event loop, use one queue: no task is lost or duplicated."""
    queue = notebook.create_queue("crowd").pause()
    host = notebook.endpoint.removeprefix("http://")
    names = [f"google-cloud-tasks{kind}" for kind in ("", "-grpc")] + [
        "google-api-python-client",
        "cloudtasks_nb",
    ]
    task: dict[str, Any] = {"httpRequest": {"url": "http://localhost:1/work"}}

    def threaded(name: str) -> list[str]:
        with closing(driver_of(name, "v2", notebook.endpoint)) as driver:
            return [driver.create_task(queue.name, task)["name"] for _ in range(25)]

    async def looped() -> list[str]:
        over_grpc = tasks_v2.CloudTasksAsyncClient.get_transport_class("grpc_asyncio")
        transport = over_grpc(channel=grpc.aio.insecure_channel(host))
        async with tasks_v2.CloudTasksAsyncClient(transport=transport) as client:
            request = {"parent": queue.name, "task": {"http_request": {"url": "http://localhost:1/work"}}}
            return [
                made.name for made in await asyncio.gather(*(client.create_task(request) for _ in range(50)))
            ]

    async def all_at_once() -> list[list[str]]:
        return await asyncio.gather(looped(), *(asyncio.to_thread(threaded, name) for name in names))

    made = [name for names in asyncio.run(all_at_once()) for name in names]
    assert len(made) == len(set(made)) == 150
    assert {task.name for task in queue.tasks()} == set(made)
