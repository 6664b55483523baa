"""A read-only client sends no call that changes the service, from any caller, and sends all reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model.methods import METHODS
from cloudtasks_nb.rest.session import Session

URL = "http://127.0.0.1:9/x"


@pytest.fixture
def reader(emulator: str) -> Iterator[ct.Client]:
    """A client that reads the queues of another client."""
    project = f"ro-{uuid4().hex[:8]}"
    with ct.connect(project, "us-central1", endpoint=emulator) as owner:
        owner.create_queue("push").pause().create_task({"n": 1}, url=URL, task_id="one", schedule=600)
        owner.create_queue("work", kind="pull").create_task(b"1")
    with ct.connect(project, "us-central1", endpoint=emulator, read_only=True) as client:
        yield client


@pytest.fixture
def requests(reader: ct.Client, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests of the client, as method and URL."""
    seen: list[str] = []
    exchange = Session.exchange

    def noted(self: Session, verb: str, url: str, *rest: Any) -> Any:
        seen.append(f"{verb} {url}")
        return exchange(self, verb, url, *rest)

    monkeypatch.setattr(Session, "exchange", noted)
    return seen


def test_what_reads_works_and_the_client_says_what_it_is(reader: ct.Client) -> None:
    queue = reader.queue("push", stats=True)
    assert queue.tasks(view="FULL").first(1)[0].json() == {"n": 1}
    assert queue.iam_policy().bindings == []
    assert queue.test_iam_permissions(["cloudtasks.tasks.create"])
    assert (reader.read_only, "read-only" in repr(reader), "read-only" in str(reader)) == (True, True, True)
    assert queue.panel().read_only and reader.explore().read_only
    assert reader.api.projects.locations.queues.get(queue.name)["state"] == "PAUSED"
    with reader.batch() as batch:
        read = batch.add(queue.refresh)
    assert read.ok


CHANGES: dict[str, Callable[[ct.Client, ct.Queue, ct.Queue], Any]] = {
    "create_queue": lambda client, push, work: client.create_queue("new"),
    "update": lambda client, push, work: push.update(retry_config={"max_attempts": 1}),
    "pause": lambda client, push, work: push.pause(),
    "resume": lambda client, push, work: push.resume(),
    "purge": lambda client, push, work: push.purge(),
    "delete": lambda client, push, work: push.delete(),
    "create_task": lambda client, push, work: push.create_task(url=URL),
    "buffer": lambda client, push, work: push.buffer(b"1"),
    "run": lambda client, push, work: push.task("one").run(),
    "delete task": lambda client, push, work: push.task("one").delete(),
    "lease": lambda client, push, work: work.lease(),
    "worker": lambda client, push, work: work.worker(lambda task: None).run(until_empty=True),
    "batch_create": lambda client, push, work: work.batch_create([b"1"]),
    "batch_delete": lambda client, push, work: push.batch_delete("one"),
    "yaml": lambda client, push, work: client.upload_queue_yaml("queue:\n- name: n\n  rate: 1/s\n"),
    "cmek": lambda client, push, work: client.location("us-central1").update_cmek("k"),
    "policy": lambda client, push, work: push.set_iam_policy(push.iam_policy()),
    "api": lambda client, push, work: client.api.projects.locations.queues.purge(push.name),
    "api.v2": lambda client, push, work: client.api.v2.projects.locations.queues.pause(push.name),
    "unchecked": lambda client, push, work: client.api.unchecked.projects.locations.queues.pause(push.name),
    "batch": lambda client, push, work: client.batch().add(push.pause),
    "clock": lambda client, push, work: client.emulator.advance("1h"),
    "faults": lambda client, push, work: client.emulator.faults(unavailable=1.0),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_is_refused_before_anything_is_sent(
    change: str, reader: ct.Client, requests: list[str]
) -> None:
    push, work = reader.queue("push"), reader.queue("work")
    with pytest.raises(ct.ReadOnly, match="read-only") as refused:
        CHANGES[change](reader, push, work)
    assert "read_only=True" in str(refused.value.hint)
    assert [one for one in requests if not one.startswith("GET ") and "IamPolicy" not in one] == []
    assert (push.refresh().state, push.count_tasks(), work.count_tasks()) == ("PAUSED", 1, 1)


@pytest.mark.parametrize("verb", ["create_tasks", "delete_tasks", "run_tasks", "copy_tasks", "move_tasks"])
def test_bulk_verbs_send_nothing(verb: str, reader: ct.Client, requests: list[str]) -> None:
    push = reader.queue("push")
    call: dict[str, Callable[[], ct.BulkResult]] = {
        "create_tasks": lambda: push.create_tasks([{"url": URL}] * 3, progress=False),
        "delete_tasks": lambda: push.delete_tasks(["one", "two"], progress=False),
        "run_tasks": lambda: push.run_tasks(["one", "two"], progress=False),
        "copy_tasks": lambda: push.copy_tasks(to="other", progress=False),
        "move_tasks": lambda: push.move_tasks(to="other", progress=False),
    }
    try:
        result = call[verb]()
    except ct.ReadOnly:
        pass
    else:
        assert result.done == 0 and all(
            "read-only" in str(message) for message in result.to_dataframe()["message"]
        )
    assert [one for one in requests if not one.startswith("GET ") and "/batch" not in one] == []
    assert push.count_tasks() == 1


def test_every_method_either_reads_or_is_refused() -> None:
    reads = {name.rpartition(".")[2] for name, method in METHODS.items() if not method.changes}
    assert reads == {"list", "get", "getCmekConfig", "getIamPolicy", "testIamPermissions"}
    assert all(
        method.permission is None or method.repeatable for method in METHODS.values() if not method.changes
    )


def test_an_emulator_of_ones_own_may_be_read_only(tmp_path: Any) -> None:
    with ct.local(tmp_path / "kept.db") as client:
        client.create_queue("kept")
    with ct.local(tmp_path / "kept.db", read_only=True) as client:
        assert [queue.id for queue in client.queues()] == ["kept"]
        with pytest.raises(ct.ReadOnly):
            client.create_queue("new")
