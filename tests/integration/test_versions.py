"""The objects are the same in every version of the API, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model.versions import VERSIONS, Version


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, emulator: str) -> Iterator[ct.Client]:
    with ct.connect(project=f"p-{request.param}", endpoint=emulator, api_version=request.param) as made:
        yield made


@pytest.fixture
def queue(client: ct.Client) -> ct.Queue:
    return client.create_queue(f"q-{uuid4().hex}", retry_config={"unlimited_attempts": True}).pause()


def speaking(version: Version, emulator: str) -> ct.Client:
    return ct.connect(project="lacks", endpoint=emulator, api_version=version)


def test_tables_and_cards_look_the_same(client: ct.Client, queue: ct.Queue) -> None:
    queue.create_task({"a": 1}, url="http://127.0.0.1:9/x", task_id="one", schedule=600)
    frame = queue.tasks(view="FULL").to_dataframe(decode="json")
    assert list(frame["payload.a"]) == [1]
    row = frame.iloc[0]
    assert (row["kind"], row["method"], row["dispatch_count"], row["task_id"]) == ("http", "POST", 0, "one")
    assert "unlimited attempts" in str(queue)
    task = queue.task("one").run()
    assert task.dispatch_count == 1
    assert "1 attempt" in str(task)
    assert queue.update(rate_limits={"max_concurrent_tasks": 3}).rate_limits.max_concurrent_tasks == 3  # type: ignore[union-attr]
    assert queue.retry_config is not None
    assert queue.retry_config.unlimited_attempts
    queues = client.queues().to_dataframe().set_index("queue_id")
    assert queues.loc[queue.id, "max_concurrent"] == 3


def test_many_tasks_at_once(queue: ct.Queue) -> None:
    made = queue.create_tasks(
        ({"url": "http://127.0.0.1:9/x", "payload": at} for at in range(250)), progress=False
    )
    assert len(made) == 250
    assert not len(made.failed)
    assert queue.count_tasks() == 250
    assert not len(queue.delete_tasks(queue.tasks(), progress=False).failed)
    assert queue.count_tasks(progress=False) == 0


def test_a_deadline_for_the_target(emulator: str) -> None:
    with speaking("v2", emulator) as v2:
        queue = v2.create_queue("deadlines").pause()
        task = queue.create_task(url="http://127.0.0.1:9/x", dispatch_deadline=20)
        assert task.dispatch_deadline == timedelta(seconds=20)
        assert task.refresh().dispatch_deadline == timedelta(seconds=20)
        assert "20 s" in str(task)
        assert (
            queue.update(stackdriver_logging_config={"sampling_ratio": 0.5}).stackdriver_logging_config
            is not None
        )
    with speaking("v2beta2", emulator) as older:
        with pytest.raises(ct.ConfigError, match=r"Task.dispatch_deadline does not exist in v2beta2"):
            older.queue("deadlines").create_task(url="http://127.0.0.1:9/x", dispatch_deadline=20)
        with pytest.raises(ct.ConfigError, match=r"stackdriver_logging_config does not exist in v2beta2"):
            older.queue("deadlines").update(stackdriver_logging_config={"sampling_ratio": 0.5})


def test_what_a_version_lacks_is_said_before_any_request(emulator: str) -> None:
    with speaking("v2", emulator) as v2:
        queue = v2.create_queue("lacks")
        assert queue.stats is None
        for act, what in (
            (queue.lease, "lease"),
            (lambda: queue.refresh(stats=True), "Queue.stats"),
            (lambda: v2.queues(stats=True), "Queue.stats"),
            (lambda: v2.create_queue("pull", kind="pull"), "Queue.pull_target"),
            (lambda: v2.create_queue("ttl", task_ttl=10**6), "Queue.task_ttl"),
        ):
            with pytest.raises(ct.ConfigError, match=rf"{what}.* does not exist in v2") as refused:
                act()  # type: ignore[operator]
            assert "v2beta2" in str(refused.value.hint)
        for act in (queue.update, lambda **given: v2.create_queue("burst", **given)):
            with pytest.raises(ct.ConfigError, match=r"max_burst_size is output only in v2") as refused:
                act(rate_limits={"max_burst_size": 4})
            assert 'api_version="v2beta2" or "v2beta3"' in str(refused.value.hint)
        with pytest.raises(ct.NotFound):
            v2.queue("burst")
        assert not queue.offers_stats
        assert queue.tasks().to_dataframe().empty
    with pytest.raises(ct.ConfigError, match="api_version='v3'"):
        ct.connect(project="p", endpoint=emulator, api_version="v3")  # type: ignore[arg-type]


def test_an_emulator_of_ones_own_in_another_version() -> None:
    with ct.local(api_version="v2beta3") as client:
        pull = client.create_queue("pull", kind="pull")
        assert pull.kind == "pull"
        assert client.api.projects.locations.queues.get(name=pull.name)["type"] == "PULL"
        assert pull.refresh(stats=True).stats is not None
        with pytest.raises(ct.ConfigError, match=r"lease .*does not exist in v2beta3"):
            pull.lease()
        assert not hasattr(client.api.projects.locations.queues.tasks, "lease")
        with pytest.raises(AttributeError, match=r"lease does not exist in v2beta3.*client\.api\.v2beta2"):
            client.api.projects.locations.queues.tasks.lease(parent=pull.name, body={})
        with pytest.raises(AttributeError, match="has no attribute 'leese'"):
            client.api.projects.locations.queues.tasks.leese()


def test_a_pull_queue_is_one_in_every_version(emulator: str) -> None:
    project, id = f"pull-{uuid4().hex[:6]}", "work"
    with ct.connect(project=project, endpoint=emulator) as own:
        own.create_queue(id, kind="pull").create_task(b"held", tag="red")
    for version in VERSIONS:
        with ct.connect(project=project, endpoint=emulator, api_version=version) as client:
            queue = client.queue(id)
            assert (queue.kind, queue.tasks().first(1)[0].kind) == ("pull", "pull")
            assert list(client.queues().to_dataframe()["kind"]) == ["pull"]
            card = str(queue)
            assert "pull queue" in card
            assert ("queue.lease()" in card) == queue.offers_leases
            assert ("only in v2beta2" in card) != queue.offers_leases
            task = queue.tasks(view="FULL").first(1)[0]
            table = queue.tasks(view="FULL").to_dataframe()
            assert list(table["kind"]) == [task.kind] == ["pull"]
            seen = None if version == "v2" else b"held"
            assert task.payload == seen
            assert table["payload"].isna().tolist() == [seen is None]
            assert ("this API version does not return it" in str(task)) == (version == "v2")


def test_a_backup_keeps_what_only_some_versions_know(tmp_path: Path, emulator: str) -> None:
    with ct.connect(project=f"b-{uuid4().hex[:6]}", endpoint=emulator, api_version="v2") as v2:
        queue = v2.create_queue("kept").pause()
        queue.create_task(
            {"n": 1}, url="http://127.0.0.1:9/x", dispatch_deadline=20, task_id="one", schedule=600
        )
        queue.backup(tmp_path / "kept.parquet", progress=False)
        other = v2.create_queue("other").pause()
        assert other.restore(tmp_path / "kept.parquet", progress=False).ok
        task = other.task("one")
        assert (task.json(), task.dispatch_deadline) == ({"n": 1}, timedelta(seconds=20))


def test_depth_is_counted_where_nothing_is_estimated(emulator: str) -> None:
    with ct.connect(project=f"d-{uuid4().hex[:6]}", endpoint=emulator, api_version="v2") as v2:
        queue = v2.create_queue("deep").pause()
        queue.create_tasks(({"url": "http://127.0.0.1:9/x"} for _ in range(7)), progress=False)
        axes = v2.plot.queues().draw()
        assert [bar.get_width() for bar in axes.containers[0]] == [7]  # type: ignore[union-attr]
        assert axes.get_xlabel() == "tasks"
