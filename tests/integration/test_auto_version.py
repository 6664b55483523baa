"""One client, all versions: each call uses a version that supports it, and loses no data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model import StackdriverLoggingConfig
from cloudtasks_nb.rest.call import Call
from cloudtasks_nb.rest.session import Session

URL = "http://127.0.0.1:9/x"


@pytest.fixture
def client(emulator: str) -> Iterator[ct.Client]:
    with ct.connect(project=f"auto-{uuid4().hex[:8]}", endpoint=emulator) as made:
        yield made


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The sent calls, as (the last part of the method, version)."""
    seen: list[tuple[str, str]] = []
    send = Session.send

    def noted(self: Session, call: Call) -> bytes:
        seen.append((call.method.id.rpartition(".")[2], call.method.version))
        return send(self, call)

    monkeypatch.setattr(Session, "send", noted)
    return seen


def test_one_client_says_what_no_single_version_can(
    client: ct.Client, versions: list[tuple[str, str]]
) -> None:
    assert client.api_version == "auto"
    push = client.create_queue(
        "push",
        task_ttl=10**6,
        stackdriver_logging_config={"sampling_ratio": 0.5},
        rate_limits={"max_tasks_dispatched_per_second": 5, "max_burst_size": 7},
        retry_config={"unlimited_attempts": True, "min_backoff": 2},
    ).pause()
    assert push.stackdriver_logging_config == StackdriverLoggingConfig(sampling_ratio=0.5)
    assert push.rate_limits is not None and push.retry_config is not None
    assert push.rate_limits.max_tasks_dispatched_per_second == 5
    assert (push.retry_config.unlimited_attempts, push.retry_config.max_attempts) == (True, None)
    assert push.retry_config.min_backoff == timedelta(seconds=2)
    task = push.create_task({"n": 1}, url=URL, dispatch_deadline=20, task_id="one", schedule=600)
    assert task.dispatch_deadline == timedelta(seconds=20)
    assert push.tasks(view="FULL").first(1)[0].json() == {"n": 1}
    assert task.run().dispatch_count == 1
    assert (
        push.update(stackdriver_logging_config={"sampling_ratio": 0.1}).stackdriver_logging_config is not None
    )
    [listed] = client.queues(stats=True)
    assert listed.stats is not None and listed.stats.tasks_count == 1
    assert {version for _, version in versions} == {"v2beta3"}

    pull = client.create_queue("pull", kind="pull")
    pull.create_task(b"work", tag="red")
    [leased] = pull.lease()
    held = leased.schedule_time
    assert held is not None
    assert leased.refresh().schedule_time == held
    leased.renew_lease(120)
    assert (leased.payload, leased.tag) == (b"work", "red")
    leased.acknowledge()
    assert pull.refresh(stats=True).stats is not None
    assert {version for _, version in versions[versions.index(("create", "v2beta2")) :]} == {"v2beta2"}
    client.upload_queue_yaml("queue:\n- name: named\n  rate: 1/s\n")
    assert [version for method, version in versions if method == "update"] == ["v2beta2"]


def test_a_pull_task_that_is_read_by_its_name_alone_shows_the_lease_as_v2beta2_does(
    client: ct.Client, emulator: str, versions: list[tuple[str, str]]
) -> None:
    name = client.create_queue("pull", kind="pull").create_task(b"work").name
    with ct.connect(client.project, "us-central1", endpoint=emulator) as other:
        versions.clear()
        task = other.task(name)
        assert [version for _, version in versions] == ["v2beta3", "v2beta2"]
        assert task.payload == b"work"
        task.refresh()
        assert versions[-1] == ("get", "v2beta2")


def test_a_filter_in_the_words_of_any_version_is_understood(client: ct.Client) -> None:
    client.create_queue("slow", rate_limits={"max_concurrent_tasks": 1})
    client.create_queue("fast", rate_limits={"max_concurrent_tasks": 100})
    for text in ("rateLimits.maxConcurrentTasks<5", "rateLimits.maxConcurrentDispatches<5"):
        assert [queue.id for queue in client.queues(filter=text)] == ["slow"]
    with pytest.raises(ct.ConfigError, match="No version"):
        client.queues(filter="rateLimits.maxConcurrentTasks<5 AND rateLimits.maxConcurrentDispatches<5")


def test_backups_copies_and_queues_of_everywhere_keep_all(client: ct.Client, tmp_path: Path) -> None:
    queue = client.create_queue("kept", stackdriver_logging_config={"sampling_ratio": 0.5}).pause()
    queue.create_task({"n": 1}, url=URL, dispatch_deadline=20, task_id="one", schedule=600)
    path = queue.backup(tmp_path / "kept.parquet", progress=False)
    restored = client.restore(path, "again", progress=False)
    assert restored.ok
    again = client.queue("again")
    assert again.stackdriver_logging_config == queue.stackdriver_logging_config
    assert again.task("one").dispatch_deadline == timedelta(seconds=20)
    copies = client.create_queue("copies").pause()
    assert queue.copy_tasks(to=copies, progress=False).ok
    assert copies.task("one").dispatch_deadline == timedelta(seconds=20)
    client.create_queue("work", kind="pull")
    kinds = {one.id: one.kind for one in client.queues("-")}
    assert kinds == {"kept": "http", "again": "http", "copies": "http", "work": "pull"}
    frame = client.queues("-", stats=True).to_dataframe().set_index("queue_id")
    assert frame["tasks_count"].to_dict() == {"kept": 1, "again": 1, "copies": 1, "work": 0}


def test_client_api_speaks_v2beta2_and_the_others_by_their_name(client: ct.Client) -> None:
    queue = client.create_queue("named", kind="pull")
    assert client.api.projects.locations.queues.get(name=queue.name)["pullTarget"] == {}
    assert client.api.v2beta3.projects.locations.queues.get(name=queue.name)["type"] == "PULL"
    assert "29 methods" in str(client.api) and "24 methods" in str(client.api.v2)
    assert 'client.api.v2.describe("' in str(client.api.v2)
    assert repr(client.api.v2.projects).startswith("<client.api.v2.projects: ")
    assert "client.api.v2.projects.locations.queues.get(name=queue.name)" in str(
        client.api.v2.describe("projects.locations.queues.get")
    )
    with pytest.raises(AttributeError, match=r"lease does not exist in v2\. Next: use client\.api\.v2beta2"):
        client.api.v2.projects.locations.queues.tasks.lease(parent=queue.name)


def test_a_batch_holds_calls_of_one_version_in_each_request(client: ct.Client) -> None:
    push, pull = client.create_queue("push").pause(), client.create_queue("pull", kind="pull")
    with client.batch() as batch:
        made: list[Any] = [
            batch.add(push.create_task, url=URL, dispatch_deadline=20),
            batch.add(pull.create_task, b"work"),
            batch.add(push.refresh, stats=True),
            batch.add(pull.lease),
        ]
    assert batch.results.failed == [] and batch.results.requests == 2
    assert made[0].result().dispatch_deadline == timedelta(seconds=20)
    assert made[1].result().kind == "pull"
