"""Other methods: buffered requests, encryption keys, queue.yaml, locations."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest
import requests


@pytest.fixture
def location(emulator: str) -> str:
    """URL of a location in a separate project."""
    return f"{emulator}/v2beta2/projects/p-{uuid.uuid4().hex[:12]}/locations/us-central1"


def new_queue(session: requests.Session, location: str, **settings: Any) -> str:
    name = location.partition("/v2beta2/")[2] + "/queues/q"
    session.post(f"{location}/queues", json={"name": name, **settings}).raise_for_status()
    return f"{location}/queues/q"


TARGET = {
    "httpMethod": "PUT",
    "uriOverride": {
        "host": "example.com",
        "port": "8443",
        "pathOverride": {"path": "/in"},
        "queryOverride": {"queryParams": "a=1"},
    },
}


@pytest.mark.parametrize("name", ["", "q", "projects/p/queues/q"])
def test_what_is_no_name_of_a_queue_is_explained(session: requests.Session, location: str, name: str) -> None:
    error = session.post(f"{location}/queues", json={"name": name}).json()["error"]
    assert error["message"].startswith("Queue name must be formatted:")
    assert error["details"][0]["@type"] == "type.googleapis.com/google.rpc.Help"
    assert error["details"][0]["links"][0]["description"] == "Definition of queue name"


def test_whatever_is_sent_becomes_the_payload(session: requests.Session, location: str) -> None:
    queue = new_queue(session, location, httpTarget=TARGET)
    answer = session.post(
        f"{queue}/tasks:buffer", data=b"{'message': 'hi'}", headers={"Content-Type": "text/x"}
    )
    task = answer.json()["task"]
    assert task["httpRequest"]["url"] == "https://example.com:8443/in?a=1"
    assert task["httpRequest"]["httpMethod"] == "PUT"
    assert task["httpRequest"]["headers"]["Content-Type"] == "text/x"
    assert "body" not in task["httpRequest"]
    full = session.get(f"{queue}/tasks", params={"responseView": "FULL"}).json()["tasks"][0]
    assert base64.b64decode(full["httpRequest"]["body"]) == b"{'message': 'hi'}"
    assert full["name"] == task["name"]


def test_the_message_of_the_method_is_understood_too(session: requests.Session, location: str) -> None:
    queue = new_queue(session, location, httpTarget=TARGET)
    body = {"body": {"contentType": "text/plain", "data": base64.b64encode(b"hello").decode()}}
    answer = session.post(f"{queue}/tasks/mine:buffer", json=body).json()
    assert answer["task"]["name"].endswith("/queues/q/tasks/mine")
    full = session.get(f"{queue}/tasks/mine", params={"responseView": "FULL"}).json()["httpRequest"]
    assert (full["body"], full["headers"]["Content-Type"]) == (body["body"]["data"], "text/plain")
    again = session.post(f"{queue}/tasks/mine:buffer", json=body)
    assert (again.status_code, again.json()["error"]["status"]) == (409, "ALREADY_EXISTS")
    assert session.post(f"{queue}/tasks/other:buffer", json={"body": {"data": 5}}).status_code == 400
    assert session.post(f"{queue}/tasks/other:buffer").status_code == 200
    unnamed = session.post(f"{queue}/tasks/:buffer", json=body)  # as gcloud sends it
    assert (unnamed.status_code, unnamed.json()["task"]["name"].rpartition("/")[2].isdecimal()) == (200, True)


def test_buffering_needs_a_target(session: requests.Session, location: str) -> None:
    queue = new_queue(session, location)
    refused = session.post(f"{queue}/tasks:buffer", data=b"x")
    assert (refused.status_code, "HTTP target" in refused.json()["error"]["message"]) == (400, True)
    assert session.post(f"{queue}/tasks/a.b:buffer", data=b"x").status_code == 400
    assert session.get(f"{queue}/tasks").json() == {}


def test_encryption_keys(session: requests.Session, location: str) -> None:
    url, name = f"{location}/cmekConfig", location.partition("/v2beta2/")[2] + "/cmekConfig"
    key = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
    assert session.get(url).json() == {"name": name}
    assert session.patch(url, json={"kmsKey": key}).json() == {"name": name, "kmsKey": key}
    assert session.patch(url, params={"updateMask": "name"}, json={}).json() == {"name": name, "kmsKey": key}
    assert session.get(url).json()["kmsKey"] == key
    answer = session.patch(url, params={"updateMask": "kmsKey"}, json={"kms_key": ""})
    assert answer.json() == {"name": name}
    for body in ({"kmsKey": "k"}, {"kmsKey": key.replace("us-central1", "us-east1")}, {"name": "x"}):
        assert session.patch(url, json=body).status_code == 400
    assert session.patch(url, params={"updateMask": "colour"}, json={}).status_code == 400


def test_an_uploaded_file(session: requests.Session, emulator: str, location: str) -> None:
    project = location.partition("/projects/")[2].partition("/")[0]
    url = f"{emulator}/api/queue/update?appId={project}"
    assert session.post(url, data="queue:\n- name: default\n  rate: 5/s\n").json() == {}
    assert session.get(f"{location}/queues/default").json()["rateLimits"]["maxTasksDispatchedPerSecond"] == 5
    data = base64.b64encode(b"queue:\n- name: more\n  rate: 6/s\n").decode()
    assert session.post(url, json={"contentType": "application/yaml", "data": data}).status_code == 200
    assert session.get(f"{location}/queues/more").json()["rateLimits"]["maxTasksDispatchedPerSecond"] == 6
    refused = session.post(url, data="queue: [{name: bad}]")
    assert refused.json()["error"]["message"] == (
        "Invalid queue configuration. Refill rate must be specified for push-based queue."
    )


def test_locations_are_filtered_and_paged(session: requests.Session, emulator: str) -> None:
    url = f"{emulator}/v2beta2/projects/p/locations"
    found = session.get(url, params={"filter": 'displayName="Tokyo"'}).json()["locations"]
    assert [location["locationId"] for location in found] == ["asia-northeast1"]
    every = [location["locationId"] for location in session.get(url).json()["locations"]]
    seen: list[str] = []
    token = ""
    while True:
        page = session.get(url, params={"pageSize": 7, "pageToken": token, "filter": "name:west"}).json()
        seen += [location["locationId"] for location in page["locations"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    assert seen == [region for region in every if "west" in region]
    assert session.get(url, params={"filter": "colour=red"}).status_code == 400
    listing = {"pageSize": 1, "extraLocationTypes": ["a", "b"]}
    assert json.dumps(session.get(url, params=listing).json()).count("locationId") == 1
