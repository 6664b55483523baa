"""The task log, page by page: lazy, complete despite errors, and with hidden secrets."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.history.audit import last_change
from cloudtasks_nb.history.services import Turns, endpoint_of
from tests.gone import QUEUE, Gone, at, audit_entry, denied, task_entry

SLOW = 429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded."}}


def three_pages(body: dict[str, Any]) -> dict[str, Any]:
    """The page in the middle is empty, and the listing continues."""
    created = task_entry("taskCreationLog", "t1", at("23:00"), status="OK")
    sent = task_entry("attemptDispatchLog", "t1", at("23:01"), dispatchCount="1")
    answer = task_entry("attemptResponseLog", "t1", at("23:02"), status="OK", dispatchCount="1")
    return {
        "": {"entries": [created], "nextPageToken": "a"},
        "a": {"nextPageToken": "b"},
        "b": {"entries": [sent, answer]},
    }[body.get("pageToken", "")]


def test_pages_are_read_when_they_are_reached(server: Gone, queue: ct.Queue) -> None:
    server.logs = three_pages
    log = queue.log(since="1h")
    assert server.count("entries:list") == 1
    assert [entry.kind for entry in log] == ["created", "dispatched", "answered"]
    assert server.count("entries:list") == 3
    assert [row.outcome for row in log.tasks()] == ["done"]
    assert server.count("entries:list") == 3  # pages that were read are kept


def test_what_is_asked_is_what_logging_understands(server: Gone, queue: ct.Queue) -> None:
    server.logs = three_pages
    queue.log(since="1h", task="t1", status="failed")
    ((_, body),) = server.asked
    assert body["resourceNames"] == ["projects/p"]
    assert (body["orderBy"], body["pageSize"]) == ("timestamp asc", 1000)
    assert body["filter"].split(" AND ") == [
        'logName="projects/p/logs/cloudtasks.googleapis.com%2Ftask_operations_log"',
        'resource.type="cloud_tasks_queue"',
        'resource.labels.queue_id="emails"',
        'resource.labels.location="us-central1"',
        f'jsonPayload.task="{QUEUE}/tasks/t1"',
        "jsonPayload.attemptResponseLog:*",
        'jsonPayload.attemptResponseLog.status!="OK"',
        'timestamp>="2026-11-28T22:30:00Z"',
        'timestamp<"2026-11-28T23:31:00Z"',
    ]


def test_reading_that_broke_goes_on_where_it_stopped(server: Gone, queue: ct.Queue) -> None:
    server.logs = three_pages
    log = queue.log(since="1h")
    server.refusals["entries:list"] = [denied("Permission denied for all log views")]
    with pytest.raises(ct.PermissionDenied) as refused:
        log.tasks()
    assert "roles/logging.viewer" in str(refused.value.hint)
    server.refusals.clear()
    assert len(log.tasks()) == 1
    assert [body.get("pageToken", "") for _, body in server.asked] == ["", "a", "a", "b"]


def test_an_exhausted_quota_loses_nothing(server: Gone, queue: ct.Queue) -> None:
    server.logs = three_pages
    log = queue.log(since="1h")
    rest = [(200, three_pages({"pageToken": token})) for token in "ab"]
    server.refusals["entries:list"] = [SLOW, SLOW, *rest]
    assert [entry.kind for entry in log] == ["created", "dispatched", "answered"]
    assert server.count("entries:list") == 5


def test_a_token_that_comes_again_ends_in_an_error(server: Gone, queue: ct.Queue) -> None:
    server.logs = lambda body: {"nextPageToken": "again"}
    with pytest.raises(ct.DecodeError, match="never end"):
        list(queue.log(since="1h"))


def test_tables_hide_secrets_in_urls(server: Gone, queue: ct.Queue) -> None:
    server.logs = three_pages
    log = queue.log(since="1h")
    frame = log.to_dataframe()
    assert frame["url"].tolist() == ["https://example.com/send?token=•••"] * 3
    assert log.to_dataframe(secrets=True)["url"][0].endswith("token=s3cret")
    assert str(frame["took"].dtype) == "timedelta64[us]"
    assert "s3cret" not in str(log) + log._repr_html_() + repr(log)
    tasks = log.tasks().to_dataframe()
    assert tasks.loc[0, ["task", "outcome", "attempts", "last_status"]].tolist() == [
        "t1",
        "done",
        1,
        "OK",
    ]
    assert str(tasks["total"].dtype) == "timedelta64[us]"


def test_empty_tables_have_all_columns(server: Gone, queue: ct.Queue) -> None:
    log = queue.log(since="1h")
    assert list(log.to_dataframe().columns)[:6] == ["time", "kind", "task", "status", "attempt", "responses"]
    assert "outcome" in log.tasks().to_dataframe().columns
    assert "who" in queue.audit().to_dataframe().columns


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "logging is off"),
        ({"stackdriverLoggingConfig": {"samplingRatio": 0.25}}, "ratio is 0.25"),
        ({"stackdriverLoggingConfig": {"samplingRatio": 1.0}}, ""),
    ],
)
def test_it_says_what_is_not_logged(
    server: Gone, client: ct.Client, config: dict[str, Any], words: str
) -> None:
    server.queue = 200, {"name": QUEUE, "state": "RUNNING", **config}
    log = client.queue("emails").log()
    assert words in log.note
    assert ('queue.update(stackdriver_logging_config={"sampling_ratio": 1.0})' in str(log)) == bool(words)


def test_it_is_no_part_of_a_batch(client: ct.Client, queue: ct.Queue, server: Gone) -> None:
    with pytest.raises(ct.ConfigError, match="part of a batch"), client.batch() as batch:
        batch.add(queue.report)
    with pytest.raises(ct.ConfigError, match="part of a batch"), client.batch() as batch:
        batch.add(queue.log)
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "asked"), [("unavailable", 'status="UNAVAILABLE"'), ("OK", 'status="OK"'), ("Failed", "!=")]
)
def test_statuses(server: Gone, queue: ct.Queue, status: str, asked: str) -> None:
    queue.log(status=status)
    assert asked in server.asked[0][1]["filter"]


@pytest.mark.parametrize("status", ["broken", 503, 'OK" OR "'])
def test_a_status_that_is_none_is_refused(queue: ct.Queue, server: Gone, status: Any) -> None:
    with pytest.raises(ct.ConfigError, match=r"not a valid status|status must be a string"):
        queue.log(status=status)
    assert server.asked == []


def test_audit(server: Gone, queue: ct.Queue) -> None:
    parent = QUEUE.rpartition("/queues")[0]
    server.logs = lambda body: {
        "entries": [
            audit_entry("CreateQueue", at("22:00"), resourceName=parent, request={"queue": {"name": QUEUE}}),
            audit_entry("PurgeQueue", at("22:10"), status={"code": 7, "message": "no"}),
            audit_entry("DeleteQueue", at("22:20"), authenticationInfo={}),
            audit_entry("PauseQueue", at("22:30"), resourceName=f"{QUEUE}2"),
        ]
    }
    trail = queue.audit(since="2h")
    assert [(event.action, event.who, event.status) for event in trail] == [
        ("CreateQueue", "ada@example.com", ""),
        ("PurgeQueue", "ada@example.com", "PERMISSION_DENIED"),
        ("DeleteQueue", "", ""),
    ]
    assert "unknown" in str(trail)
    assert 'protoPayload.serviceName="cloudtasks.googleapis.com"' in server.asked[0][1]["filter"]


def test_admin_calls_are_matched_by_place_and_callers_may_have_no_address(
    server: Gone, queue: ct.Queue
) -> None:
    numbered = QUEUE.replace("projects/p/", "projects/123456789/")
    subject = (
        "principal://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/subject/main"
    )
    server.logs = lambda body: {
        "entries": [
            audit_entry("PauseQueue", at("22:00"), resourceName=numbered),
            audit_entry("PurgeQueue", at("22:10"), resourceName=f"//cloudtasks.googleapis.com/{QUEUE}"),
            audit_entry("ResumeQueue", at("22:20"), authenticationInfo={"principalSubject": subject}),
        ]
    }
    assert [(event.action, event.who) for event in queue.audit(since="2h")] == [
        ("PauseQueue", "ada@example.com"),
        ("PurgeQueue", "ada@example.com"),
        ("ResumeQueue", subject),
    ]


def test_the_last_change_is_one_that_succeeded(server: Gone, queue: ct.Queue) -> None:
    server.logs = lambda body: {
        "entries": [
            audit_entry("PauseQueue", at("22:30"), who="eve@example.com", status={"code": 7}),
            audit_entry("PauseQueue", at("22:20")),
            audit_entry("ResumeQueue", at("22:10")),
        ]
    }
    last = last_change(queue._session, queue._parsed, ("PauseQueue", "ResumeQueue"), timedelta(days=30))
    assert last is not None
    assert (last.action, last.who, last.time) == ("PauseQueue", "ada@example.com", at("22:20"))
    assert server.asked[0][1]["orderBy"] == "timestamp desc"


def test_a_pull_queue_has_no_setting_for_a_log(server: Gone, client: ct.Client) -> None:
    server.queue = 200, {"name": QUEUE, "state": "RUNNING", "pullTarget": {}, "type": "PULL"}
    queue = client.queue(QUEUE)
    assert queue.kind == "pull"
    assert "turns it on" not in queue.log().note
    assert "pull queue" in queue.log().note


def test_the_history_of_a_task_that_was_purged(server: Gone, queue: ct.Queue) -> None:
    def logs(body: dict[str, Any]) -> dict[str, Any]:
        if "task_operations_log" in body["filter"]:
            return {"entries": [task_entry("taskCreationLog", "t1", at("23:00"), status="OK")]}
        return {"entries": [audit_entry("PurgeQueue", at("22:00")), audit_entry("PurgeQueue", at("23:10"))]}

    server.logs = logs
    server.queue = 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "The task does not exist."}}
    history = queue.task("t1", read=False).history()
    assert (history.outcome, len(history)) == ("deleted", 1)
    assert "PurgeQueue by ada@example.com at 2026-11-28 23:10:00" in history.why
    assert "PurgeQueue" in str(history)


def test_the_history_of_a_task_that_waits_and_of_one_that_nobody_knows(server: Gone, queue: ct.Queue) -> None:
    server.queue = 200, {"name": f"{QUEUE}/tasks/t1"}
    assert queue.task("t1", read=False).history().outcome == "waiting"
    server.queue = 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "gone"}}
    history = queue.task("t1", read=False).history()
    assert (history.outcome, history.task) == ("unknown", "t1")
    assert "has no log entry" in history.why


@pytest.mark.parametrize(
    ("endpoint", "there"),
    [
        ("https://cloudtasks.googleapis.com", "https://logging.googleapis.com"),
        ("https://cloudtasks.us-central1.rep.googleapis.com", "https://logging.googleapis.com"),
        ("http://localhost:8123", "http://localhost:8123"),
        ("https://tasks.example.com", "https://tasks.example.com"),
        ("https://cloudtasks.googleapis.com.example.com", "https://cloudtasks.googleapis.com.example.com"),
        ("http://cloudtasks.googleapis.com", "http://cloudtasks.googleapis.com"),
    ],
)
def test_credentials_go_to_google_only_where_the_endpoint_is_google(endpoint: str, there: str) -> None:
    assert endpoint_of("logging", endpoint) == there


def test_sixty_calls_a_minute_and_no_more() -> None:
    now, waits = 0.0, deque[float]()

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        waits.append(seconds)

    turns = Turns(clock=lambda: now, sleep=sleep)
    for _ in range(61):
        turns.take()
    assert list(waits) == [60.0]
    for _ in range(60):
        turns.take()
    assert timedelta(seconds=now) == timedelta(minutes=2)
