"""Settings and the masks that name exactly what was passed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.errors import ConfigError
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
    UriOverride,
    to_dict,
)
from cloudtasks_nb.model.schema import Field, camel, schema
from cloudtasks_nb.resources.settings import KINDS, mask_paths, settings


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
        ("http_target", {"header_overrides": {"X-A": "b"}}, ["httpTarget.headerOverrides"]),
        (
            "app_engine_http_target",
            {"app_engine_routing_override": {"service": "a"}},
            ["appEngineHttpTarget.appEngineRoutingOverride"],
        ),
    ],
)
def test_the_mask_names_what_was_passed_and_nothing_else(field: str, given: Any, mask: list[str]) -> None:
    assert mask_paths(field, given) == mask


def test_dicts_become_the_messages_they_describe() -> None:
    made = settings(
        "http_target",
        {
            "uri_override": {"host": "example.com", "port": 443, "path_override": {"path": "/a"}},
            "header_overrides": {"X-Team": "mail"},
            "oidc_token": None,
        },
    )
    assert to_dict(made) == {
        "uriOverride": {"host": "example.com", "port": "443", "pathOverride": {"path": "/a"}},
        "headerOverrides": [{"header": {"key": "X-Team", "value": "mail"}}],
    }
    assert isinstance(settings("task_ttl", 86_400 * 20), Duration)
    routed = settings("app_engine_http_target", {"app_engine_routing_override": {"service": "a"}})
    assert routed == AppEngineHttpTarget(app_engine_routing_override=AppEngineRouting(service="a"))


@pytest.mark.parametrize(
    ("field", "given", "words"),
    [
        ("rate_limits", {"max_brust_size": 1}, "did you mean 'max_burst_size'"),
        ("http_target", {"uri_override": {"hots": "x"}}, "did you mean 'host'"),
        ("http_target", {"uri_override": "example.com"}, "http_target.uri_override is a str"),
        ("http_target", {"header_overrides": 7}, "http_target.header_overrides is a int"),
        ("rate_limits", RetryConfig(), "is a RetryConfig, not a RateLimits"),
        ("color", {}, "no setting 'color'"),
    ],
)
def test_what_is_no_setting_is_refused_with_the_nearest_name(field: str, given: Any, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(field, given)
    assert words in str(caught.value)


def _values(field: Field) -> st.SearchStrategy[Any]:
    if field.message is not None and not field.repeated:
        return st.none() | dicts(field.message)
    if field.repeated:
        return st.none() | st.just([])
    by_type: dict[Any, st.SearchStrategy[Any]] = {
        str: st.sampled_from(["a", "POST"]),
        bool: st.booleans(),
        int: st.integers(0, 9),
        float: st.just(2.5),
        Int64: st.integers(1, 9),
        Duration: st.integers(1, 60),
    }
    return st.none() | by_type[field.holds]


def dicts(kind: type[Message]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={name: _values(field) for name, field in schema(kind).items()})


def _leaves(given: dict[str, Any], kind: type[Message]) -> set[str]:
    """What a person passed, path by path, told without the code under test."""
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
    mask = mask_paths(field, given_values)
    assert len(mask) == len(set(mask))
    head = {path.partition(".")[0] for path in mask}
    assert head <= {camel(kind) for kind in KINDS}
    assert {path.partition(".")[2] for path in mask} == _leaves(given_values, KINDS[field])
    written = to_dict(settings(field, given_values))
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
    assert mask_paths("rate_limits", RateLimits(max_burst_size=3)) == mask_paths(
        "rate_limits", {"max_burst_size": 3}
    )
