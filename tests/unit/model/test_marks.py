"""The marks of the model (who may set a field, in which versions), compared with a table and Google's descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest

from cloudtasks_nb.errors import ConfigError
from cloudtasks_nb.model import CmekConfig, Message, Queue, RateLimits, RetryConfig, Task
from cloudtasks_nb.model.marks import CREATE_ONLY, OUTPUT_ONLY, VERSIONS, Version, absent, output_only
from cloudtasks_nb.model.schema import Field, behavior_of, below, schema
from cloudtasks_nb.model.versions import check_carries, wire
from tests.unit.model.discovery import document

KINDS = below(Queue, Task, CmekConfig)
SET, CREATED, READ, SHOWN, NONE = "settable", "create-only", "output-only", "shown-only", "absent"

DIFFER = {
    "Queue.name": (CREATED, CREATED, CREATED),
    "Queue.pull_target": (SET, SET, NONE),
    "Queue.state": (READ, READ, READ),
    "Queue.purge_time": (READ, READ, READ),
    "Queue.task_ttl": (CREATED, CREATED, NONE),
    "Queue.tombstone_ttl": (CREATED, CREATED, NONE),
    "Queue.stats": (READ, READ, NONE),
    "Queue.stackdriver_logging_config": (NONE, SET, SET),
    "RateLimits.max_burst_size": (SET, SET, READ),
    "AppEngineRouting.host": (READ, READ, READ),
    "Task.name": (CREATED, CREATED, CREATED),
    "Task.pull_message": (SET, SHOWN, NONE),
    "Task.create_time": (READ, READ, READ),
    "Task.status": (READ, READ, READ),
    "Task.dispatch_deadline": (NONE, SET, SET),
    "Task.view": (READ, READ, READ),
    "CmekConfig.name": (READ, READ, READ),
}
"""v2beta2, v2beta3, v2, independent of the model. Other fields can be set in every version, at any time."""

OF_PULL_QUEUES = {
    RateLimits: {"max_tasks_dispatched_per_second", "max_burst_size", "max_concurrent_tasks"},
    RetryConfig: {"max_retry_duration", "min_backoff", "max_backoff", "max_doublings"},
}
"""Output only for pull queues. Source: SPEC section 2.3."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_who_may_set_a_field_in_each_version(kind: type[Message]) -> None:
    for name, field in schema(kind).items():
        known = DIFFER.get(f"{kind.__name__}.{name}", (SET, SET, SET))
        assert tuple(field.behavior(version) for version in VERSIONS) == known, name
        of_pull = READ if name in OF_PULL_QUEUES.get(kind, ()) else known[0]
        assert field.behavior("v2beta2", "pull") == of_pull, name
        assert field.behavior("v2beta2", "http") == known[0], name


def test_the_table_names_only_fields_that_there_are() -> None:
    assert {f"{kind.__name__}.{name}" for kind in KINDS for name in schema(kind)} >= set(DIFFER)


def described(
    kind: type[Message], version: Version, name: str
) -> Iterator[tuple[str, Field, dict[str, Any]]]:
    """The fields of a version's message with Google's descriptions, at any depth that a caller may set."""
    official = document(version)["schemas"][name]["properties"]
    for field in schema(kind).values():
        what = official[field.wire]
        yield f"{name}.{field.name}", field, what
        inner = what.get("$ref") or what.get("items", {}).get("$ref")
        if inner and field.message and schema(field.message) and field.behavior(version) != READ:
            yield from described(field.message, version, inner)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("model", [Queue, Task, CmekConfig])
def test_the_marks_say_what_the_discovery_document_says(model: type[Message], version: Version) -> None:
    found = list(described(wire(model, version), version, model.__name__))
    for name, field, what in found:
        text, behavior = what.get("description", ""), field.behavior(version)
        says_output_only = text.startswith("Output only") or what.get("readOnly", False)
        assert (behavior == READ) == says_output_only, name
        says_create_only = re.search(r"aller-specified (and required )?in Create", text) is not None
        assert (behavior == CREATED) == (says_create_only or field.name.endswith("_ttl")), name
        assert (behavior == SHOWN) == ("cannot be explicitly set" in text), name
        if "output only for pull queues" in text:
            assert field.behavior(version, "pull") == READ, name
    assert len(found) > 1


def test_a_path_is_set_by_whom_the_way_to_it_says() -> None:
    assert behavior_of(Queue, ("stats", "tasks_count")) == READ
    assert behavior_of(Queue, ("rate_limits", "max_burst_size"), "v2") == READ
    assert behavior_of(Queue, ("rate_limits",), "v2", "pull") == SET
    assert behavior_of(Queue, ("http_target", "header_overrides", "anything")) == SET


def made(*marks: Any, default: Any) -> type[Message]:
    """A message of the model with one field, `labels`."""
    field = ("labels", Annotated[(dict[str, str], *marks)] if marks else dict[str, str], default)
    kind: type[Any] = msgspec.defstruct("Made", [field], bases=(Message,), module="cloudtasks_nb.model.made")
    return kind


def test_the_last_mark_that_applies_decides() -> None:
    field = schema(made(OUTPUT_ONLY, output_only(queue_kind="pull"), absent("v2"), default={}))["labels"]
    assert [field.behavior(version) for version in VERSIONS] == [READ, READ, NONE]
    assert field.versions == ["v2beta2", "v2beta3"]
    assert field.mapped
    assert field.holds is str
    assert schema(made(CREATE_ONLY, default={}))["labels"].behavior("v2") == CREATED


@pytest.mark.parametrize("default", [{}, msgspec.field(default_factory=dict)])
def test_a_blank_map_is_no_value_that_a_version_could_lack(default: Any) -> None:
    kind = made(absent("v2"), default=default)
    assert schema(kind)["labels"].blank == {}
    check_carries(kind(), "v2")
    check_carries(kind(labels={"env": "prod"}), "v2beta3")  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match=r"Made\.labels does not exist in v2"):
        check_carries(kind(labels={"env": "prod"}), "v2")  # type: ignore[call-arg]
