"""When a task ends without success, compared with the emulator's behaviour attempt by attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudtasks_nb.diagnosis.fate import KEPT, Soon, fate_of, risk_of
from cloudtasks_nb.model import AttemptStatus, HttpRequest, PullMessage, Queue, RetryConfig, Task, TaskStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOON = Soon(3, HOUR)


def queue(**retries: object) -> Queue:
    return Queue(name="projects/p/locations/l/queues/q", retry_config=RetryConfig(**retries))  # type: ignore[arg-type]


def task(sent: int, *, due: timedelta = timedelta(), began: timedelta = HOUR, **fields: object) -> Task:
    """A task with so many failed attempts, the first one so long ago."""
    status = TaskStatus(
        attempt_dispatch_count=sent,
        attempt_response_count=sent,
        first_attempt_status=AttemptStatus(dispatch_time=NOW - began) if sent else None,
    )
    values = {"status": status, "schedule_time": NOW + due, "create_time": NOW - HOUR, **fields}
    if "pull_message" not in values:
        values["http_request"] = HttpRequest(url="https://example.com/")
    return Task(name="projects/p/locations/l/queues/q/tasks/t", **values)  # type: ignore[arg-type]


def risk(held: Task, of: Queue, soon: Soon = SOON) -> str | None:
    return risk_of(held, of, fate_of(held, of, NOW, soon), NOW, soon)


def test_few_attempts_left_are_a_risk_once_it_failed() -> None:
    hundred = queue(max_attempts=100, min_backoff=3600, max_backoff=3600)
    assert risk(task(96), hundred) is None
    assert risk(task(97), hundred) == "last attempts"
    assert risk(task(0), queue(max_attempts=3)) is None  # no attempt failed so far
    assert risk(task(0), queue(max_attempts=1)) == "last attempts"
    assert risk(task(97), hundred, Soon(2, HOUR)) is None


def test_attempts_without_a_limit_are_no_risk_but_a_duration_is() -> None:
    assert risk(task(5000), queue(unlimited_attempts=True, min_backoff=1)) is None
    patient = queue(unlimited_attempts=True, min_backoff=60, max_backoff=60, max_retry_duration=7200)
    assert risk(task(5), patient) == "retry duration"
    assert risk(task(5, began=timedelta()), patient) is None


def test_both_limits_must_be_used_up() -> None:
    both = queue(max_attempts=3, min_backoff=60, max_backoff=60, max_retry_duration=5 * 3600)
    assert risk(task(50, began=HOUR), both) is None
    assert risk(task(50, began=4 * HOUR), both) == "last attempts"


def test_a_task_has_settings_of_its_own() -> None:
    own = task(2, retry_config=RetryConfig(max_attempts=3))
    assert risk(own, queue(unlimited_attempts=True)) == "last attempts"


def test_the_end_of_a_task_is_when_its_last_attempt_fails_at_once() -> None:
    four = queue(max_attempts=4, min_backoff=10, max_backoff=60, max_doublings=16)
    fate = fate_of(task(2, due=timedelta(seconds=5)), four, NOW, SOON)
    assert (fate.attempts_left, fate.gives_up) == (2, NOW + timedelta(seconds=5 + 40))
    assert fate.expires == NOW - HOUR + KEPT
    last = AttemptStatus(dispatch_time=NOW)
    status = TaskStatus(attempt_dispatch_count=4, first_attempt_status=last, last_attempt_status=last)
    assert fate_of(task(0, status=status), four, NOW, SOON).gives_up == NOW  # an attempt is in progress


def test_an_old_task_expires() -> None:
    of = queue(unlimited_attempts=True)
    assert risk(task(0, create_time=NOW - KEPT + HOUR / 2), of) == "expiry"
    assert risk(task(0, create_time=NOW - timedelta(days=10)), of) is None
    of.task_ttl = timedelta(days=10)  # type: ignore[assignment]
    assert risk(task(0, create_time=NOW - timedelta(days=10)), of) == "expiry"


def test_a_pull_task_is_removed_by_the_lease_after_its_last_one() -> None:
    held = task(3, pull_message=PullMessage(), due=HOUR / 2)
    fate = fate_of(held, queue(max_attempts=3), NOW, SOON)
    assert (fate.attempts_left, fate.gives_up) == (0, NOW + HOUR / 2)
    assert risk(held, queue(max_attempts=3)) == "last attempts"


@given(
    st.integers(1, 12) | st.none(),
    st.integers(0, 4000),
    st.integers(1, 100),
    st.integers(1, 600),
    st.integers(0, 5),
    st.integers(1, 11),
)
def test_it_ends_where_a_walk_from_attempt_to_attempt_ends(
    most: int | None, patience_s: int, least_s: int, longest_s: int, doublings: int, sent: int
) -> None:
    """The same computation, step by step."""
    retries = RetryConfig(
        max_attempts=most,
        unlimited_attempts=most is None,
        max_retry_duration=patience_s,
        min_backoff=least_s,
        max_backoff=longest_s,
        max_doublings=doublings,
    )
    of = Queue(name="projects/p/locations/l/queues/q", retry_config=retries)
    at, failed, backoff = NOW, 0, list(zip(range(200), retries.backoff(), strict=False))
    first: datetime | None = None
    while failed < 200:
        first, failed = first or at, failed + 1
        if failed > sent and retries.is_used_up(failed, at - first):
            break
        if failed == sent:
            held = task(sent, began=NOW - first, schedule_time=at + backoff[failed - 1][1])
        at += backoff[failed - 1][1]
    found = fate_of(held, of, NOW, Soon(10_000, timedelta(days=3000))).gives_up
    assert found == (at if failed < 200 else found)


@pytest.mark.parametrize("sent", [0, 1, 50])
def test_a_queue_that_says_nothing_has_no_risk(sent: int) -> None:
    assert risk(task(sent), Queue(name="projects/p/locations/l/queues/q")) is None
