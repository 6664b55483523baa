"""Entries of the task log in the observed forms: parsed members, unknown members, and invalid members."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

import cloudtasks_nb as ct
from cloudtasks_nb.history.entries import read_entries
from tests.gone import QUEUE, at, task_entry

ANSWER = task_entry(
    "attemptResponseLog",
    "t1",
    at("22:10"),
    status="DEADLINE_EXCEEDED",
    attemptDuration="600.001266s",
    dispatchCount="2",
    responseCount="0",
    maxAttempts=100,
    scheduleTime="2026-11-28T22:00:00.123456789Z",
    retryTime="2026-11-28T22:10:04Z",
)


def read(*entries: Any) -> Any:
    return read_entries(json.dumps({"entries": entries}).encode())


def test_an_answer() -> None:
    (entry,) = read(ANSWER)
    assert (entry.time, entry.kind, entry.task, entry.status) == (
        at("22:10"),
        "answered",
        "t1",
        "DEADLINE_EXCEEDED",
    )
    assert (entry.attempt, entry.responses, entry.max_attempts) == (2, 0, 100)
    assert entry.took == timedelta(seconds=600, microseconds=1266)
    assert entry.retry_at == at("22:10") + timedelta(seconds=4)
    assert entry.scheduled == at("22:00") + timedelta(microseconds=123456)  # cut, not rounded
    assert (entry.method, entry.target_type, entry.severity) == ("POST", "HTTP", "ERROR")
    assert entry.name == f"{QUEUE}/tasks/t1"


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        ("taskCreationLog", "created"),
        ("attemptDispatchLog", "dispatched"),
        ("attemptResponseLog", "answered"),
        ("taskDeletionLog", "deleted"),
        ("taskDeleteLog", "deleted"),  # its name is not documented
    ],
)
def test_kinds(member: str, kind: str) -> None:
    assert read(task_entry(member, "t1", at("22:00")))[0].kind == kind


def test_a_secret_in_a_url_is_not_shown_and_not_lost() -> None:
    (entry,) = read(ANSWER)
    assert entry.url == "https://example.com/send?token=s3cret"
    assert "s3cret" not in repr(entry)


def test_what_is_not_known_is_kept_and_breaks_nothing() -> None:
    odd = task_entry("attemptDispatchLog", "t1", at("22:00"), dispatchCount="many", dispatchReason="RETRY")
    odd["jsonPayload"]["shard"] = {"id": 7}
    novel = task_entry("taskForgottenLog", "t2", at("22:01"))
    bare: dict[str, Any] = {"textPayload": "hello", "timestamp": "not a time"}
    first, second, third = read(odd, novel, bare)
    assert first.attempt is None
    assert first.more == {"dispatchReason": "RETRY", "shard": {"id": 7}}
    assert (second.kind, second.task) == ("other", "t2")
    assert (third.kind, third.task, third.time) == ("other", "", None)


@pytest.mark.parametrize("raw", [b"[]", b'{"entries": 1}', b'{"entries": [1]}', b"<html>"])
def test_what_is_no_page_of_entries_is_refused(raw: bytes) -> None:
    with pytest.raises(ct.DecodeError, match="page of log entries"):
        read_entries(raw)
