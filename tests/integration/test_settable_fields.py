"""Every setting of a queue in every version: created, passed on after a read, changed, backed up and restored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.model import Queue
from cloudtasks_nb.model.schema import schema
from cloudtasks_nb.model.versions import VERSIONS, Version
from tests.integration.filling import new_id

SETTINGS: dict[str, tuple[Any, Any]] = {
    "rate_limits": ({"max_concurrent_tasks": 7}, {"max_concurrent_tasks": 8}),
    "retry_config": ({"max_attempts": 9, "min_backoff": 2.5}, {"max_doublings": 3}),
    "http_target": (
        {"uri_override": {"host": "a.example.com"}, "header_overrides": {"X-Team": "mail"}},
        {"uri_override": {"port": 8443}},
    ),
    "app_engine_http_target": (
        {"app_engine_routing_override": {"service": "a"}},
        {"app_engine_routing_override": {"service": "b"}},
    ),
    "stackdriver_logging_config": ({"sampling_ratio": 0.5}, {"sampling_ratio": 0.25}),
    "task_ttl": (timedelta(days=20), None),
    "tombstone_ttl": (timedelta(hours=2), None),
}
"""The value at creation, and the value of the change; None if it cannot be changed later."""

LACKS: dict[Version, set[str]] = {
    "v2beta2": {"stackdriver_logging_config"},
    "v2beta3": set(),
    "v2": {"task_ttl", "tombstone_ttl"},
}
CASES = [(version, field) for version in VERSIONS for field in SETTINGS]


@pytest.fixture
def client(emulator: str, version: Version) -> Iterator[ct.Client]:
    project = f"settable-{version}"
    with ct.connect(project=project, location="us-central1", endpoint=emulator, api_version=version) as made:
        yield made


def test_every_field_that_can_be_set_is_tried_here() -> None:
    fields = schema(Queue).items()
    settable = {name for name, field in fields if any(field.can_be_set(version) for version in VERSIONS)}
    assert settable - {"name", "pull_target"} == set(SETTINGS)


@pytest.mark.parametrize(("version", "field"), CASES)
def test_a_setting_goes_wherever_its_version_has_it(
    client: ct.Client, version: Version, field: str, tmp_path: Path
) -> None:
    first, second = SETTINGS[field]
    if field in LACKS[version]:
        name = new_id()
        with pytest.raises(ct.ConfigError, match=rf"Queue\.{field} does not exist in {version}\."):
            client.create_queue(name, **{field: first})
        with pytest.raises(ct.NotFound):
            client.queue(name)
        return
    queue = client.create_queue(new_id(), **{field: first})
    held = getattr(queue.refresh(), field)
    assert held == getattr(client.create_queue(new_id(), **{field: held}), field)
    name = new_id()
    assert client.restore(queue.backup(tmp_path / "queue.parquet"), name).ok
    assert getattr(client.queue(name), field) == held
    if second is not None:
        plain = client.create_queue(new_id(), kind=queue.kind)
        assert getattr(plain.update(**{field: held}), field) == held
        assert getattr(queue.update(**{field: second}).refresh(), field) != held


@pytest.mark.parametrize("version", ["v2beta3"])
def test_a_backup_with_what_a_version_lacks_is_refused_by_name(
    client: ct.Client, emulator: str, tmp_path: Path
) -> None:
    given = {field: first for field, (first, _) in SETTINGS.items() if not field.endswith("_target")}
    queue = client.create_queue(new_id(), **given)
    path = queue.backup(tmp_path / "queue.parquet")
    name = new_id()
    assert client.restore(path, name).ok
    again = client.queue(name)
    assert [getattr(again, field) for field in given] == [getattr(queue, field) for field in given]
    lacking: tuple[Version, ...] = ("v2beta2", "v2")
    for version in lacking:
        words = rf"Queue\.({'|'.join(LACKS[version])}) does not exist in {version}\."
        with (
            ct.connect(client.project, "us-central1", endpoint=emulator, api_version=version) as other,
            pytest.raises(ct.ConfigError, match=words),
        ):
            other.restore(path, new_id())


@pytest.mark.parametrize("version", ["v2beta2", "v2beta3"])
def test_a_pull_queue_comes_back_without_what_is_output_only(
    client: ct.Client, emulator: str, tmp_path: Path
) -> None:
    queue = client.create_queue(new_id(), kind="pull", retry_config={"max_attempts": 4})
    path, name = queue.backup(tmp_path / "queue.parquet"), new_id()
    assert client.restore(path, name).ok
    again = client.queue(name)
    assert (again.kind, again.rate_limits, again.retry_config) == (
        "pull",
        queue.rate_limits,
        queue.retry_config,
    )
    with pytest.raises(ct.ConfigError, match="max_concurrent_tasks is output only for pull queues"):
        queue.update(rate_limits={"max_concurrent_tasks": 4})
    with ct.connect(client.project, "us-central1", endpoint=emulator, api_version="v2") as v2:
        with pytest.raises(ct.ConfigError, match=r"Queue.pull_target does not exist in v2\."):
            v2.restore(path, new_id())
        seen = v2.queue(name)
        assert seen.kind == "pull"
        with pytest.raises(ct.ConfigError, match=r"Queue.pull_target does not exist in v2\."):
            v2.restore(seen.backup(tmp_path / "seen.parquet"), new_id())


@pytest.mark.parametrize("version", ["v2beta2"])
def test_a_version_leaves_alone_what_it_lacks(client: ct.Client, emulator: str) -> None:
    with ct.connect(client.project, "us-central1", endpoint=emulator, api_version="v2beta3") as later:
        queue = later.create_queue(new_id(), stackdriver_logging_config={"sampling_ratio": 0.5})
    older = client.queue(queue.id)
    client.api.projects.locations.queues.patch(name=queue.name, body={})  # every field of this version
    with ct.connect(client.project, "us-central1", endpoint=emulator, api_version="v2beta3") as later:
        held = later.queue(queue.id).stackdriver_logging_config
    assert older.stackdriver_logging_config is None
    assert held == ct.model.StackdriverLoggingConfig(sampling_ratio=0.5)
