"""Leases over time: rate, expiry, holders; the grammar of the filter."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.emulator.server.rules import leases as lease_rules
from cloudtasks_nb.emulator.server.rules.leases import parse_filter
from cloudtasks_nb.errors import FailedPrecondition, InvalidArgument, NotFound, ResourceExhausted
from cloudtasks_nb.model import Duration, PullMessage, PullTarget, RetryConfig, Task
from cloudtasks_nb.model.messages import (
    AcknowledgeTaskRequest,
    CancelLeaseRequest,
    LeaseTasksRequest,
    RenewLeaseRequest,
)

from .conftest import NOW, QUEUE, Emulator

MINUTE = Duration(minutes=1)


def lease(emulator: Emulator, **asked: Any) -> list[dict[str, Any]]:
    asked.setdefault("lease_duration", MINUTE)
    answer = emulator("queues.tasks.lease", parent=QUEUE, body=LeaseTasksRequest(**asked))
    return list(answer.get("tasks", []))


def pull(emulator: Emulator, task_id: str, in_s: float = 0, **settings: Any) -> str:
    name = f"{QUEUE}/tasks/{task_id}"
    message = PullMessage(payload=settings.pop("payload", None), tag=settings.pop("tag", ""))
    emulator.task(
        Task(name=name, pull_message=message, schedule_time=NOW + timedelta(seconds=in_s), **settings)
    )
    return name


def shown(task: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(task["scheduleTime"])


def test_where_time_stands_still_whoever_waits_goes_on(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.queue(pull_target=PullTarget())
    passed_s = [100.0]
    monkeypatch.setattr(emulator.clock, "machine_s", lambda: passed_s[0])
    for _ in range(10):
        lease(emulator)
    passed_s[0] += 0.9
    with pytest.raises(ResourceExhausted):
        lease(emulator)
    passed_s[0] += 0.1
    for _ in range(10):
        lease(emulator)
    with pytest.raises(ResourceExhausted):
        lease(emulator)


def test_ten_calls_a_second_by_the_emulators_own_clock(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    for _ in range(10):
        lease(emulator)
        emulator.clock.advance(timedelta(milliseconds=50))
    for _ in range(3):  # rejected calls do not count
        with pytest.raises(ResourceExhausted):
            lease(emulator)
    emulator.clock.advance(timedelta(milliseconds=500))  # a second after the first call
    lease(emulator)
    with pytest.raises(ResourceExhausted):
        lease(emulator)


def test_the_pace_survives_a_clock_that_is_set_back(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    for _ in range(10):
        lease(emulator)
    emulator.clock.advance(timedelta(hours=-1))
    assert lease(emulator) == []  # accepted, and not rejected for an hour


def test_a_lease_ends_at_its_instant(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    name = pull(emulator, "one")
    (first,) = lease(emulator)
    assert shown(first) == NOW + MINUTE
    emulator.clock.advance(MINUTE - timedelta(microseconds=1))
    assert lease(emulator) == []
    emulator.clock.advance(timedelta(microseconds=1))
    with pytest.raises(FailedPrecondition, match="expired"):
        emulator(
            "queues.tasks.renewLease",
            name=name,
            body=RenewLeaseRequest(schedule_time=shown(first), lease_duration=MINUTE),
        )
    with pytest.raises(FailedPrecondition, match="expired"):
        emulator("queues.tasks.cancelLease", name=name, body=CancelLeaseRequest(schedule_time=shown(first)))
    (second,) = lease(emulator)
    assert second["status"] == {"attemptDispatchCount": 2}
    late = AcknowledgeTaskRequest(schedule_time=shown(first))
    with pytest.raises(FailedPrecondition, match="schedule_time has changed"):
        emulator("queues.tasks.acknowledge", name=name, body=late)


def test_a_late_acknowledge_succeeds_while_nobody_else_holds_the_task(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    name = pull(emulator, "one")
    (leased,) = lease(emulator)
    emulator.clock.advance(timedelta(hours=1))
    late = AcknowledgeTaskRequest(schedule_time=shown(leased))
    emulator("queues.tasks.acknowledge", name=name, body=late)
    assert emulator.names() == []


def test_a_lease_is_shown_to_the_microsecond(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    emulator.clock.advance(timedelta(microseconds=7))
    name = pull(emulator, "one")
    (leased,) = lease(emulator)
    for off_us in (-1, 1):
        near = AcknowledgeTaskRequest(schedule_time=shown(leased) + timedelta(microseconds=off_us))
        with pytest.raises(FailedPrecondition):
            emulator("queues.tasks.acknowledge", name=name, body=near)
    emulator("queues.tasks.acknowledge", name=name, body=AcknowledgeTaskRequest(schedule_time=shown(leased)))


def test_what_was_never_leased_is_held_by_nobody(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    name = pull(emulator, "one")
    with pytest.raises(FailedPrecondition, match="not leased"):
        emulator("queues.tasks.acknowledge", name=name, body=AcknowledgeTaskRequest(schedule_time=NOW))
    with pytest.raises(InvalidArgument, match="schedule_time is required"):
        emulator("queues.tasks.acknowledge", name=name)


def test_durations_are_cut_to_seconds(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    pull(emulator, "one")
    (leased,) = lease(emulator, lease_duration=Duration(seconds=2, milliseconds=900))
    assert shown(leased) == NOW + timedelta(seconds=2)


def test_tasks_come_in_the_order_in_which_they_are_due(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    for task_id, in_s in (("late", 120), ("b", 1), ("a", 2), ("future", 86_400)):
        pull(emulator, task_id, in_s)
    emulator.clock.advance(timedelta(seconds=120))
    leased = lease(emulator, max_tasks=3)
    assert [task["name"].rpartition("/")[2] for task in leased] == ["b", "a", "late"]


def test_answers_are_bounded(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    for number in range(30):
        pull(emulator, f"t{number:02}", payload=b"x" * 1_000_000)
    first = lease(emulator, response_view="FULL")
    assert len(first) == 25  # each is 1,333,336 characters of base64
    assert len(lease(emulator)) == 5  # BASIC contains no payload


def test_a_task_with_retries_of_its_own(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget(), retry_config=RetryConfig(max_attempts=1))
    pull(emulator, "own", retry_config=RetryConfig(max_attempts=2))
    pull(emulator, "unlimited", retry_config=RetryConfig(unlimited_attempts=True))
    pull(emulator, "theirs")
    seen = []
    for _ in range(4):
        seen.append(sorted(task["name"].rpartition("/")[2] for task in lease(emulator)))
        emulator.clock.advance(MINUTE)
    assert seen == [["own", "theirs", "unlimited"], ["own", "unlimited"], ["unlimited"], ["unlimited"]]
    with pytest.raises(NotFound, match="no longer exists"):
        emulator("queues.tasks.get", name=f"{QUEUE}/tasks/theirs")


def test_two_workers_never_hold_one_task(emulator: Emulator) -> None:
    emulator.queue(pull_target=PullTarget())
    for number in range(50):
        pull(emulator, f"t{number}")
    held: set[str] = set()
    for _ in range(8):
        mine = {task["name"] for task in lease(emulator, max_tasks=7)}
        assert not mine & held
        held |= mine
    assert len(held) == 50


@given(st.text(max_size=60))
def test_any_tag_can_be_asked_for_in_quotes(tag: str) -> None:
    quoted = tag.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_filter(f'tag="{quoted}"') == lease_rules.Wanted(tag=tag)


@pytest.mark.parametrize("tag", ["a", "a=b", "f(x)", "tag=tag", "é", "a'b", "-", "a\\b"])
def test_a_tag_without_quotes(tag: str) -> None:
    assert parse_filter(f"tag={tag}") == parse_filter(f" tag = {tag} ") == lease_rules.Wanted(tag=tag)


@pytest.mark.parametrize("text", ['tag="a', "tag=a b", 'tag=a"b"', "tag=", "tags=a", "a"])
def test_a_filter_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InvalidArgument, match="must be tag="):
        parse_filter(text)


@given(st.text(max_size=60))
def test_what_is_no_filter_is_refused(text: str) -> None:
    try:
        wanted = parse_filter(text)
    except InvalidArgument:
        return
    asked = text.strip()
    assert not asked or asked.startswith("tag")
    assert (wanted.tag is None) == (not asked or asked.endswith("oldest_tag()"))
