"""queue.yaml: the parsed file, and the effect of an upload."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.rules.queue_yaml import read_queue_yaml
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import HttpTarget, Queue, UriOverride
from cloudtasks_nb.model.messages import HttpBody
from tests.unit.emulator.conftest import PARENT, QUEUE, Emulator

FILE = """
total_storage_limit: 120M
queue:
- name: mail
  rate: 30/m
  bucket_size: 40
  max_concurrent_requests: 9000
  target: v2.worker
  retry_parameters:
    task_retry_limit: 7
    task_age_limit: 2d
    min_backoff_seconds: 10
    max_backoff_seconds: 200
    max_doublings: 0
- name: plain
  rate: 5/s
- name: held
  rate: 0
- name: pulled
  mode: pull
  retry_parameters: {task_retry_limit: 3}
"""


def upload(emulator: Emulator, text: str, project: str = "p") -> dict[str, Any]:
    return emulator("api.queue.update", body=HttpBody(data=text.encode()), app_id=project)


def queues(emulator: Emulator) -> dict[str, dict[str, Any]]:
    found = emulator("queues.list", parent=PARENT).get("queues", [])
    return {queue["name"].rpartition("/")[2]: queue for queue in found}


def test_a_file_makes_queues(emulator: Emulator) -> None:
    assert upload(emulator, FILE) == {}
    found = queues(emulator)
    assert {id: queue["state"] for id, queue in found.items()} == {
        "held": "PAUSED",
        "mail": "RUNNING",
        "plain": "RUNNING",
        "pulled": "RUNNING",
    }
    mail = found["mail"]
    assert mail["rateLimits"] == {
        "maxTasksDispatchedPerSecond": 0.5,
        "maxBurstSize": 40,
        "maxConcurrentTasks": 5000,
    }
    assert mail["retryConfig"] == {
        "maxAttempts": 8,
        "maxRetryDuration": "172800s",
        "minBackoff": "10s",
        "maxBackoff": "200s",
        "maxDoublings": 0,
    }
    assert mail["appEngineHttpTarget"]["appEngineRoutingOverride"] == {
        "service": "worker",
        "version": "v2",
        "host": "v2.worker.p.appspot.com",
    }
    assert (mail["taskTtl"], mail["tombstoneTtl"]) == ("315360000s", "777600s")
    assert found["plain"]["rateLimits"]["maxBurstSize"] == 5
    assert found["plain"]["retryConfig"]["unlimitedAttempts"] is True
    assert "pullTarget" in found["pulled"]
    assert found["pulled"]["retryConfig"]["maxAttempts"] == 4


def test_what_a_file_leaves_out_is_disabled_and_can_come_back(emulator: Emulator) -> None:
    upload(emulator, "queue: [{name: a, rate: 1/s}, {name: default, rate: 1/s}, {name: b, rate: 1/s}]")
    upload(emulator, "queue: [{name: b, rate: 2/s}]")
    states = {id: queue["state"] for id, queue in queues(emulator).items()}
    assert states == {"a": "DISABLED", "b": "RUNNING", "default": "RUNNING"}
    assert queues(emulator)["b"]["rateLimits"]["maxTasksDispatchedPerSecond"] == 2
    upload(emulator, "queue: [{name: a, rate: 1/s}]")
    assert queues(emulator)["a"]["state"] == "RUNNING"
    upload(emulator, "")
    assert {queue["state"] for id, queue in queues(emulator).items() if id != "default"} == {"DISABLED"}


def test_queues_are_where_app_engine_is(emulator: Emulator) -> None:
    elsewhere = "projects/p/locations/asia-east1"
    emulator("queues.create", parent=elsewhere, body=Queue(name=f"{elsewhere}/queues/other"))
    upload(emulator, "queue: [{name: q, rate: 1/s}]")
    assert list(queues(emulator)) == ["q"]
    emulator.service.context.app_engine_location = "europe-west1"
    upload(emulator, "queue: [{name: r, rate: 1/s}]")
    there = emulator("queues.list", parent="projects/p/locations/europe-west1")["queues"]
    assert [queue["name"].rpartition("/")[2] for queue in there] == ["r"]
    for parent, state in ((elsewhere, "RUNNING"), (PARENT, "RUNNING")):
        assert emulator("queues.list", parent=parent)["queues"][0]["state"] == state


def test_an_http_target_is_kept(emulator: Emulator) -> None:
    emulator.queue(http_target=HttpTarget(uri_override=UriOverride(host="example.com")))
    upload(emulator, "queue: [{name: q, rate: 7/s}]")
    found = emulator("queues.get", name=QUEUE)
    assert found["httpTarget"]["uriOverride"]["host"] == "example.com"
    assert "appEngineHttpTarget" not in found
    assert found["rateLimits"]["maxTasksDispatchedPerSecond"] == 7
    upload(emulator, "queue: [{name: q, rate: 7/s, target: worker}]")
    found = emulator("queues.get", name=QUEUE)
    assert found["httpTarget"]["uriOverride"]["host"] == "example.com"
    assert found["appEngineHttpTarget"]["appEngineRoutingOverride"]["service"] == "worker"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("queue: [{name: a}]", "Refill rate must be specified for push-based queue."),
        ("queue: [{name: a_b, rate: 1/s}]", 'Queue ID "a_b" can contain only letters'),
        ("queue: [{rate: 1/s}]", "missing required field `name` - at `.*queue"),
        ("queue: [{name: a, rate: 1/s}, {name: a, rate: 2/s}]", "a queue is named twice"),
        ("queue: [{name: a, rate: fast}]", "rate of a must be"),
        ("queue: [{name: a, rate: 5}]", "rate of a must be"),
        ("queue: [{name: a, rate: 501/s}]", "must be less than or equal to 500"),
        ("queue: [{name: a, rate: 1/s, bucket_size: 501}]", "must be less than or equal to 500"),
        ("queue: [{name: a, rate: 1/s, bucket_size: many}]", "got `str` - at `.*bucket_size"),
        ("queue: [{name: a, rate: 1/s, colour: red}]", "unknown field `colour` - at `.*queue"),
        ("queue: [{name: a, rate: 1/s, mode: shove}]", "Invalid enum value 'shove' - at `.*mode"),
        ("queue: [{name: a, rate: 1/s, retry_parameters: {task_age_limit: 5}}]", "task_age_limit"),
        (
            "queue: [{name: a, rate: 1/s, retry_parameters: {min_backoff_seconds: -1}}]",
            ">= 0.* - at `.*min_backoff_seconds",
        ),
        (
            "queue: [{name: a, rate: 1/s, retry_parameters: {max_backoff_seconds: .nan}}]",
            "max_backoff_seconds",
        ),
        (
            "queue: [{name: a, rate: 1/s, retry_parameters: {max_backoff_seconds: .inf}}]",
            "max_backoff_seconds",
        ),
        ("queue: [{name: a, rate: 1/s, bucket_size: 1.5}]", "bucket_size"),
        ("queue: [{name: a, rate: 1/s, target: a.b.c.d}]", "target must be"),
        ("queue: {name: a}", "`array | null`, got `object` - at `.*queue"),
        ("[1]", "`object | null`, got `array`"),
        ("queue: [", "the file is not YAML"),
        ("queue: " + "[" * 3000, "the file is not YAML"),
        ("&a [*a]", "`object | null`, got `array`"),
        ("x" * 2_000_000, "larger than"),
    ],
)
def test_files_that_are_refused_change_nothing(emulator: Emulator, text: str, message: str) -> None:
    upload(emulator, "queue: [{name: z, rate: 1/s}]")
    before = queues(emulator)
    with pytest.raises(InvalidArgument, match="(?s)" + message):
        upload(emulator, text)
    assert queues(emulator) == before


def test_an_upload_needs_a_project(emulator: Emulator) -> None:
    for project in ("", "a b", "a/b"):
        with pytest.raises(InvalidArgument, match="app_id"):
            upload(emulator, FILE, project)


def test_a_push_queue_does_not_become_a_pull_queue(emulator: Emulator) -> None:
    upload(emulator, "queue: [{name: a, rate: 1/s}]")
    with pytest.raises(InvalidArgument, match="type of a queue cannot be changed"):
        upload(emulator, "queue: [{name: b, rate: 1/s}, {name: a, mode: pull}]")
    assert list(queues(emulator)) == ["a"]


@pytest.mark.parametrize(("text", "span"), [("30s", 30), ("10m", 600), ("1.5h", 5400), ("2d", 172_800)])
def test_ages(text: str, span: int) -> None:
    raw = f"queue: [{{name: a, rate: 1/s, retry_parameters: {{task_age_limit: {text}}}}}]"
    retries = read_queue_yaml(raw.encode())[0].queue.retry_config
    assert retries is not None
    assert retries.max_retry_duration == timedelta(seconds=span)


@given(st.text(alphabet="queue:nametr/s 15[]{}-\n\"'&*!|>#%@`", max_size=80))
def test_any_text_is_a_file_or_refused(text: str) -> None:
    try:
        assert isinstance(read_queue_yaml(text.encode()), list)
    except InvalidArgument as refused:
        assert "onfiguration" in refused.message or "Queue ID" in refused.message
