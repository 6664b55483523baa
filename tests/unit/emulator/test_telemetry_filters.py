"""The filter languages of metrics and log entries."""

from __future__ import annotations

import pytest

from cloudtasks_nb.emulator.server.telemetry.entry import Entry
from cloudtasks_nb.emulator.server.telemetry.log_filter import parse_log_filter
from cloudtasks_nb.emulator.server.telemetry.metric_filter import Labelled, parse_metric_filter
from cloudtasks_nb.errors import InvalidArgument

ENTRY = Entry(
    (0, 0, 0, 0),
    {
        "logName": "projects/p/logs/cloudtasks.googleapis.com%2Ftask_operations_log",
        "resource": {
            "type": "cloud_tasks_queue",
            "labels": {"queue_id": "Emails", "location": "us-central1"},
        },
        "timestamp": "2026-03-01T12:00:00.500Z",
        "severity": "ERROR",
        "jsonPayload": {
            "@type": "TaskActivityLog",
            "task": "projects/p/locations/us-central1/queues/Emails/tasks/t1",
            "attemptResponseLog": {"status": "UNAVAILABLE", "dispatchCount": "10", "maxAttempts": 3},
        },
        "list": [{"granted": True}, {"granted": False}],
    },
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ('resource.labels.queue_id="emails"', True),  # upper and lower case match
        ('resource.labels.queue_id="mail"', False),
        ('resource.labels.queue_id:"mail"', True),
        ("resource.labels.queue_id=(a OR emails)", True),
        ('resource.labels."queue_id"=Emails', True),
        ('jsonPayload."@type":TaskActivity', True),
        ("jsonPayload.attemptResponseLog:*", True),
        ("jsonPayload.taskCreationLog:*", False),
        ("NOT jsonPayload.taskCreationLog:*", True),
        ("-jsonPayload.attemptResponseLog:*", False),
        ('jsonPayload.attemptResponseLog.status!="OK"', True),
        ('jsonPayload.taskCreationLog.status!="OK"', False),  # a missing field matches no comparison
        ('jsonPayload.attemptResponseLog.dispatchCount>"2"', False),  # text is compared as text
        ("jsonPayload.attemptResponseLog.maxAttempts>2", True),
        ('jsonPayload.task=~"tasks/t[0-9]$"', True),
        ('jsonPayload.task!~"tasks/t"', False),
        ('jsonPayload.task=~"TASKS"', False),  # patterns are case-sensitive
        ('timestamp>="2026-03-01T12:00:00Z" timestamp<"2026-03-01T13:00:00+00:00"', True),
        ('timestamp>"2026-03-01T13:00:00+01:00"', True),
        ("timestamp<2026-03-01", False),
        ("severity>=WARNING", True),
        ("severity<ERROR", False),
        ("severity=ERROR AND (resource.type=x OR resource.type=cloud_tasks_queue)", True),
        ("severity=INFO OR severity=ERROR AND resource.type=x", False),  # OR binds tighter
        ("list.granted=false", True),
    ],
)
def test_a_filter_of_the_log(text: str, matches: bool) -> None:
    assert parse_log_filter(text).matches(ENTRY) is matches


def test_what_is_certain_narrows_the_search() -> None:
    plain = parse_log_filter('timestamp>="2026-03-01T00:00:00Z" AND resource.labels.queue_id="q"')
    assert plain.wanted("resource", "labels", "queue_id") == ("q",)
    assert plain.window_us()[0] > 0
    loose = parse_log_filter('timestamp>="2026-03-01T00:00:00Z" OR resource.labels.queue_id="q"')
    assert loose.wanted("resource", "labels", "queue_id") is None
    assert loose.window_us()[0] == 0
    assert parse_log_filter('NOT resource.labels.queue_id="q"').necessary == ()


SERIES = Labelled(
    {
        "metric.type": "cloudtasks.googleapis.com/queue/depth",
        "resource.type": "cloud_tasks_queue",
        "resource.labels.queue_id": "emails",
        "metric.labels.response_code": "ok",
        "project": "p",
    }
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('metric.type="cloudtasks.googleapis.com/queue/depth"', True),
        ('metric.type = starts_with("cloudtasks.googleapis.com/queue")', True),
        ('metric.type = starts_with("cloudtasks.googleapis.com/api")', False),
        ('metric.type != ends_with("depth")', False),
        ('resource.label.queue_id = one_of("a", "emails")', True),
        ('resource.labels.queue_id = has_substring("mail")', True),
        ('resource.labels.queue_id = monitoring.regex.full_match("e.*s")', True),
        ('resource.labels.queue_id = monitoring.regex.full_match("mail")', False),
        ('metric.labels.response_code != "ok"', False),
        ('metric.labels.api_method != "x"', False),
        ('project = "p" AND NOT resource.type="x"', True),
        ('resource.labels.queue_id="a" OR resource.labels.queue_id="emails"', True),
    ],
)
def test_a_filter_of_metrics(text: str, matches: bool) -> None:
    assert parse_metric_filter(text).matches(SERIES) is matches


@pytest.mark.parametrize(
    "text",
    [
        "metric.type", "value > 3", 'metric.type > "x"', 'metric.type = contains("x")', 'metric.type = one_of()',
        'resource.labels.queue_id = monitoring.regex.full_match("(")', "(" * 60 + 'metric.type="x"' + ")" * 60,
    ],
)  # fmt: skip
def test_what_is_no_filter_of_metrics_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"filter|The emulator supports"):
        parse_metric_filter(text)
