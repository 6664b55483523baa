"""The versions of the API, compared with their discovery documents; the translation loses no data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudtasks_nb.errors import ConfigError
from cloudtasks_nb.model import (
    AppEngineHttpTarget,
    Duration,
    HttpRequest,
    Int64,
    Message,
    Operation,
    PullMessage,
    PullTarget,
    Queue,
    RetryConfig,
    StackdriverLoggingConfig,
    Task,
    TaskStatus,
    from_dict,
    to_dict,
)
from cloudtasks_nb.model.json import decode, encode, in_version
from cloudtasks_nb.model.messages import BatchCreateTasksRequest, CreateTaskRequest, ListTasksResponse
from cloudtasks_nb.model.methods import METHODS, methods_of
from cloudtasks_nb.model.schema import schema
from cloudtasks_nb.model.translation import differs, touched, write
from cloudtasks_nb.model.versions import VERSIONS, Version, check_carries, path_from, path_in, wire
from tests.examples import examples
from tests.unit.model.discovery import described, document

DOCUMENTS = {version: document(version) for version in VERSIONS}
KINDS = (Queue, Task)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_version_has_exactly_its_official_methods_and_parameters(version: Version) -> None:
    official = described(DOCUMENTS[version])
    ours = methods_of(version)
    assert set(ours) == set(official)
    assert len(ours) == (29 if version == "v2beta2" else 24)
    for id, method in ours.items():
        named = {name for name, what in official[id]["parameters"].items() if what["location"] == "query"} | (
            {"orderBy"} if id == "projects.locations.queues.tasks.list" else set()
        )  # the alpha API's
        assert set(method.query) == named


def held(hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        return held(get_args(hint)[0])
    if get_origin(hint) in (Union, type(int | None)):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    return held(get_args(hint)[0]) if get_origin(hint) in (list, Annotated) else hint


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_messages_have_the_fields_of_the_discovery_document_at_every_depth(
    kind: type[Message], version: Version
) -> None:
    schemas, seen = DOCUMENTS[version]["schemas"], set()

    def check(ours: type[Message], name: str) -> None:
        seen.add(name)
        official = schemas[name].get("properties", {})
        fields = {info.encode_name: held(info.type) for info in msgspec.structs.fields(ours)}
        assert set(fields) == set(official), name
        for field, what in official.items():
            inner = what.get("$ref") or what.get("items", {}).get("$ref")
            if inner is not None:
                assert fields[field].__name__ == inner
                check(fields[field], inner)

    check(wire(kind, version), kind.__name__)
    assert len(seen) > 8


def alone(kind: type[Message]) -> Iterator[tuple[set[str], dict[str, Any]]]:
    """JSON with one field of a message, for each field at each depth; and the names in it."""
    for field in schema(kind).values():
        inner = (
            [({field.wire}, "PULL")] if field.message is None else [({field.wire}, {}), *alone(field.message)]
        )
        for names, value in inner:
            yield names | {field.wire}, {field.wire: [value] if field.repeated else value}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_changes_only_messages_with_a_touched_member(version: Version) -> None:
    for kind in {method.response for method in METHODS.values()}:
        names = touched(kind, version)
        changed = [held for held, values in alone(kind) if write(kind, values, version) != values]
        assert all(not held.isdisjoint(names) for held in changed), kind
        assert kind is Operation or all(any(name in held for held in changed) for name in names), kind


@cache
def messages(kind: type[Message]) -> st.SearchStrategy[Any]:
    """Messages of a kind with any of its fields set."""
    return st.fixed_dictionaries(
        {}, optional={info.name: values(info.type) for info in msgspec.structs.fields(kind)}
    ).map(lambda fields: kind(**fields))


def values(hint: Any) -> st.SearchStrategy[Any]:
    repeated = get_origin(get_args(hint)[0] if get_origin(hint) is Annotated else hint) is list
    hint = held(hint)
    if isinstance(hint, type) and issubclass(hint, Message):
        one: st.SearchStrategy[Any] = messages(hint)
    elif get_origin(hint) is dict:
        one = st.dictionaries(st.text(min_size=1, max_size=4), st.text(max_size=4), max_size=2)
    else:
        one = PLAIN[hint]
    return st.lists(one, max_size=2) if repeated else one


PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=6),
    int: st.integers(0, 2**31 - 1),
    Int64: st.integers(-(2**63), 2**63 - 1).map(Int64),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=6),
    datetime: st.datetimes(timezones=st.just(UTC)),
    # the API's limit: 10,000 years
    Duration: st.timedeltas(timedelta(days=-3_652_500), timedelta(days=3_652_500)).map(Duration.of),
    Any: st.none(),
}


def one_of(message: Any) -> Any:
    """The message with at most one member of each oneof, as the API has them."""
    for retries in (message.retry_config,):
        if retries is not None and retries.unlimited_attempts:
            retries.max_attempts = None
    if isinstance(message, Queue) and message.pull_target is not None:
        message.app_engine_http_target = message.http_target = None
    return message


def read(kind: type[Message], values: Any, version: Version) -> Any:
    """JSON of a version, decoded as a message of the model, as JSON of the model."""
    return to_dict(decode(in_version(encode(values), version), kind))


def without(values: Any, *paths: str) -> Any:
    values = deepcopy(values)
    for path in paths:
        *above, last = path.split(".")
        inner = values
        for name in above:
            inner = inner.get(name, {})
        inner.pop(last, None)
    return values


def without_empty(values: Any, *names: str) -> Any:
    """An empty message disappears if its fields are moved out."""
    return {name: value for name, value in values.items() if value != {} or name not in names}


CARRIED: dict[tuple[type[Message], Version], Callable[[Any], Any]] = {
    (Queue, "v2beta2"): lambda values: without(values, "stackdriverLoggingConfig"),
    (Queue, "v2beta3"): lambda values: values,
    (Queue, "v2"): lambda values: without_empty(
        without(values, "pullTarget", "stats", "taskTtl", "tombstoneTtl"), "appEngineHttpTarget"
    ),
    (Task, "v2beta2"): lambda values: without(values, "dispatchDeadline"),
    (Task, "v2beta3"): lambda values: without_empty(values, "status"),
    (Task, "v2"): lambda values: without_empty(without(values, "pullMessage"), "status"),
}
"""The part of a message that a version supports, independent of the table."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=examples(60))
@given(data=st.data())
def test_nothing_is_lost_that_a_version_can_carry(
    kind: type[Message], version: Version, data: st.DataObject
) -> None:
    values = to_dict(one_of(data.draw(messages(kind))))
    before = deepcopy(values)
    written = write(kind, values, version)
    assert values == before
    assert read(kind, written, version) == CARRIED[kind, version](values)
    from_dict(written, wire(kind, version))  # the result is a message of that version


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=examples(60))
@given(data=st.data())
def test_what_a_version_says_comes_back_as_it_was(
    kind: type[Message], version: Version, data: st.DataObject
) -> None:
    said = data.draw(messages(wire(kind, version)))
    if version == "v2beta3" and kind is Queue:
        said.type = data.draw(st.sampled_from(["PULL", "PUSH"])) if said.state else ""
        if said.type == "PULL":
            said.app_engine_http_queue = said.http_target = None
    values = to_dict(said)
    assert write(kind, read(kind, values, version), version) == values


