"""Settings, and masks that contain exactly the passed fields."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.errors import CloudTasksError, ConfigError
from cloudtasks_nb.model import (
    AppEngineHttpTarget,
    AppEngineRouting,
    Duration,
    HttpTarget,
    Int64,
    Message,
    OidcToken,
    RateLimits,
    RetryConfig,
    StackdriverLoggingConfig,
    UriOverride,
    to_dict,
)
from cloudtasks_nb.model.schema import Field, camel, schema
from cloudtasks_nb.model.versions import Version
from cloudtasks_nb.model.writing import mask_paths
from cloudtasks_nb.resources.settings import _Reader, settings

KINDS: dict[str, type[Message]] = {
    "rate_limits": RateLimits,
    "retry_config": RetryConfig,
    "http_target": HttpTarget,
    "app_engine_http_target": AppEngineHttpTarget,
    "stackdriver_logging_config": StackdriverLoggingConfig,
}


@pytest.mark.parametrize(
    ("field", "given", "mask"),
    [
        ("rate_limits", {"max_burst_size": None}, ["rateLimits.maxBurstSize"]),
        ("retry_config", RetryConfig(max_attempts=3), ["retryConfig.maxAttempts"]),
        ("http_target", {"uri_override": {"host": "x"}}, ["httpTarget.uriOverride.host"]),
        ("http_target", {"uri_override": UriOverride(host="x")}, ["httpTarget.uriOverride.host"]),
        ("http_target", {"uri_override": {}}, ["httpTarget.uriOverride"]),
        (
            "http_target",
            {"uri_override": None, "http_method": "PUT"},
            ["httpTarget.uriOverride", "httpTarget.httpMethod"],
        ),
        (
            "http_target",
            HttpTarget(oidc_token=OidcToken(service_account_email="a@b")),
            ["httpTarget.oidcToken.serviceAccountEmail"],
        ),
        (
            "http_target",
            {"uri_override": {"path_override": {"path": "/x"}, "port": 8080}},
            ["httpTarget.uriOverride.pathOverride.path", "httpTarget.uriOverride.port"],
        ),
        ("retry_config", {}, []),
        ("retry_config", RetryConfig(), []),
        ("task_ttl", 60, ["taskTtl"]),
        ("http_target", {"header_overrides": {"X-A": "b"}}, ["httpTarget.headerOverrides"]),
        (
            "app_engine_http_target",
            {"app_engine_routing_override": {"service": "a"}},
            ["appEngineHttpTarget.appEngineRoutingOverride"],
        ),
    ],
)
def test_the_mask_names_what_was_passed_and_nothing_else(field: str, given: Any, mask: list[str]) -> None:
    assert mask_paths({field: given}) == mask


def test_dicts_become_the_messages_they_describe() -> None:
    given = {
        "uri_override": {"host": "example.com", "port": 443, "path_override": {"path": "/a"}},
        "header_overrides": {"X-Team": "mail"},
        "oidc_token": None,
    }
    assert to_dict(settings({"http_target": given}).http_target) == {
        "uriOverride": {"host": "example.com", "port": "443", "pathOverride": {"path": "/a"}},
        "headerOverrides": [{"header": {"key": "X-Team", "value": "mail"}}],
    }
    assert isinstance(settings({"task_ttl": 86_400 * 20}).task_ttl, Duration)
    routed = settings({"app_engine_http_target": {"app_engine_routing_override": {"service": "a"}}})
    assert routed.app_engine_http_target == AppEngineHttpTarget(
        app_engine_routing_override=AppEngineRouting(service="a")
    )


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        ("rate_limits", {"max_brust_size": 1}, "did you mean 'max_burst_size'"),
        ("http_target", {"uri_override": {"hots": "x"}}, "did you mean 'host'"),
        ("http_target", {"uri_override": "example.com"}, "http_target.uri_override is a str"),
        ("http_target", {"header_overrides": 7}, "http_target.header_overrides is an int"),
        ("rate_limits", RetryConfig(), "is a RetryConfig, not a RateLimits"),
        ("color", {}, "Queue has no field 'color'"),
        ("rate_limit", {}, "did you mean 'rate_limits'"),
        ("state", "PAUSED", "Queue.state is output only: the service sets it"),
        (
            "app_engine_http_target",
            {"app_engine_routing_override": {"host": "x"}},
            "AppEngineRouting.host is output only",
        ),
    ],
)
def test_what_is_no_setting_is_refused_with_the_nearest_name(field: str, given: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings({field: given})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -float("inf"), np.float64("nan"), pd.NA, pd.NaT]
)
@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("rate_limits", "max_tasks_dispatched_per_second"),
        ("rate_limits", "max_concurrent_tasks"),
        ("retry_config", "max_attempts"),
        ("retry_config", "min_backoff"),
        ("stackdriver_logging_config", "sampling_ratio"),
    ],
)
def test_no_setting_is_without_a_value(field: str, key: str, value: Any) -> None:
    with pytest.raises(CloudTasksError, match=f"{field}.{key}"):
        settings({field: {key: value}}, "v2beta3")
    if value is not pd.NA:  # which cannot even be compared
        with pytest.raises(CloudTasksError):
            settings({field: KINDS[field](**{key: value})}, "v2beta3")


@pytest.mark.parametrize(
    ("field", "key", "instead"),
    [
        ("rate_limits", "max_tasks_dispatched_per_second", "queue.pause()"),
        ("rate_limits", "max_concurrent_tasks", "queue.pause()"),
        ("rate_limits", "max_burst_size", "the minimum is 1"),
        ("retry_config", "max_attempts", "no retries"),
    ],
)
def test_a_0_that_would_become_the_default_is_refused(field: str, key: str, instead: str) -> None:
    for given_value in ({key: 0}, {key: 0.0}, KINDS[field](**{key: 0})):
        with pytest.raises(ConfigError, match="0, which the service reads as its default") as refused:
            settings({field: given_value})
        assert instead in str(refused.value)


@pytest.mark.parametrize(
    ("given_values", "held"),
    [
        ({"max_attempts": np.int64(5)}, 5),
        ({"max_attempts": 5.0}, 5),
        ({"max_attempts": "5"}, "max_attempts is a str, not a whole number"),
        ({"max_attempts": True}, "max_attempts is a bool, not a whole number"),
        ({"max_attempts": 1.5}, "max_attempts is 1.5, not a whole number"),
        ({"unlimited_attempts": 1}, "unlimited_attempts is an int, not True or False"),
    ],
)
def test_values_have_the_type_of_their_field(given_values: dict[str, Any], held: Any) -> None:
    if not isinstance(held, str):
        read = settings({"retry_config": given_values}).retry_config
        assert read is not None
        assert (read.max_attempts, type(read.max_attempts)) == (held, int)
        return
    with pytest.raises(ConfigError, match=held):
        settings({"retry_config": given_values})


def _values(field: Field) -> st.SearchStrategy[Any]:
    if field.message is not None and not field.repeated:
        return st.none() | dicts(field.message)
    if field.repeated:
        return st.none() | st.just([])
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        str: st.sampled_from(["a", "POST"]),
        bool: st.booleans(),
        int: st.integers(1, 9),
        float: st.just(2.5),
        Int64: st.integers(1, 9),
        Duration: st.integers(1, 60),
    }
    return st.none() | by_type[field.holds]


def dicts(kind: type[Message]) -> st.SearchStrategy[dict[str, Any]]:
    settable = {
        name: field for name, field in schema(kind).items() if field.behavior("v2beta3") == "settable"
    }
    return st.fixed_dictionaries({}, optional={name: _values(field) for name, field in settable.items()})


def _leaves(given: dict[str, Any], kind: type[Message]) -> set[str]:
    """The passed settings by path, independent of the code under test."""
    found = set()
    for name, value in given.items():
        field = schema(kind)[name]
        inner = isinstance(value, dict) and value and field.message not in (None, AppEngineRouting)
        assert field.message is not None or not inner
        found |= (
            {f"{field.wire}.{path}" for path in _leaves(value, field.message)}  # type: ignore[arg-type]
            if inner
            else {field.wire}
        )
    return found


@given(st.sampled_from(sorted(KINDS)).flatmap(lambda field: st.tuples(st.just(field), dicts(KINDS[field]))))
def test_masks_hold_every_leaf_once_and_the_message_holds_every_value(
    drawn: tuple[str, dict[str, Any]],
) -> None:
    field, given_values = drawn
    mask = mask_paths({field: given_values})
    assert len(mask) == len(set(mask))
    head = {path.partition(".")[0] for path in mask}
    assert head <= {camel(kind) for kind in KINDS}
    assert {path.partition(".")[2] for path in mask} == _leaves(given_values, KINDS[field])
    written = to_dict(getattr(settings({field: given_values}, "v2beta3"), field))
    for path in (path.split(".")[1:] for path in mask):
        held: Any = given_values
        sent: Any = written
        for segment in path:
            known = next(name for name, one in _all_fields().items() if one == segment and name in held)
            held = held[known]
            sent = sent.get(segment) if isinstance(sent, dict) else None
        if held in (None, "", False) or held in ([], {}):
            continue  # nothing to send: the mask alone clears the field
        assert sent is not None, path


def _all_fields() -> dict[str, str]:
    kinds: list[type[Message]] = list(KINDS.values())
    found: dict[str, str] = {}
    while kinds:
        for field in schema(kinds.pop()).values():
            found[field.name] = field.wire
            kinds += [field.message] if field.message else []
    return found


def test_a_message_and_the_same_dict_give_the_same_mask() -> None:
    given = RateLimits(max_burst_size=3)
    assert mask_paths({"rate_limits": given}) == mask_paths({"rate_limits": {"max_burst_size": 3}})


READ = RateLimits(max_tasks_dispatched_per_second=5, max_burst_size=7, max_concurrent_tasks=3)


@pytest.mark.parametrize(("version", "burst"), [("v2beta2", 7), ("v2beta3", 7), ("v2", None)])
def test_a_message_that_was_read_is_set_without_what_is_output_only(
    version: Version, burst: int | None
) -> None:
    made = settings({"rate_limits": READ}, version)
    assert made.rate_limits == RateLimits(
        max_tasks_dispatched_per_second=5, max_burst_size=burst, max_concurrent_tasks=3
    )
    assert ("rateLimits.maxBurstSize" in mask_paths({"rate_limits": READ}, version)) == (burst is not None)
    pull = RetryConfig(max_attempts=4, min_backoff=Duration(), max_doublings=0)
    assert settings({"retry_config": pull}, version, "pull").retry_config == RetryConfig(max_attempts=4)
    assert mask_paths({"retry_config": pull}, version, "pull") == ["retryConfig.maxAttempts"]
    assert READ.max_burst_size == 7  # its read value stays


@pytest.mark.parametrize(
    ("field", "key", "version", "queue_kind", "words", "hint"),
    [
        (
            "rate_limits", "max_burst_size", "v2", "http",
            "RateLimits.max_burst_size is output only in v2: the service sets it.",
            'leave it out, or connect with api_version="v2beta2" or "v2beta3"',
        ),
        (
            "retry_config", "max_doublings", "v2beta2", "pull",
            "RetryConfig.max_doublings is output only for pull queues: the service sets it.", "leave it out",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [3, None])
def test_a_key_that_cannot_be_set_is_refused_and_the_error_says_where_it_can(
    field: str, key: str, version: Version, queue_kind: str, words: str, hint: str, value: int | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        settings({field: {key: value}}, version, queue_kind)
    assert (caught.value.message, caught.value.hint) == (words, hint)


def test_a_field_that_the_version_lacks_is_refused_whoever_set_it() -> None:
    with pytest.raises(ConfigError, match=r"Queue\.stackdriver_logging_config does not exist in v2beta2"):
        settings({"stackdriver_logging_config": StackdriverLoggingConfig(sampling_ratio=1)}, "v2beta2")


def test_a_map_is_a_dict() -> None:
    kind = msgspec.defstruct("Labelled", [("labels", dict[str, str], {})], bases=(Message,))
    reader = _Reader()
    assert reader.message(kind, {"labels": {"env": "prod"}}, "").labels == {"env": "prod"}  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="labels is a list, not a dict"):
        reader.message(kind, {"labels": ["env"]}, "")


def test_an_integer_that_no_float_can_hold_is_too_large() -> None:
    with pytest.raises(ConfigError, match=r"max_tasks_dispatched_per_second is too large"):
        settings({"rate_limits": {"max_tasks_dispatched_per_second": 10**400}}, "v2beta2")
