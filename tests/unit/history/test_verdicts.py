"""The outcome of a task, as far as its entries show it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cloudtasks_nb.history.entries import LogEntry, read_entries
from cloudtasks_nb.history.verdicts import LoggedTask, told, verdict
from tests.gone import at, task_entry, wire

NOW = at("23:30")
LATER = "2026-11-28T23:40:00Z"


def entries(*held: tuple[str, str, dict[str, Any]], task: str = "t1") -> list[LogEntry]:
    raw = json.dumps({"entries": [task_entry(kind, task, at(when), **said) for kind, when, said in held]})
    return read_entries(raw.encode())


def created(when: str = "22:00", **said: Any) -> tuple[str, str, dict[str, Any]]:
    return "taskCreationLog", when, {"status": "OK", **said}


def sent(when: str, count: int = 1, **said: Any) -> tuple[str, str, dict[str, Any]]:
    return "attemptDispatchLog", when, {"dispatchCount": str(count), **said}


def answered(when: str, status: str, count: int = 1, **said: Any) -> tuple[str, str, dict[str, Any]]:
    return "attemptResponseLog", when, {"status": status, "dispatchCount": str(count), **said}


def story(*held: tuple[str, str, dict[str, Any]]) -> LoggedTask:
    return verdict(entries(*held), NOW)


@pytest.mark.parametrize(
    ("held", "outcome", "attempts", "status"),
    [
        ([created(), sent("22:01"), answered("22:02", "OK")], "done", 1, "OK"),
        ([answered("22:02", "OK", 3)], "done", 3, "OK"),  # sampled: no dispatch was logged
        (
            [sent("22:01"), answered("22:02", "INTERNAL", retryTime=LATER)],
            "waiting",
            1,
            "INTERNAL",
        ),
        ([sent("22:01", 5), answered("22:02", "INTERNAL", 5)], "given up", 5, "INTERNAL"),
        (
            [answered("22:02", "UNKNOWN", 5, maxAttempts=5, retryTime="2026-11-28T22:03:00Z")],
            "given up",
            5,
            "UNKNOWN",
        ),
        ([answered("22:02", "UNKNOWN", 5, maxAttempts=5, retryTime=LATER)], "waiting", 5, "UNKNOWN"),
        ([answered("22:02", "UNKNOWN", 7, maxAttempts=0, retryTime=LATER)], "waiting", 7, "UNKNOWN"),
        ([created(), sent("23:20")], "waiting", 1, ""),
        ([created(), sent("22:20")], "lost", 1, ""),
        ([created(scheduleTime=LATER)], "waiting", 0, ""),
        ([created(scheduleTime="2026-11-28T22:00:00Z")], "unknown", 0, ""),
        ([created(status="PERMISSION_DENIED")], "unknown", 0, ""),
        ([created(), ("taskDeletionLog", "22:05", {})], "deleted", 0, ""),
        (
            [answered("22:02", "INTERNAL", retryTime=LATER), ("taskDeletionLog", "22:03", {})],
            "deleted",
            1,
            "INTERNAL",
        ),
        ([answered("22:02", "INTERNAL"), ("taskDeletionLog", "22:03", {})], "given up", 1, "INTERNAL"),
        (
            [answered("22:02", "OK"), ("taskDeletionLog", "22:03", {})],
            "done",
            1,
            "OK",
        ),
        ([answered("22:02", "INTERNAL", 1, retryTime=LATER), sent("22:09", 2)], "lost", 2, "INTERNAL"),
        (
            [created(), answered("22:02", "INTERNAL", 1, maxAttempts=100)],
            "deleted",
            1,
            "INTERNAL",
        ),  # by a purge
        ([answered("22:02", "INTERNAL", 1, retryTime=LATER), sent("22:02")], "waiting", 1, "INTERNAL"),
        ([created("21:00", status="NOT_FOUND"), created(scheduleTime=LATER)], "waiting", 0, ""),
        (
            [created(), answered("22:02", "OK"), created("22:09", status="ALREADY_EXISTS")],
            "done",
            1,
            "OK",
        ),
    ],
)
def test_the_outcome(held: list[Any], outcome: str, attempts: int, status: str) -> None:
    found = story(*held)
    assert (found.outcome, found.attempts, found.last_status) == (outcome, attempts, status)
    assert found.why


def test_a_name_that_is_used_again_is_another_task() -> None:
    first = [created("20:00"), sent("20:01"), answered("20:02", "OK")]
    second = [created("22:00"), answered("22:01", "UNAVAILABLE", retryTime=LATER)]
    found = story(*first, *second)
    assert (found.outcome, found.attempts, found.created) == ("waiting", 1, at("22:00"))
    rows = told(entries(*second, *first), NOW)
    assert [(row.outcome, row.created) for row in rows] == [
        ("done", at("20:00")),
        ("waiting", at("22:00")),
    ]
    quick = story(sent("22:00"), answered("22:00", "OK"), created("22:00"))
    assert quick.outcome == "done", "entries of the same time are in no order"


def test_an_attempt_of_app_engine_may_take_a_day() -> None:
    assert story(sent("22:20", targetType="APP_ENGINE")).outcome == "waiting"


def test_times() -> None:
    found = story(
        created("22:00"),
        sent("22:01", 1, scheduleTime=wire(at("22:00"))),
        answered("22:02", "INTERNAL", 1, retryTime="2026-11-28T22:03:00Z"),
        sent("22:03", 2, scheduleTime=wire(at("22:03"))),
        answered("22:04", "OK", 2),
    )
    assert (found.created, found.first_dispatch, found.last_answer) == (
        at("22:00"),
        at("22:01"),
        at("22:04"),
    )
    assert (found.waited, found.total) == (timedelta(minutes=1), timedelta(minutes=4))


def test_a_row_for_each_task_whatever_the_order_of_entries() -> None:
    one = entries(answered("22:02", "OK"), created())
    two = entries(created(), task="t2")
    rows = told([*one, *two], NOW)
    assert [(row.task, row.outcome) for row in rows] == [("t1", "done"), ("t2", "unknown")]
