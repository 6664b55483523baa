"""Defaults, limits, patches, backoff, outgoing requests: the pure rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.calls import masks
from cloudtasks_nb.emulator.delivery import outgoing
from cloudtasks_nb.emulator.rules import attempts, queue_patch
from cloudtasks_nb.emulator.rules import queues as queue_rules
from cloudtasks_nb.emulator.rules import tasks as task_rules
from cloudtasks_nb.emulator.rules.app_engine import AppEngine
from cloudtasks_nb.emulator.rules.attempts import Attempt
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import (
    AppEngineHttpRequest,
    AppEngineHttpTarget,
    AppEngineRouting,
    AttemptStatus,
    Duration,
    Header,
    HeaderOverride,
    HttpRequest,
    HttpTarget,
    PathOverride,
    PullMessage,
    PullTarget,
    QueryOverride,
    Queue,
    RateLimits,
    RetryConfig,
    Task,
    TaskStatus,
    UriOverride,
    from_dict,
    to_dict,
)
from cloudtasks_nb.model.json import Int64
from cloudtasks_nb.names import parse_queue

from .conftest import NOW, QUEUE

NAME = parse_queue(QUEUE)


def new(**settings: Any) -> Queue:
    return queue_rules.new_queue(Queue(**settings), NAME)


def patch(current: Queue, asked: Queue, mask: str) -> Queue:
    return queue_patch.patched(current, asked, masks.parse_mask(mask, "update_mask"))


# Queues


@pytest.mark.parametrize(("rate", "burst"), [(500, 100), (1, 10), (5, 1), (0.2, 1), (12, 3)])
def test_the_burst_follows_the_rate(rate: float, burst: int) -> None:
    limits = new(rate_limits=RateLimits(max_tasks_dispatched_per_second=rate)).rate_limits
    assert limits is not None
    assert limits.max_burst_size == burst


def test_a_patched_rate_brings_its_burst_unless_one_is_given() -> None:
    queue = new()
    slow = Queue(rate_limits=RateLimits(max_tasks_dispatched_per_second=10))
    assert patch(queue, slow, "rateLimits.maxTasksDispatchedPerSecond").rate_limits == RateLimits(
        max_tasks_dispatched_per_second=10, max_burst_size=2, max_concurrent_tasks=1000
    )
    both = Queue(rate_limits=RateLimits(max_tasks_dispatched_per_second=10, max_burst_size=7))
    assert to_dict(patch(queue, both, "rate_limits"))["rateLimits"]["maxBurstSize"] == 7
    other = Queue(rate_limits=RateLimits(max_concurrent_tasks=3))
    assert to_dict(patch(queue, other, "rateLimits.maxConcurrentTasks"))["rateLimits"]["maxBurstSize"] == 100


def test_zero_doublings_and_zero_backoff_are_kept() -> None:
    retries = new(retry_config=RetryConfig(max_doublings=0, min_backoff=Duration())).retry_config
    assert retries is not None
    assert (retries.max_doublings, retries.min_backoff) == (0, Duration())


def test_unlimited_attempts_and_a_number_replace_each_other() -> None:
    queue = new(retry_config=RetryConfig(unlimited_attempts=True))
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
    made = new(pull_target=PullTarget(), retry_config=asked)
    assert made.retry_config == RetryConfig(
        max_attempts=3, min_backoff=Duration(), max_backoff=Duration(), max_doublings=0
    )
    for path in ("retryConfig", "retryConfig.minBackoff"):
        mask = masks.parse_mask(path, "update_mask")
        assert queue_patch.patched(made, Queue(retry_config=asked), mask).retry_config == made.retry_config
    with pytest.raises(InvalidArgument, match="maxAttempts"):
        new(pull_target=PullTarget(), retry_config=RetryConfig(max_attempts=0))


def test_a_patch_leaves_the_original_alone() -> None:
    queue = new(http_target=HttpTarget(uri_override=UriOverride(host="a.example.com")))
    before = to_dict(queue)
    change = Queue(http_target=HttpTarget(uri_override=UriOverride(host="b.example.com")))
    after = patch(queue, change, "httpTarget.uriOverride.host")
    assert to_dict(after)["httpTarget"]["uriOverride"]["host"] == "b.example.com"
    assert to_dict(queue) == before


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
    queue = new(**kind)
    with pytest.raises(InvalidArgument, match="type of a queue"):
        patch(queue, Queue(**other), "")
    assert patch(queue, Queue(), "").kind == queue.kind


@pytest.mark.parametrize("mask", ["colour", "rateLimits.colour", "state.x", "rateLimits.", ",", "taskTtl"])
def test_masks_that_are_refused(mask: str) -> None:
    with pytest.raises(InvalidArgument):
        patch(new(), Queue(), mask)


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
        new(**settings)


def test_app_engine_routing_shows_its_host() -> None:
    routing = AppEngineRouting(service="s", version="v", instance="1")
    queue = new(app_engine_http_target=AppEngineHttpTarget(app_engine_routing_override=routing))
    shown = to_dict(queue)["appEngineHttpTarget"]["appEngineRoutingOverride"]
    assert shown["host"] == "1.v.s.p.appspot.com"


# Backoff


@dataclass
class Series:
    shortest: float
    longest: float
    doublings: int
    delays: list[float]


@pytest.mark.parametrize(
    "series",
    [
        Series(10, 300, 3, [10, 20, 40, 80, 160, 240, 300, 300]),
        Series(2, 100, 2, [2, 4, 8, 16, 24, 32, 40]),
        Series(1, 10, 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]),
        Series(0.1, 3600, 16, [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]),
    ],
    ids=lambda series: f"{series.shortest}-{series.longest}-{series.doublings}",
)
def test_documented_delays(series: Series) -> None:
    retries = RetryConfig(
        min_backoff=Duration.of(series.shortest),
        max_backoff=Duration.of(series.longest),
        max_doublings=series.doublings,
    )
    delays = [
        attempts.retry_delay(retries, failed + 1).total_seconds() for failed in range(len(series.delays))
    ]
    assert delays == series.delays


@given(st.floats(0, 100), st.floats(100, 10_000), st.integers(0, 30), st.integers(1, 200))
def test_delays_never_shrink_and_stay_below_the_longest(
    shortest: float, longest: float, doublings: int, failed: int
) -> None:
    retries = RetryConfig(
        min_backoff=Duration.of(shortest), max_backoff=Duration.of(longest), max_doublings=doublings
    )
    delays = [attempts.retry_delay(retries, count) for count in range(failed, failed + 3)]
    assert all(first <= second for first, second in pairwise(delays))
    assert delays[-1] <= Duration.of(longest)


@pytest.mark.parametrize(
    ("retries", "failed", "since_s", "ended"),
    [
        (RetryConfig(max_attempts=3), 2, 0, False),
        (RetryConfig(max_attempts=3), 3, 0, True),
        (RetryConfig(max_attempts=3, max_retry_duration=Duration(seconds=60)), 3, 59, False),
        (RetryConfig(max_attempts=3, max_retry_duration=Duration(seconds=60)), 4, 60, True),
        (RetryConfig(unlimited_attempts=True), 10_000, 10**6, False),
    ],
)
def test_when_attempts_are_used_up(retries: RetryConfig, failed: int, since_s: int, ended: bool) -> None:
    assert attempts.used_up(retries, failed, timedelta(seconds=since_s)) is ended


def test_a_task_overrides_its_queue() -> None:
    task = Task(retry_config=RetryConfig(unlimited_attempts=True, min_backoff=Duration(seconds=9)))
    merged = attempts.retry_config(new(retry_config=RetryConfig(max_attempts=3, max_doublings=1)), task)
    assert merged.unlimited_attempts
    assert merged.max_attempts is None
    assert (merged.min_backoff, merged.max_doublings) == (Duration(seconds=9), 1)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (401, "UNAUTHENTICATED(16): HTTP status code 401"),
        (502, "INTERNAL(13): HTTP status code 502"),
        (503, "UNAVAILABLE(14): HTTP status code 503"),
        (404, "NOT_FOUND(5): HTTP status code 404"),
        (429, "RESOURCE_EXHAUSTED(8): HTTP status code 429"),
        (302, "UNKNOWN(2): HTTP status code 302"),
    ],
)
def test_answers_in_words(code: int, message: str) -> None:
    outcome = attempts.answered(code)
    assert not outcome.succeeded
    assert outcome.status.message == message


# Outgoing requests


def attempt(task: Task, queue: Queue | None = None, **known: Any) -> Attempt:
    facts = {"execution_count": 0, "previous_code": None, **known}
    return Attempt(queue_row=1, task_row=1, queue=queue or new(), task=task, started=NOW, **facts)


def test_app_engine_headers_of_a_retry() -> None:
    task = Task(
        name=f"{QUEUE}/tasks/t",
        app_engine_http_request=AppEngineHttpRequest(
            relative_url="/x", app_engine_routing=AppEngineRouting(host="p.appspot.com")
        ),
        schedule_time=NOW,
        status=TaskStatus(
            attempt_dispatch_count=2,
            attempt_response_count=2,
            last_attempt_status=AttemptStatus(response_status=attempts.answered(503).status),
        ),
    )
    request = outgoing.request_for(attempt(task, previous_code=503), AppEngine({"": "http://localhost:8080"}))
    assert request.url == "http://localhost:8080/x"
    assert request.headers == {
        "X-AppEngine-QueueName": "q",
        "X-AppEngine-TaskName": "t",
        "X-AppEngine-TaskRetryCount": "2",
        "X-AppEngine-TaskExecutionCount": "2",
        "X-AppEngine-TaskETA": "1772366400.25",
        "X-AppEngine-TaskPreviousResponse": "503",
        "X-AppEngine-TaskRetryReason": "App Error",
    }


@pytest.mark.parametrize("answered_before", [0, 1])
def test_headers_after_an_attempt_that_timed_out(answered_before: int) -> None:
    outcome = attempts.timed_out()
    status = TaskStatus(
        attempt_dispatch_count=1 + answered_before,
        attempt_response_count=answered_before,
        last_attempt_status=AttemptStatus(response_status=outcome.status),
    )
    known = {"name": f"{QUEUE}/tasks/t", "schedule_time": NOW, "status": status}
    http = Task(http_request=HttpRequest(url="http://localhost"), **known)
    app_engine = Task(app_engine_http_request=AppEngineHttpRequest(relative_url="/"), **known)
    applications = AppEngine({"": "http://localhost:8080"})
    sent = outgoing.request_for(attempt(http, previous_code=outcome.code), applications).headers
    assert sent["X-CloudTasks-TaskPreviousResponse"] == "504"
    assert sent["X-CloudTasks-TaskRetryReason"] == ""
    assert sent["X-CloudTasks-TaskExecutionCount"] == "0"
    sent = outgoing.request_for(attempt(app_engine, previous_code=outcome.code), applications).headers
    assert sent["X-AppEngine-TaskPreviousResponse"] == "0"
    assert sent["X-AppEngine-TaskRetryReason"] == "Instance Unavailable"
    assert sent["X-AppEngine-TaskExecutionCount"] == str(answered_before)


def test_the_queue_overrides_its_tasks() -> None:
    target = HttpTarget(
        http_method="PUT",
        header_overrides=[HeaderOverride(header=Header(key="x-one", value="queue"))],
        uri_override=UriOverride(host="localhost", scheme="HTTP", port=Int64(8080)),
    )
    task = Task(
        name=f"{QUEUE}/tasks/t",
        http_request=HttpRequest(url="https://example.com:1/a?b=c", headers={"X-One": "task"}),
        schedule_time=NOW,
    )
    request = outgoing.request_for(attempt(task, new(http_target=target)), AppEngine())
    assert (request.method, request.url) == ("PUT", "http://localhost:8080/a?b=c")
    assert request.headers["x-one"] == "queue"
    assert "X-One" not in request.headers


@pytest.mark.parametrize(
    ("override", "url"),
    [
        (UriOverride(host="b.example"), "https://b.example:1/p?q=1"),
        (UriOverride(port=Int64(0)), "https://a.example/p?q=1"),
        (UriOverride(path_override=PathOverride(), scheme="HTTP"), "http://a.example:1?q=1"),
        (UriOverride(query_override=QueryOverride(query_params="z=2")), "https://a.example:1/p?z=2"),
        (
            UriOverride(host="b.example", uri_override_enforce_mode="IF_NOT_EXISTS"),
            "http://a.example:1/p?q=1",
        ),
    ],
)
def test_overridden_urls(override: UriOverride, url: str) -> None:
    assert outgoing.overridden("http://a.example:1/p?q=1", override) == url


# Tasks


@given(
    st.binary(max_size=3000),
    st.dictionaries(
        st.text("abcdefghij-", min_size=1, max_size=20), st.text(max_size=40, alphabet="xyz é"), max_size=8
    ),
    st.text("ab", max_size=200),
)
def test_the_size_is_that_of_the_protocol_buffer(body: bytes, headers: dict[str, str], path: str) -> None:
    from google.cloud import tasks_v2beta2 as gapic

    task = Task(
        name=f"{QUEUE}/tasks/t",
        http_request=HttpRequest(
            url=f"https://e.example/{path}", http_method="POST", headers=headers, body=body
        ),
        schedule_time=NOW,
        create_time=NOW.replace(microsecond=0),
    )
    message = gapic.Task(
        name=task.name,
        http_request={
            "url": f"https://e.example/{path}",
            "http_method": "POST",
            "headers": headers,
            "body": body,
        },
        schedule_time=NOW,
        create_time=NOW.replace(microsecond=0),
        view="FULL",
    )
    assert abs(task_rules.proto_size(task, QUEUE) - gapic.Task.pb(message).ByteSize()) <= 4


def test_a_tag_has_less_than_500_characters() -> None:
    pull = new(pull_target=PullTarget())
    task_rules.new_task(Task(pull_message=PullMessage(tag="é" * 499)), pull, NOW)
    with pytest.raises(InvalidArgument, match="tag"):
        task_rules.new_task(Task(pull_message=PullMessage(tag="t" * 500)), pull, NOW)


@pytest.mark.parametrize("headers", [{"a b": "c"}, {"": "c"}, {"a": "b\r\nc: d"}, {"é": "x"}])
def test_headers_that_are_none(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidArgument, match="header"):
        task_rules.new_task(
            Task(http_request=HttpRequest(url="https://e.example", headers=headers)), new(), NOW
        )


def test_headers_of_the_service_are_its_own() -> None:
    headers = {
        "host": "h",
        "X-CloudTasks-TaskName": "t",
        "content-length": "1",
        "user-agent": "me",
        "X-Mine": "m",
    }
    task = task_rules.new_task(
        Task(http_request=HttpRequest(url="https://e.example", headers=headers)), new(), NOW
    )
    assert task.headers == {"X-Mine": "m", "User-Agent": "Google-Cloud-Tasks"}
