"""The filter grammar of queues.list."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.calls.filters import parse_filter
from cloudtasks_nb.emulator.server.rules.queues import new_queue
from cloudtasks_nb.errors import InvalidArgument
from cloudtasks_nb.model import AppEngineHttpTarget, HttpTarget, PullTarget, Queue, RateLimits, RetryConfig
from cloudtasks_nb.names import parse_queue

from .conftest import QUEUE


@pytest.fixture
def queue() -> Queue:
    asked = Queue(
        app_engine_http_target=AppEngineHttpTarget(),
        http_target=HttpTarget(),
        rate_limits=RateLimits(max_tasks_dispatched_per_second=20),
        retry_config=RetryConfig(max_attempts=5),
    )
    made = new_queue(asked, parse_queue(QUEUE))
    made.purge_time = datetime(2026, 1, 1, tzinfo=UTC)
    return made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "state: RUNNING",
        "state=RUNNING",
        'state = "RUNNING"',
        "state!=PAUSED",
        "app_engine_http_target: *",
        "appEngineHttpTarget:*",
        "NOT pull_target:*",
        "-pull_target:*",
        "pullTarget != *",
        "rateLimits.maxTasksDispatchedPerSecond >= 20",
        "rate_limits.max_tasks_dispatched_per_second<20.5",
        "retryConfig.maxAttempts=5",
        "retry_config.min_backoff <= 0.1s",
        "retry_config.min_backoff < 1",
        "retryConfig.maxBackoff = 3600s",
        "purgeTime > 2025-12-31T23:59:59Z",
        'purge_time<="2026-01-01T00:00:00Z"',
        'name: "queues/q"',
        'name: "QUEUES/Q"',
        f"name = {QUEUE}",
        "state=PAUSED OR state=RUNNING",
        "state=RUNNING AND retryConfig.maxAttempts>4",
        "state=RUNNING retryConfig.maxAttempts>4",
        "(state=PAUSED OR state=RUNNING) AND NOT (state=DISABLED)",
        # OR binds tighter than AND
        "state=RUNNING OR state=PAUSED AND state=RUNNING",
        "NOT state=PAUSED OR state=DISABLED",
        " AND ".join(["(state=RUNNING)"] * 60),
    ],
)
def test_filters_that_match(queue: Queue, text: str) -> None:
    assert parse_filter(text).matches(queue)


@pytest.mark.parametrize(
    "text",
    [
        "state: PAUSED",
        "NOT state: RUNNING",
        "pull_target:*",
        "http_target.header_overrides:*",
        "app_engine_http_target != *",
        "retryConfig.maxAttempts<5",
        "retryConfig.maxRetryDuration<5s",
        "state=RUNNING AND state=PAUSED",
        "state=RUNNING OR state=PAUSED AND state=PAUSED",
        "(state=PAUSED AND state=RUNNING) OR state=DISABLED",
        'name: "another"',
    ],
)
def test_filters_that_do_not(queue: Queue, text: str) -> None:
    assert not parse_filter(text).matches(queue)


@pytest.mark.parametrize(
    "text",
    [
        "state", "state=", "=RUNNING", "state=RUNNING AND", "(state=RUNNING", "state=RUNNING)", "colour=red",
        "state=RUNNIN", "retryConfig.maxAttempts>many", "rateLimits>5", "state.x=5", "OR", "NOT", '"',
        "state=PAUSED ORstate=RUNNING", "state=RUNNING ANDstate=RUNNING", "NOTstate=PAUSED", "state=\"x",
        "retryConfig.minBackoff>1h", "purgeTime>yesterday", "(" * 200 + "state=RUNNING" + ")" * 200,
    ],
)  # fmt: skip
def test_filters_that_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="filter"):
        parse_filter(text)


@given(st.text('state=RUNING ()"\\ANDORT:*<>-.', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_filter(text).matches(Queue())
    except InvalidArgument as refused:
        assert "filter" in refused.message


@pytest.mark.parametrize(
    ("text", "pull", "push"),
    [
        ("type=PULL", True, False),
        ("type: PUSH", False, True),
        ("type != PULL AND type:*", False, True),
        ("NOT type=PUSH", True, False),
    ],
)
def test_the_type_of_v2beta3_is_what_the_model_says_by_targets(text: str, pull: bool, push: bool) -> None:
    found = parse_filter(text, version="v2beta3")
    assert found.matches(Queue(pull_target=PullTarget())) is pull
    assert found.matches(Queue()) is push
    with pytest.raises(InvalidArgument, match="'type' is not a field of a queue"):
        parse_filter(text)


def test_unlimited_attempts_are_minus_one_in_the_later_versions() -> None:
    unlimited = Queue(retry_config=RetryConfig(unlimited_attempts=True))
    assert parse_filter("retryConfig.maxAttempts = -1", version="v2").matches(unlimited)
    assert not parse_filter("retryConfig.maxAttempts > 0", version="v2").matches(unlimited)
    assert parse_filter("retryConfig.maxAttempts = 5", version="v2").matches(
        Queue(retry_config=RetryConfig(max_attempts=5))
    )


def test_only_filters_on_statistics_need_them() -> None:
    assert parse_filter("stats.tasksCount > 5").needs_stats
    assert parse_filter("stats.tasksCount > 5 AND state=RUNNING").needs_stats
    assert not parse_filter("state=RUNNING").needs_stats
