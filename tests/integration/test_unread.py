"""Handles that make no read, for identities that may only create, run or delete tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

import cloudtasks_nb as ct

URL = "http://127.0.0.1:9/x"


@pytest.fixture(scope="module")
def owner() -> Iterator[ct.Client]:
    with ct.local(enforce_iam=True, dispatch=False) as client:
        yield client


@pytest.fixture
def queues(owner: ct.Client) -> dict[str, ct.Queue]:
    """A queue of each kind, with a task."""
    made = {
        kind: owner.create_queue(f"{kind.replace('_', '-')}-{uuid4().hex[:8]}", kind=kind)  # type: ignore[arg-type]
        for kind in ("http", "app_engine", "pull")
    }
    made["http"].create_task({"n": 1}, url=URL, task_id="one", schedule=600)
    made["app_engine"].create_task({"n": 1}, relative_url="/x", task_id="one", schedule=600)
    made["pull"].create_task(b"1", task_id="one")
    return made


Acting = Callable[[str], ct.Client]


@pytest.fixture
def acting(owner: ct.Client, queues: dict[str, ct.Queue]) -> Iterator[Acting]:
    """Clients of identities that have only one role on these queues."""
    clients: list[ct.Client] = []

    def with_role(role: str) -> ct.Client:
        member = f"{role.lower()}@example.com"
        for queue in queues.values():
            queue.set_iam_policy(queue.iam_policy().grant(f"roles/cloudtasks.{role}", f"user:{member}"))
        clients.append(ct.connect("local", "us-central1", endpoint=owner.endpoint, access_token=member))
        return clients[-1]

    yield with_role
    for client in clients:
        client.close()


def test_who_may_only_create_creates(acting: Acting, queues: dict[str, ct.Queue]) -> None:
    client = acting("enqueuer")
    with pytest.raises(ct.PermissionDenied):
        client.queue(queues["http"].id)
    http = client.queue(queues["http"].id, read=False)
    assert http.create_task({"n": 2}, url=URL, dispatch_deadline=20).kind == "http"
    assert http.create_tasks([{"url": URL}, {"url": URL}], progress=False).ok
    assert (
        client.queue(queues["app_engine"].id, read=False).create_task(b"2", relative_url="/y").kind
        == "app_engine"
    )
    assert (
        client.queue(queues["app_engine"].id, read=False, kind="app_engine").create_task(b"2").kind
        == "app_engine"
    )
    pull = client.queue(queues["pull"].id, read=False)
    assert pull.create_task(b"2", tag="red").kind == "pull"
    assert (
        client.queue(queues["pull"].id, read=False, kind="pull").create_tasks([b"3", b"4"], progress=False).ok
    )
    assert {kind: queue.count_tasks(progress=False) for kind, queue in queues.items()} == {
        "http": 4,
        "app_engine": 3,
        "pull": 4,
    }


def test_without_a_kind_and_without_an_option_that_says_it_the_task_is_refused(
    acting: Acting, queues: dict[str, ct.Queue]
) -> None:
    queue = acting("enqueuer").queue(queues["pull"].id, read=False)
    for create in (
        lambda: queue.create_task(b"1"),
        lambda: queue.batch_create([b"1"]),
        lambda: queue.create_tasks([b"1"], progress=False),
    ):
        with pytest.raises((ct.InvalidArgument, ct.InvalidRows), match=r"kind of the queue .* is unknown"):
            create()
    assert queues["pull"].count_tasks(progress=False) == 1
    with pytest.raises(ct.InvalidArgument, match="tag cannot be set on this task"):
        queue.create_task(b"1", url=URL, tag="red")


def test_who_may_only_run_runs(acting: Acting, queues: dict[str, ct.Queue]) -> None:
    client = acting("taskRunner")
    name = queues["http"].task("one").name
    with pytest.raises(ct.PermissionDenied):
        client.queue(queues["http"].id)
    assert client.task(name, read=False).run().dispatch_count == 1
    handle = client.queue(queues["http"].id, read=False)
    assert handle.task("one", read=False).run().dispatch_count == 2
    assert handle.run_tasks(["one"], progress=False).ok


def test_who_may_only_delete_deletes(acting: Acting, queues: dict[str, ct.Queue]) -> None:
    client = acting("taskDeleter")
    with pytest.raises(ct.PermissionDenied):
        client.task(queues["http"].task("one").name)
    client.task(queues["http"].task("one").name, read=False).delete()
    client.queue(queues["app_engine"].id, read=False).task("one", read=False).delete()
    assert client.queue(queues["pull"].id, read=False).delete_tasks(["one"], progress=False).ok
    assert all(queue.count_tasks(progress=False) == 0 for queue in queues.values())


def test_what_is_read_later_is_known_and_nothing_is_read_before(
    owner: ct.Client, queues: dict[str, ct.Queue]
) -> None:
    queue = owner.location("us-central1").queue(queues["pull"].id, read=False)
    assert queue.state == ""
    [task] = queue.tasks(view="FULL")
    assert (task.kind, task.payload) == ("pull", b"1")
    assert len(queue.lease()) == 1
    assert queue.refresh().kind == "pull"
    assert queue.create_task(b"2").kind == "pull"


def test_a_kind_or_statistics_need_the_right_company(owner: ct.Client, queues: dict[str, ct.Queue]) -> None:
    name = queues["http"].id
    for wrong in ({"kind": "pull"}, {"read": False, "stats": True}, {"read": False, "kind": "push"}):
        with pytest.raises(ct.ConfigError, match=r"kind|stats"):
            owner.queue(name, **wrong)  # type: ignore[arg-type]
