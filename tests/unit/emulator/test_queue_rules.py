"""Queues: defaults, invalid settings, and patches."""

from __future__ import annotations

from typing import Any

import pytest

from cloudtasks_nb.emulator.server.calls import masks
from cloudtasks_nb.emulator.server.rules import queue_patch
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import (
    AppEngineHttpTarget,
    AppEngineRouting,
    Duration,
    HttpTarget,
    PullTarget,
    Queue,
    RateLimits,
    RetryConfig,
    UriOverride,
    from_dict,
    to_dict,
)

from .conftest import new_queue


def patch(current: Queue, asked: Queue, mask: str) -> Queue:
    return queue_patch.patched(current, asked, masks.parse_mask(mask, "update_mask"))


@pytest.mark.parametrize(("rate", "burst"), [(500, 100), (1, 10), (5, 1), (0.2, 1), (12, 3)])
def test_the_burst_follows_the_rate(rate: float, burst: int) -> None:
    limits = new_queue(rate_limits=RateLimits(max_tasks_dispatched_per_second=rate)).rate_limits
    assert limits is not None
    assert limits.max_burst_size == burst


def test_a_patched_rate_brings_its_burst_unless_one_is_given() -> None:
    queue = new_queue()
    slow = Queue(rate_limits=RateLimits(max_tasks_dispatched_per_second=10))
    assert patch(queue, slow, "rateLimits.maxTasksDispatchedPerSecond").rate_limits == RateLimits(
        max_tasks_dispatched_per_second=10, max_burst_size=2, max_concurrent_tasks=1000
    )
    both = Queue(rate_limits=RateLimits(max_tasks_dispatched_per_second=10, max_burst_size=7))
    assert to_dict(patch(queue, both, "rate_limits"))["rateLimits"]["maxBurstSize"] == 7
    other = Queue(rate_limits=RateLimits(max_concurrent_tasks=3))
    assert to_dict(patch(queue, other, "rateLimits.maxConcurrentTasks"))["rateLimits"]["maxBurstSize"] == 100


def test_zero_doublings_of_a_queue_yaml_and_a_backoff_of_0_s_are_kept() -> None:
    retries = new_queue(retry_config=RetryConfig(max_doublings=0, min_backoff=Duration())).retry_config
    assert retries is not None
    assert (retries.max_doublings, retries.min_backoff) == (0, Duration())


def test_unlimited_attempts_and_a_number_replace_each_other() -> None:
    queue = new_queue(retry_config=RetryConfig(unlimited_attempts=True))
    assert "maxAttempts" not in to_dict(queue)["retryConfig"]
    counted = patch(queue, Queue(retry_config=RetryConfig(max_attempts=3)), "retryConfig.maxAttempts")
    assert to_dict(counted)["retryConfig"]["maxAttempts"] == 3
    assert "unlimitedAttempts" not in to_dict(counted)["retryConfig"]
    again = patch(
        counted, Queue(retry_config=RetryConfig(unlimited_attempts=True)), "retryConfig.unlimitedAttempts"
    )
    assert "maxAttempts" not in to_dict(again)["retryConfig"]


def test_delays_of_a_pull_queue_are_the_services_own_whatever_is_asked_for() -> None:
    asked = RetryConfig(max_attempts=3, min_backoff=Duration(hours=2), max_doublings=-1)
    made = new_queue(pull_target=PullTarget(), retry_config=asked)
    assert made.retry_config == RetryConfig(
        max_attempts=3, min_backoff=Duration(), max_backoff=Duration(), max_doublings=0
    )
    for path in ("retryConfig", "retryConfig.minBackoff"):
        mask = masks.parse_mask(path, "update_mask")
        assert queue_patch.patched(made, Queue(retry_config=asked), mask).retry_config == made.retry_config
    with pytest.raises(InvalidArgument, match="maxAttempts"):
        new_queue(pull_target=PullTarget(), retry_config=RetryConfig(max_attempts=0))


def test_a_patch_leaves_the_original_alone() -> None:
    queue = new_queue(http_target=HttpTarget(uri_override=UriOverride(host="a.example.com")))
    before = to_dict(queue)
    change = Queue(http_target=HttpTarget(uri_override=UriOverride(host="b.example.com")))
    after = patch(queue, change, "httpTarget.uriOverride.host")
    assert to_dict(after)["httpTarget"]["uriOverride"]["host"] == "b.example.com"
    assert to_dict(queue) == before


def test_a_masked_field_that_the_patch_leaves_out_returns_to_its_default() -> None:
    host = UriOverride(host="a.example.com")
    queue = new_queue(http_target=HttpTarget(http_method="PUT", uri_override=host))
    cleared = patch(queue, Queue(), "httpTarget.httpMethod")
    assert to_dict(cleared)["httpTarget"] == {"uriOverride": {"host": "a.example.com"}}
    assert patch(new_queue(), Queue(), "httpTarget.uriOverride.host") == new_queue()


def test_a_push_queue_may_be_given_a_target_later() -> None:
    given = patch(new_queue(), Queue(http_target=HttpTarget(http_method="PUT")), "httpTarget")
    assert to_dict(given)["httpTarget"] == {"httpMethod": "PUT"}


@pytest.mark.parametrize(
    ("kind", "other"),
    [
        ({"pull_target": PullTarget()}, {"http_target": HttpTarget()}),
        ({"pull_target": PullTarget()}, {"app_engine_http_target": AppEngineHttpTarget()}),
        ({"app_engine_http_target": AppEngineHttpTarget()}, {"pull_target": PullTarget()}),
        ({}, {"pull_target": PullTarget()}),
    ],
)
def test_a_patch_keeps_the_kind(kind: dict[str, Any], other: dict[str, Any]) -> None:
    queue = new_queue(**kind)
    with pytest.raises(InvalidArgument, match="type of a queue"):
        patch(queue, Queue(**other), "")
    assert patch(queue, Queue(), "").kind == queue.kind


@pytest.mark.parametrize(
    "mask",
    [
        "colour",
        "rateLimits.colour",
        "state.x",
        "rateLimits.",
        ",",
        "taskTtl",
        "httpTarget.headerOverrides.header",
    ],
)
def test_masks_that_are_refused(mask: str) -> None:
    with pytest.raises(InvalidArgument):
        patch(new_queue(), Queue(), mask)


@pytest.mark.parametrize(
    "settings",
    [
        {"task_ttl": Duration(days=9)},
        {"tombstone_ttl": Duration(days=10)},
        {"rate_limits": RateLimits(max_burst_size=501)},
        {"rate_limits": RateLimits(max_tasks_dispatched_per_second=float("nan"))},
        {"retry_config": RetryConfig(max_attempts=-1)},
        {"retry_config": RetryConfig(max_backoff=Duration(milliseconds=50))},
        {"http_target": HttpTarget(uri_override=UriOverride(host=""))},
        {"http_target": from_dict({"oidcToken": {"audience": "a"}}, HttpTarget)},
    ],
)
def test_settings_that_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        new_queue(**settings)


def test_app_engine_routing_shows_its_host() -> None:
    routing = AppEngineRouting(service="s", version="v", instance="1")
    queue = new_queue(app_engine_http_target=AppEngineHttpTarget(app_engine_routing_override=routing))
    shown = to_dict(queue)["appEngineHttpTarget"]["appEngineRoutingOverride"]
    assert shown["host"] == "1.v.s.p.appspot.com"