def test_the_conventions_of_the_later_versions() -> None:
    unlimited = RetryConfig(unlimited_attempts=True)
    pull = Queue(name="q", pull_target=PullTarget(), state="RUNNING", retry_config=unlimited)
    assert write(Queue, to_dict(pull), "v2beta3") == {
        "name": "q", "state": "RUNNING", "type": "PULL", "retryConfig": {"maxAttempts": -1},
    }  # fmt: skip
    assert write(Queue, to_dict(Queue(name="q", state="PAUSED")), "v2beta3")["type"] == "PUSH"
    task = Task(name="t", status=TaskStatus(attempt_dispatch_count=3), dispatch_deadline=Duration(seconds=20))
    assert write(Task, to_dict(task), "v2") == {"name": "t", "dispatchCount": 3, "dispatchDeadline": "20s"}
    assert write(Task, to_dict(task), "v2beta2") == {"name": "t", "status": {"attemptDispatchCount": 3}}


def test_members_that_nobody_knows_are_written_and_passed_over() -> None:
    assert read(Task, {"name": "t", "newThing": {"a": 1}}, "v2") == {"name": "t"}
    assert write(Task, {"newThing": [1]}, "v2") == {"newThing": [1]}


def test_messages_that_hold_tasks_are_translated_within() -> None:
    page = {"tasks": [{"name": "a", "dispatchCount": 1}, {"name": "b"}], "nextPageToken": "n"}
    assert read(ListTasksResponse, page, "v2") == {
        "tasks": [{"name": "a", "status": {"attemptDispatchCount": 1}}, {"name": "b"}],
        "nextPageToken": "n",
    }
    task = Task(retry_config=RetryConfig(unlimited_attempts=True))
    batch = BatchCreateTasksRequest(requests=[CreateTaskRequest(task=task)])
    assert write(BatchCreateTasksRequest, to_dict(batch), "v2beta3") == {
        "requests": [{"task": {"retryConfig": {"maxAttempts": -1}}}]
    }
    assert not differs(HttpRequest, "v2")


