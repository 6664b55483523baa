"""An object of each kind, filled with a given text."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cloudtasks_nb.errors import AuthError, CloudTasksError, NotFound
from cloudtasks_nb.model import (
    AppEngineHttpRequest,
    AppEngineHttpTarget,
    AppEngineRouting,
    AttemptStatus,
    Binding,
    CmekConfig,
    Duration,
    Expr,
    Header,
    HeaderOverride,
    HttpRequest,
    HttpTarget,
    Int64,
    Location,
    Message,
    OidcToken,
    Operation,
    PathOverride,
    Policy,
    PullMessage,
    PullTarget,
    Queue,
    QueueStats,
    RateLimits,
    RetryConfig,
    Status,
    Task,
    TaskStatus,
    UriOverride,
)
from cloudtasks_nb.render import Card, Shape, Table, badge, location_table, queue_table, task_table

NOW = datetime(2026, 7, 31, 12, tzinfo=UTC)
QUEUE = "projects/p/locations/us-central1/queues/emails"

Everything = dict[str, Message | CloudTasksError | Shape]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def everything() -> Callable[[str], Everything]:
    return everything_of


def queues(text: str = "x") -> list[Queue]:
    limits = RateLimits(max_tasks_dispatched_per_second=500.0, max_burst_size=100, max_concurrent_tasks=1000)
    retry = RetryConfig(max_attempts=100, min_backoff=0.1, max_backoff=3600, max_doublings=16)
    overrides = UriOverride(host=text, path_override=PathOverride(path=text))
    return [
        Queue(
            name=f"{QUEUE}{text}",
            state=text,
            rate_limits=limits,
            retry_config=retry,
            purge_time=NOW - timedelta(days=3),
            task_ttl=Duration(days=31),
            stats=QueueStats(
                tasks_count=Int64(18234), oldest_estimated_arrival_time=NOW - timedelta(minutes=42)
            ),
            http_target=HttpTarget(
                uri_override=overrides,
                http_method=text,
                header_overrides=[HeaderOverride(header=Header(key=text, value=text))],
                oidc_token=OidcToken(service_account_email=text, audience=text),
            ),
        ),
        Queue(
            name=text,
            state="PAUSED",
            app_engine_http_target=AppEngineHttpTarget(
                app_engine_routing_override=AppEngineRouting(service=text, version=text)
            ),
        ),
        Queue(name="", pull_target=PullTarget(), rate_limits=RateLimits(max_concurrent_tasks=-1)),
    ]


def tasks(text: str = "x", count: int = 3) -> list[Task]:
    status = Status(code=14, message=text, details=[{text: text}])
    attempt = AttemptStatus(dispatch_time=NOW, response_time=NOW, response_status=status)
    requests = [
        {"http_request": HttpRequest(url=text, http_method=text, headers={text: text}, body=text.encode())},
        {"pull_message": PullMessage(payload=json.dumps({text: text}).encode(), tag=text)},
        {"app_engine_http_request": AppEngineHttpRequest(relative_url=text, headers={text: text})},
    ]
    return [
        Task(
            name=f"{QUEUE}/tasks/{text}{index}",
            schedule_time=NOW + timedelta(minutes=3),
            create_time=NOW - timedelta(hours=2),
            status=TaskStatus(
                attempt_dispatch_count=4, attempt_response_count=3, last_attempt_status=attempt
            ),
            view="FULL",
            **requests[index % 3],
        )
        for index in range(count)
    ]


def everything_of(text: str) -> Everything:
    status = Status(code=5, message=text, details=[{text: [text]}])
    location = Location(
        name=text, location_id=text, display_name=text, labels={text: text}, metadata={text: text}
    )
    policy = Policy(
        etag=text, bindings=[Binding(role=text, members=[text], condition=Expr(title=text, expression=text))]
    )
    return {
        **{f"queue {index}": queue for index, queue in enumerate(queues(text))},
        **{f"task {index}": task for index, task in enumerate(tasks(text))},
        "queues": queue_table(queues(text), caption=text, footer=text, now=NOW),
        "tasks": task_table(tasks(text), caption=text, footer=text, now=NOW),
        "locations": location_table([location], caption=text, footer=text),
        "status": status,
        "attempt": AttemptStatus(schedule_time=NOW, response_status=status),
        "policy": policy,
        "binding": policy.bindings[0],
        "condition": Expr(expression=text, title=text),
        "location": location,
        "operation": Operation(
            name=text, done=True, error=status, response={text: text}, metadata={text: text}
        ),
        "request": HttpRequest(url=text, headers={text: text}, body=text.encode()),
        "key": CmekConfig(name=text, kms_key=text),
        "api error": NotFound(text, method=text, resource=text, hint=text, details=[{text: text}]),
        "error": AuthError(text, hint=text),
        "card": Card(
            text,
            kind=text,
            badge=badge(text),
            facts={text: text},
            table=Table(columns=[text], rows=[[text]]),
            code=[text],
        ),
    }
