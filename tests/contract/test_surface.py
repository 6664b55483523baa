"""All other methods, through those of Google's clients that have them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import tasks_v2beta3
from google.cloud.tasks_v2beta3.services.cloud_tasks.transports.rest import CloudTasksRestTransport
from googleapiclient.errors import HttpError

from tests.contract.driver import Json
from tests.contract.google_clients import CloudLibrary, CloudLibraryGrpc, DiscoveryLibrary
from tests.contract.messages import b64, http_task

TARGET = {"uriOverride": {"host": "example.com", "pathOverride": {"path": "/in"}}}


@pytest.fixture
def later(emulator: str) -> Iterator[tasks_v2beta3.CloudTasksClient]:
    """The library that has batches in this version."""
    scheme, _, host = emulator.partition("://")
    transport = CloudTasksRestTransport(host=host, url_scheme=scheme, credentials=AnonymousCredentials())
    with tasks_v2beta3.CloudTasksClient(transport=transport) as made:
        yield made


def test_locations(client: DiscoveryLibrary, emulator: str) -> None:
    name = "projects/p/locations/europe-west1"
    discovered = client._locations.get(name=name).execute()
    assert (discovered["name"], discovered["locationId"], discovered["displayName"]) == (
        name,
        "europe-west1",
        "Belgium",
    )
    library = CloudLibrary(emulator)
    assert library._client.get_location({"name": name}).location_id == "europe-west1"
    library.close()
    page = client._locations.list(name="projects/p", filter="locationId:europe-west1", pageSize=2).execute()
    assert [location["locationId"] for location in page["locations"]] == ["europe-west1", "europe-west10"]
    rest = client._locations.list(
        name="projects/p", filter="locationId:europe-west1", pageSize=2, pageToken=page["nextPageToken"]
    ).execute()
    assert [location["locationId"] for location in rest["locations"]] == ["europe-west12"]


def test_encryption_keys(client: DiscoveryLibrary, parent: str) -> None:
    name, key = f"{parent}/cmekConfig", f"{parent}/keyRings/r/cryptoKeys/k"
    assert client._locations.getCmekConfig(name=name).execute() == {"name": name}
    asked = client._locations.updateCmekConfig(name=name, updateMask="kmsKey", body={"kmsKey": key})
    assert asked.execute() == {"name": name, "kmsKey": key}
    assert client._locations.getCmekConfig(name=name).execute()["kmsKey"] == key


def test_buffered_requests(client: DiscoveryLibrary, parent: str) -> None:
    queue = client.create_queue(parent, {"name": f"{parent}/queues/jobs", "httpTarget": TARGET})["name"]
    tasks: Any = client._tasks
    body = {"body": {"contentType": "text/plain", "data": b64(b"hello")}}
    task = tasks.buffer(queue=queue, taskId="mine", body=body).execute()["task"]
    assert task["name"] == f"{queue}/tasks/mine"
    assert client.get_task(task["name"], "FULL")["httpRequest"] == {
        "url": "https://example.com/in",
        "httpMethod": "POST",
        "headers": {"Content-Type": "text/plain", "User-Agent": "Google-Cloud-Tasks"},
        "body": b64(b"hello"),
    }


def test_a_queue_yaml(client: DiscoveryLibrary, parent: str) -> None:
    project = parent.split("/")[1]
    text = b"queue:\n- name: default\n  rate: 5/s\n"
    upload = client._service.api().queue().update
    assert upload(appId=project, body={"data": base64.b64encode(text).decode()}).execute() == {}
    assert [queue["rateLimits"]["maxTasksDispatchedPerSecond"] for queue in client.queues(parent)] == [5]
    with pytest.raises(HttpError, match="Refill rate must be specified"):
        upload(appId=project, body={"data": b64(b"queue: [{name: a}]")}).execute()


def test_partial_answers_and_their_refusal(client: DiscoveryLibrary, parent: str) -> None:
    queue = client.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"]
    client.create_task(queue, http_task())
    tasks: Any = client._tasks
    answer = tasks.list(parent=queue, fields="tasks(httpRequest/url,view)").execute()
    assert answer == {"tasks": [{"httpRequest": {"url": "https://example.com/work"}, "view": "BASIC"}]}
    with pytest.raises(HttpError) as refused:
        tasks.list(parent=queue, fields="tasks/colour").execute()
    detail = json.loads(refused.value.content)["error"]["details"][0]
    assert detail["fieldViolations"][0]["field"] == "tasks.colour"


def set_policy(client: DiscoveryLibrary, queue: str, bindings: list[Json], version: int) -> None:
    policy = {"bindings": bindings, "version": version}
    client._queues.setIamPolicy(resource=queue, body={"policy": policy}).execute()


def test_conditions_need_version_three(client: DiscoveryLibrary, parent: str) -> None:
    queue = client.create_queue(parent, {"name": f"{parent}/queues/jobs"})["name"]
    binding = {
        "role": "roles/cloudtasks.viewer",
        "members": ["user:ada@example.com"],
        "condition": {"title": "soon", "expression": "true"},
    }
    with pytest.raises(HttpError, match="invalid argument"):
        set_policy(client, queue, [binding], 1)
    set_policy(client, queue, [binding], 3)
    plain = client._queues.getIamPolicy(resource=queue, body={}).execute()
    assert plain["bindings"][0]["role"].startswith("roles/cloudtasks.viewer_withcond_")
    body = {"options": {"requestedPolicyVersion": 3}}
    assert client._queues.getIamPolicy(resource=queue, body=body).execute()["bindings"] == [binding]
    with pytest.raises(HttpError, match="is not supported for this resource"):
        set_policy(client, queue, plain["bindings"], 1)


def test_a_batch_as_an_operation(later: tasks_v2beta3.CloudTasksClient, parent: str) -> None:
    queue = f"{parent}/queues/jobs"
    later.create_queue(parent=parent, queue={"name": queue})
    request = {"http_request": {"url": "https://example.com"}}
    creations = [{"parent": queue, "task": request}] * 3 + [{"parent": queue, "task": {}}]
    created = later.batch_create_tasks({"parent": queue, "requests": creations})
    assert created.done()
    names = [task.name for task in created.result().tasks]
    assert len(names) == 3
    assert created.metadata.state.name == "PARTIALLY_SUCCEEDED"
    assert created.metadata.failed_requests[3].message == "Task.payload_type is not set."
    deleted = later.batch_delete_tasks({"parent": queue, "names": names})
    deleted.result()
    assert deleted.metadata.state.name == "SUCCEEDED"
    assert list(later.list_tasks(parent=queue)) == []


def test_the_surface_over_grpc(emulator: str, parent: str) -> None:
    """Batches with their operations, keys, locations, policies, and in v2beta2 an uploaded queue.yaml."""
    with closing(CloudLibraryGrpc(emulator, "v2")) as library:
        official = library._client
        queue = official.create_queue(parent=parent, queue={"name": f"{parent}/queues/jobs"}).name
        requests = [{"parent": queue, "task": {"http_request": {"url": "https://example.com"}}}] * 3
        bad = {"parent": queue, "task": {"http_request": {"url": "ftp://example.com"}}}
        created = official.batch_create_tasks(parent=queue, requests=[*requests, bad])
        assert created.metadata.state.name == "PARTIALLY_SUCCEEDED"
        assert created.metadata.failed_requests[3].code == 3
        names = [task.name for task in created.result().tasks]
        assert len(names) == 3
        kept = official.get_operation({"name": created.operation.name})
        assert kept.done
        assert kept.response == created.operation.response
        deleted = official.batch_delete_tasks(parent=queue, names=names)
        assert deleted.metadata.state.name == "SUCCEEDED"
        assert list(official.list_tasks(parent=queue)) == []
        key = f"{parent}/keyRings/r/cryptoKeys/k"
        config = {"name": f"{parent}/cmekConfig", "kms_key": key}
        assert (
            official.update_cmek_config(cmek_config=config, update_mask={"paths": ["kms_key"]}).kms_key == key
        )
        assert official.get_cmek_config(name=f"{parent}/cmekConfig").kms_key == key
        assert official.get_location({"name": parent}).location_id == "us-central1"
        some = official.list_locations({"name": parent.partition("/locations")[0], "page_size": 3})
        assert len(some.locations) == 3
        assert some.next_page_token
        policy = official.set_iam_policy(
            {
                "resource": queue,
                "policy": {"bindings": [{"role": "roles/viewer", "members": ["user:ada@example.com"]}]},
            }
        )
        assert official.get_iam_policy({"resource": queue}).etag == policy.etag
    with closing(CloudLibraryGrpc(emulator, "v2beta2")) as library:
        project = parent.split("/")[1]
        body = {"content_type": "application/yaml", "data": b"queue:\n- name: uploaded\n  rate: 5/s\n"}
        library._client.upload_queue_yaml({"app_id": project, "http_body": body})
        assert (
            library.get_queue(f"{parent}/queues/uploaded")["rateLimits"]["maxTasksDispatchedPerSecond"] == 5
        )