@pytest.mark.parametrize(
    ("path", "version", "there"),
    [
        ("retry_config.unlimited_attempts", "v2", ["retry_config.max_attempts"]),
        ("rate_limits", "v2", ["rate_limits"]),
        ("rate_limits.max_tasks_dispatched_per_second", "v2beta3", ["rate_limits.max_dispatches_per_second"]),
        ("app_engine_http_target", "v2", ["app_engine_routing_override"]),
        ("app_engine_http_target.app_engine_routing_override.service", "v2", ["app_engine_routing_override.service"]),
        ("app_engine_http_target.app_engine_routing_override", "v2beta3",
         ["app_engine_http_queue.app_engine_routing_override"]),
        ("http_target.uri_override.host", "v2", ["http_target.uri_override.host"]),
        ("stats", "v2beta3", ["stats"]),
    ],
)  # fmt: skip
def test_field_masks_are_named_as_the_version_names_them(
    path: str, version: Version, there: list[str]
) -> None:
    named = path_in(tuple(path.split(".")), version)
    assert [".".join(parts) for parts in named] == there
    back = {".".join(parts) for each in named for parts in path_from(each, version)}
    assert path in back or any(path.startswith(f"{found}.") or found.startswith(f"{path}.") for found in back)


def test_what_a_version_lacks_is_refused_by_name_and_says_who_has_it() -> None:
    with pytest.raises(ConfigError, match=r"Task.dispatch_deadline does not exist in v2beta2") as refused:
        check_carries(CreateTaskRequest(task=Task(dispatch_deadline=Duration(seconds=20))), "v2beta2")
    assert refused.value.hint == 'connect with api_version="v2beta3" or "v2"'
    with pytest.raises(ConfigError, match=r"Queue\.task_ttl does not exist in v2"):
        check_carries(Queue(task_ttl=Duration(days=10)), "v2")
    with pytest.raises(ConfigError, match=r"Queue\.stackdriver_logging_config"):
        check_carries(
            Queue(stackdriver_logging_config=StackdriverLoggingConfig(sampling_ratio=0.5)), "v2beta2"
        )
    with pytest.raises(ConfigError, match=r"Queue\.stats does not exist in v2"):
        path_in(("stats",), "v2")
    with pytest.raises(ConfigError, match=r"Task\.pull_message cannot be set in v2beta3") as refused:
        check_carries(CreateTaskRequest(task=Task(pull_message=PullMessage(tag="t"))), "v2beta3")
    assert refused.value.hint == 'connect with api_version="v2beta2"'
    check_carries(Queue(retry_config=RetryConfig(unlimited_attempts=True)), "v2")
    check_carries(Queue(app_engine_http_target=AppEngineHttpTarget()), "v2")
