"""Slow targets and throttled queues, by the emulator's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

import cloudtasks_nb as ct


@pytest.fixture
def client() -> Iterator[ct.Client]:
    """A separate emulator, because faults affect all queues."""
    with ct.local(clock="manual") as client:
        yield client


def test_an_attempt_takes_time_of_the_clock(client: ct.Client) -> None:
    queue = client.create_queue("slow")
    inbox = client.emulator.inbox()
    client.emulator.faults(target_latency="3s", targets=inbox.url_for("/slow*"))
    slow, fast = (queue.create_task(b"", url=inbox.url_for(path)) for path in ("/slow", "/fast"))
    client.emulator.advance(1)
    assert [task.id for task in queue.tasks()] == [slow.id]
    assert inbox.received == 2, "the request itself is not late"
    assert queue.refresh(stats=True).stats.concurrent_dispatches_count == 1
    client.emulator.advance(2)
    assert list(queue.tasks()) == []
    ended = {
        record.task: record.response_time - record.dispatch_time for record in client.emulator.history(queue)
    }
    assert ended == {slow.name: timedelta(seconds=3), fast.name: timedelta()}


def test_slower_than_the_deadline_is_a_timeout(client: ct.Client) -> None:
    queue = client.create_queue("timeouts", retry_config={"min_backoff": 60})
    inbox = client.emulator.inbox()
    client.emulator.faults(target_latency="1h")
    task = queue.create_task(b"", url=inbox.url_for("/"), dispatch_deadline=20)
    client.emulator.advance(30)
    task.refresh()
    assert (task.dispatch_count, task.response_count, task.last_status.code_name) == (
        1,
        0,
        "DEADLINE_EXCEEDED",
    )
    assert task.status.last_attempt_status.response_time - task.create_time == timedelta(seconds=20)


def test_concurrency_holds_a_slow_queue_back(client: ct.Client) -> None:
    queue = client.create_queue("held", rate_limits={"max_concurrent_tasks": 2})
    inbox = client.emulator.inbox()
    client.emulator.faults(target_latency="10s")
    queue.create_tasks([{"url": inbox.url_for("/")} for _ in range(10)], progress=False)
    client.emulator.advance(25)
    assert queue.count_tasks() == 6, "two every ten seconds"


def test_a_throttled_rate_holds_and_is_told(client: ct.Client) -> None:
    limits = {"max_tasks_dispatched_per_second": 100, "max_burst_size": 1}
    queue = client.create_queue("throttled", rate_limits=limits)
    inbox = client.emulator.inbox()
    queue.pause().create_tasks([{"url": inbox.url_for("/")} for _ in range(100)], progress=False)
    client.emulator.faults(throttled_rate=2)
    queue.resume()
    client.emulator.advance(10)
    assert 78 <= queue.count_tasks() <= 80
    assert queue.refresh(stats=True).stats.effective_execution_rate == 2
    client.emulator.faults()
    client.emulator.advance(1)
    assert list(queue.tasks()) == []
    assert queue.refresh(stats=True).stats.effective_execution_rate == 100


def test_what_cannot_be_is_refused(client: ct.Client) -> None:
    for wrong in ({"throttled_rate": 0}, {"throttled_rate": 501}, {"target_latency": "2d"}):
        with pytest.raises(ct.InvalidArgument, match=next(iter(wrong))):
            client.emulator.faults(**wrong)
    report = client.emulator.faults(target_latency="2s", targets="http://a/*", throttled_rate=5)
    assert "targets respond 2 s later, queues send at most 5 tasks per second" in str(report)
    assert "http://a/*" in str(report)


def test_answers_are_dated_by_the_clock_that_is_moved(client: ct.Client) -> None:
    now = client.emulator.advance("2d")
    date = requests.get(f"{client.endpoint}/emulator/v1/info", timeout=60).headers["Date"]
    assert date == f"{now:%a, %d %b %Y %H:%M:%S} GMT"
