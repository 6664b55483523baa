"""The version of a call, compared with the methods, parameters and fields of the three discovery documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest

from cloudtasks_nb.errors import ConfigError
from cloudtasks_nb.model import (
    AppEngineHttpRequest,
    AppEngineHttpTarget,
    Duration,
    HttpRequest,
    HttpTarget,
    Message,
    PullMessage,
    PullTarget,
    Queue,
    RateLimits,
    RetryConfig,
    StackdriverLoggingConfig,
    Task,
)
from cloudtasks_nb.model.choosing import version_for
from cloudtasks_nb.model.messages import BatchCreateTasksRequest, CreateTaskRequest
from cloudtasks_nb.model.methods import METHODS
from cloudtasks_nb.model.versions import VERSIONS, Version
from tests.unit.model.discovery import described, document

DOCUMENTS = {version: document(version) for version in VERSIONS}
METHODS_OF = {version: described(DOCUMENTS[version]) for version in VERSIONS}
QUEUES, TASKS = "projects.locations.queues", "projects.locations.queues.tasks"
PUSH_ORDER: tuple[Version, ...] = ("v2beta3", "v2", "v2beta2")
PULL_ORDER: tuple[Version, ...] = ("v2beta2", "v2beta3", "v2")

SHOWN = re.compile("output only|cannot be explicitly set", re.I)

Has = Callable[[dict[str, Any]], bool]


def field(kind: str, *names: str) -> Has:
    """Whether a document has a field, under one of these names, that a caller may set."""

    def has(schemas: dict[str, Any]) -> bool:
        found = [schemas[kind]["properties"].get(name) for name in names if kind in schemas]
        return any(
            one is not None and not one.get("readOnly") and not SHOWN.search(str(one)) for one in found
        )

    return has


def shown(kind: str, name: str) -> Has:
    return lambda schemas: name in schemas[kind]["properties"]


TASK: list[tuple[Task, list[Has]]] = [
    (Task(http_request=HttpRequest(url="https://example.com")), []),
    (Task(app_engine_http_request=AppEngineHttpRequest(relative_url="/x")), []),
    (Task(pull_message=PullMessage()), [field("Task", "pullMessage")]),
    (Task(dispatch_deadline=Duration.of(20)), [field("Task", "dispatchDeadline")]),
    (Task(retry_config=RetryConfig(unlimited_attempts=True)), []),
]  # fmt: skip
LOGGING = StackdriverLoggingConfig(sampling_ratio=0.5)
BURST: Has = field("RateLimits", "maxBurstSize")
QUEUE: list[tuple[Queue, list[Has]]] = [
    (Queue(http_target=HttpTarget()), []),
    (Queue(app_engine_http_target=AppEngineHttpTarget()), []),
    (Queue(pull_target=PullTarget()), [field("Queue", "pullTarget", "type")]),
    (Queue(task_ttl=Duration.of(10**6)), [field("Queue", "taskTtl")]),
    (Queue(tombstone_ttl=Duration.of(10**6)), [field("Queue", "tombstoneTtl")]),
    (Queue(stackdriver_logging_config=LOGGING), [field("Queue", "stackdriverLoggingConfig")]),
    (Queue(rate_limits=RateLimits(max_burst_size=5)), [BURST]),
    (Queue(task_ttl=Duration.of(10**6), stackdriver_logging_config=LOGGING),
     [field("Queue", "taskTtl"), field("Queue", "stackdriverLoggingConfig")]),
]  # fmt: skip
MASKS: list[tuple[str, list[Has]]] = [
    ("retryConfig.maxAttempts", []),
    ("rateLimits.maxBurstSize", [BURST]),
    ("stackdriverLoggingConfig", [field("Queue", "stackdriverLoggingConfig")]),
    ("stackdriverLoggingConfig.samplingRatio,rateLimits.maxConcurrentTasks",
     [field("Queue", "stackdriverLoggingConfig")]),
    ("httpTarget", []),
]  # fmt: skip


def first(method: str, has: list[Has], *, pull: bool, given: tuple[str, ...] = ()) -> Version | None:
    """The first version whose document has the method, these parameters and these fields."""
    for version in PULL_ORDER if pull else PUSH_ORDER:
        official = METHODS_OF[version].get(method)
        if official is None or not {*given} <= {*official["parameters"]}:
            continue
        if all(there(DOCUMENTS[version]["schemas"]) for there in has):
            return version
    return None


@pytest.mark.parametrize("pull", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_goes_to_the_first_version_that_has_it(method: str, pull: bool) -> None:
    assert version_for("auto", method, pull=pull) == first(method, [], pull=pull)


def calls() -> Iterator[tuple[str, dict[str, Any], Message, list[Has], bool]]:
    for (task, has), pull in product(TASK, (False, True)):
        create = CreateTaskRequest(task=task)
        yield f"{TASKS}.create", {}, create, has, pull
        yield (
            f"{TASKS}.batchCreate",
            {},
            BatchCreateTasksRequest(requests=[CreateTaskRequest(), create]),
            has,
            pull,
        )
    for queue, has in QUEUE:
        yield f"{QUEUES}.create", {}, queue, has, queue.kind == "pull"
        yield f"{QUEUES}.patch", {"updateMask": "retryConfig"}, queue, has, queue.kind == "pull"
    for (mask, has), pull in product(MASKS, (False, True)):
        yield f"{QUEUES}.patch", {"updateMask": mask}, Queue(name="q"), has, pull


@pytest.mark.parametrize(("method", "query", "body", "has", "pull"), [*calls()])
def test_a_body_or_a_mask_goes_to_the_first_version_that_can_set_all_of_it(
    method: str, query: dict[str, Any], body: Message, has: list[Has], pull: bool
) -> None:
    expected = first(method, has, pull=pull)
    assert expected is not None
    assert version_for("auto", method, query=query, body=body, pull=pull) == expected


@pytest.mark.parametrize("pull", [False, True])
@pytest.mark.parametrize("method", [f"{QUEUES}.get", f"{QUEUES}.list"])
def test_statistics_are_asked_of_a_version_that_has_them(method: str, pull: bool) -> None:
    expected = first(method, [shown("Queue", "stats")], pull=pull, given=("readMask",))
    for unserved in ((), ("v2beta3",)):
        found = version_for("auto", method, query={"readMask": "stats"}, pull=pull, unserved=unserved)
        assert found == (expected if expected not in unserved else "v2beta2")
    with pytest.raises(
        ConfigError, match=r"does not serve v2beta2, v2beta3.*Queue\.stats does not exist in v2"
    ):
        version_for("auto", method, query={"readMask": "stats"}, unserved=("v2beta3", "v2beta2"))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("state=PAUSED", "v2beta3"),
        ("rateLimits.maxConcurrentTasks > 5", "v2beta2"),
        ("rate_limits.max_concurrent_tasks>5 AND state=RUNNING", "v2beta2"),
        ("rateLimits.maxConcurrentDispatches<=5", "v2beta3"),
        ("retryConfig.unlimitedAttempts=true OR -state:PAUSED", "v2beta2"),
        ("type=PULL", "v2beta3"),
        ("appEngineRoutingOverride.service=worker", "v2"),
        ("pullTarget:*", "v2beta2"),
        ("stats.tasksCount>0", "v2beta3"),
        (r'name:"\"pullTarget=1"', "v2beta3"),
        ("newThing=1", "v2beta3"),
    ],
)
def test_a_filter_goes_to_the_version_that_knows_its_fields(text: str, version: Version) -> None:
    assert version_for("auto", f"{QUEUES}.list", query={"filter": text}) == version


def test_a_filter_that_mixes_versions_is_refused_by_its_fields() -> None:
    mixed = "rateLimits.maxConcurrentDispatches>5 AND rateLimits.maxConcurrentTasks>5"
    with pytest.raises(ConfigError, match=r"No version .*maxConcurrentTasks.*maxConcurrentDispatches"):
        version_for("auto", f"{QUEUES}.list", query={"filter": mixed})


def test_what_no_version_carries_together_is_refused_and_says_what() -> None:
    body = CreateTaskRequest(task=Task(pull_message=PullMessage(), dispatch_deadline=Duration.of(20)))
    with pytest.raises(ConfigError, match=r"pull_message.*dispatch_deadline"):
        version_for("auto", f"{TASKS}.create", body=body)


def test_what_the_endpoint_does_not_serve_is_not_chosen_and_nothing_is_dropped() -> None:
    plain = Queue(retry_config=RetryConfig(max_attempts=5))
    assert version_for("auto", f"{QUEUES}.create", body=plain, unserved=("v2beta3",)) == "v2"
    lasting = Queue(task_ttl=Duration.of(10**6))
    assert version_for("auto", f"{QUEUES}.create", body=lasting, unserved=("v2beta3",)) == "v2beta2"
    with pytest.raises(ConfigError, match=r"does not serve v2beta2, v2beta3.*task_ttl does not exist in v2"):
        version_for("auto", f"{QUEUES}.create", body=lasting, unserved=("v2beta3", "v2beta2"))
    with pytest.raises(ConfigError, match="does not serve v2beta2"):
        version_for("auto", f"{TASKS}.lease", unserved=("v2beta2",))


def test_a_version_that_is_named_stays_and_refuses_what_it_lacks() -> None:
    for version in VERSIONS:
        assert version_for(version, f"{QUEUES}.get", pull=True) == version
    for version, method, query, body, words in (
        ("v2", f"{TASKS}.lease", {}, None, "lease .* does not exist in v2"),
        ("v2", f"{QUEUES}.get", {"readMask": "stats"}, None, "stats does not exist in v2"),
        ("v2", f"{QUEUES}.patch", {"updateMask": "rateLimits.maxBurstSize"}, Queue(), "max_burst_size is output only"),
        ("v2beta2", f"{TASKS}.create", {}, CreateTaskRequest(task=TASK[3][0]), "dispatch_deadline does not exist"),
        ("v2beta3", f"{TASKS}.create", {}, CreateTaskRequest(task=TASK[2][0]), "pull_message cannot be set"),
    ):  # fmt: skip
        with pytest.raises(ConfigError, match=words) as refused:
            version_for(version, method, query=query, body=body)  # type: ignore[arg-type]
        assert "connect with api_version=" in str(refused.value.hint)
