"""Every public verb, for queues of every kind, read or not: the version of its call, and the request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model import AppEngineHttpTarget, PullTarget
from cloudtasks_nb.model.queue import KINDS
from cloudtasks_nb.model.versions import VERSIONS
from cloudtasks_nb.names import parse_queue
from cloudtasks_nb.resources.queue import queue_unread
from cloudtasks_nb.rest.auth import Auth
from cloudtasks_nb.rest.call import Call
from cloudtasks_nb.rest.session import Session, sending_instead
from tests.unit.model.discovery import described, document

PLACE = "projects/p/locations/us-central1"
QUEUE = f"{PLACE}/queues/q"
URL = "https://example.com/x"
DOCUMENTS = {version: document(version) for version in VERSIONS}
Verb = Callable[[ct.Client, ct.Queue], Any]

EITHER: dict[str, tuple[Verb, str]] = {
    # the verb, and its version for a push queue; for a pull queue it is v2beta2, except for those in PULL
    "refresh": (lambda client, queue: queue.refresh(), "v2beta3"),
    "refresh stats": (lambda client, queue: queue.refresh(stats=True), "v2beta3"),
    "update": (lambda client, queue: queue.update(retry_config={"max_attempts": 5}), "v2beta3"),
    "update logging": (
        lambda client, queue: queue.update(stackdriver_logging_config={"sampling_ratio": 1.0}),
        "v2beta3",
    ),
    "update to the default": (
        lambda client, queue: queue.update(stackdriver_logging_config={"sampling_ratio": None}),
        "v2beta3",
    ),
    "pause": (lambda client, queue: queue.pause(), "v2beta3"),
    "resume": (lambda client, queue: queue.resume(), "v2beta3"),
    "purge": (lambda client, queue: queue.purge(), "v2beta3"),
    "delete": (lambda client, queue: queue.delete(), "v2beta3"),
    "tasks": (lambda client, queue: queue.tasks(), "v2beta3"),
    "tasks in order": (lambda client, queue: queue.tasks(order_by="schedule_time", view="FULL"), "v2beta3"),
    "count_tasks": (lambda client, queue: queue.count_tasks(progress=False), "v2beta3"),
    "task": (lambda client, queue: queue.task("t"), "v2beta3"),
    "run": (lambda client, queue: queue.task("t", read=False).run(), "v2beta3"),
    "delete task": (lambda client, queue: queue.task("t", read=False).delete(), "v2beta3"),
    "batch_delete": (lambda client, queue: queue.batch_delete("t"), "v2beta3"),
    "lease": (lambda client, queue: queue.lease(tag="red"), "v2beta2"),
    "iam_policy": (lambda client, queue: queue.iam_policy(), "v2beta3"),
    "test_iam_permissions": (
        lambda client, queue: queue.test_iam_permissions(["cloudtasks.tasks.create"]),
        "v2beta3",
    ),
    "buffer": (lambda client, queue: queue.buffer(b"1", task_id="t"), "v2beta3"),
}
PULL = {"update logging": "v2beta3", "update to the default": "v2beta3"}
CREATING: dict[str, tuple[str, dict[str, Any]]] = {
    "http": ("v2beta3", {"url": URL}),
    "app_engine": ("v2beta3", {"relative_url": "/x"}),
    "pull": ("v2beta2", {"tag": "red"}),
}
OF_CLIENTS: dict[str, tuple[Callable[[ct.Client], Any], str]] = {
    "locations": (lambda client: client.locations(), "v2beta3"),
    "location": (lambda client: client.location("us-central1"), "v2beta3"),
    "queues": (lambda client: client.queues(), "v2beta3"),
    "queues stats": (lambda client: client.queues(stats=True), "v2beta3"),
    "queues filter": (lambda client: client.queues(filter="rateLimits.maxConcurrentTasks>5"), "v2beta2"),
    "queue": (lambda client: client.queue("q"), "v2beta3"),
    "task": (lambda client: client.task(f"{QUEUE}/tasks/t"), "v2beta3"),
    "operation": (lambda client: client.operation(f"{PLACE}/operations/o"), "v2beta3"),
    "create_queue": (lambda client: client.create_queue("q", task_ttl=10**6), "v2beta3"),
    "create pull queue": (lambda client: client.create_queue("q", kind="pull"), "v2beta2"),
    "create logged pull queue": (
        lambda client: client.create_queue(
            "q", kind="pull", stackdriver_logging_config={"sampling_ratio": 1.0}
        ),
        "v2beta3",
    ),
    "create app queue": (lambda client: client.create_queue("q", kind="app_engine"), "v2beta3"),
    "upload_queue_yaml": (lambda client: client.upload_queue_yaml("queue:\n- name: q\n"), "v2beta2"),
    "api": (lambda client: client.api.projects.locations.queues.get(QUEUE), "v2beta2"),
    "api.v2": (lambda client: client.api.v2.projects.locations.queues.get(QUEUE), "v2"),
}


class Sent(Exception):
    def __init__(self, call: Call) -> None:
        self.call = call


def sent(act: Callable[[], Any]) -> Call:
    """The first call of a verb, validated against the document of its version."""

    def keep(session: Session, call: Call) -> bytes:
        raise Sent(call)

    with sending_instead(keep), pytest.raises(Sent) as caught:
        act()
    call = caught.value.call
    official = described(DOCUMENTS[call.method.version])[call.method.id]
    assert call.given - {"prettyPrint", "fields", "orderBy"} <= {*official["parameters"]}
    if call.body is not None and "$ref" in official.get("request", {}):
        check(json.loads(call.body), official["request"]["$ref"], DOCUMENTS[call.method.version]["schemas"])
    return call


def check(values: dict[str, Any], kind: str, schemas: dict[str, Any]) -> None:
    """Check that the document has every member."""
    for name, value in values.items():
        member = schemas[kind]["properties"][name]
        inner = member.get("$ref") or member.get("items", {}).get("$ref")
        for held in value if isinstance(value, list) else [value]:
            if inner is not None and isinstance(held, dict):
                check(held, inner, schemas)


@pytest.fixture
def client() -> ct.Client:
    return ct.Client(Session("http://127.0.0.1:9", Auth()), "p", "us-central1")


def handle(client: ct.Client, kind: Any, *, read: bool) -> ct.Queue:
    if not read:
        return queue_unread(client._session, parse_queue(QUEUE), kind)
    target: dict[str, Any] = {"pull": {"pull_target": PullTarget()}}.get(kind, {})
    target |= {"app_engine": {"app_engine_http_target": AppEngineHttpTarget()}}.get(kind, {})
    return ct.Queue(name=QUEUE, state="RUNNING", **target).bind(client._session)


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("kind", [*KINDS, None])
@pytest.mark.parametrize("verb", EITHER)
def test_a_verb_is_spoken_in_the_version_that_carries_it(
    verb: str, kind: str | None, read: bool, client: ct.Client
) -> None:
    if read and kind is None:
        kind = "http"  # a queue that was read has a kind
    act, push = EITHER[verb]
    expected = PULL.get(verb, "v2beta2") if kind == "pull" else push
    call = sent(lambda: act(client, handle(client, kind, read=read)))
    assert call.method.version == expected
    assert call.target.startswith(f"/{expected}/")


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("known", [True, False])
def test_a_task_is_created_in_a_version_that_can_set_all_of_it(
    kind: str, read: bool, known: bool, client: ct.Client
) -> None:
    expected, options = CREATING[kind]
    queue = handle(client, kind if known or read else None, read=read)
    for act in (
        lambda: queue.create_task(b"1", **options),
        lambda: queue.batch_create([{"payload": b"1", **options}]),
    ):
        call = sent(act)
        assert call.method.version == expected
    if kind != "pull":
        assert b"dispatchDeadline" in (
            sent(lambda: queue.create_task(dispatch_deadline=20, **options)).body or b""
        )


@pytest.mark.parametrize("verb", OF_CLIENTS)
def test_a_verb_of_a_client_is_spoken_in_the_version_that_carries_it(verb: str, client: ct.Client) -> None:
    act, expected = OF_CLIENTS[verb]
    assert sent(lambda: act(client)).method.version == expected


def test_what_is_about_a_lease_is_always_spoken_in_v2beta2(client: ct.Client) -> None:
    task = ct.Task(
        name=f"{QUEUE}/tasks/t",
        create_time="2026-01-01T00:00:00Z",  # type: ignore[arg-type]
    ).bind(client._session)
    from datetime import UTC, datetime

    from cloudtasks_nb.model import TaskStatus

    task.create_time = task.schedule_time = datetime(2026, 1, 1, tzinfo=UTC)
    task.status = TaskStatus(attempt_dispatch_count=1)
    for act in (task.acknowledge, lambda: task.renew_lease(60), task.cancel_lease):
        assert sent(act).method.version == "v2beta2"
