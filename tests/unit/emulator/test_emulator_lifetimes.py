"""Effects of time: names stay blocked, tasks expire and become due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cloudtasks_nb.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from cloudtasks_nb.model import Duration

from .conftest import QUEUE, Emulator, http


def test_a_deleted_queue_blocks_its_name_for_three_days(emulator: Emulator) -> None:
    emulator.queue()
    emulator.task(http("one"))
    emulator("queues.delete", name=QUEUE)
    emulator.clock.advance(timedelta(days=3, seconds=-1))
    with pytest.raises(FailedPrecondition):
        emulator.queue()
    emulator.clock.advance(timedelta(seconds=1))
    emulator.queue()
    assert emulator.names() == []
    emulator.task(http("one"))


def test_a_finished_task_blocks_its_name_for_the_tombstone_ttl(emulator: Emulator) -> None:
    emulator.queue(tombstone_ttl=Duration(hours=2))
    emulator.task(http("one"))
    emulator("queues.tasks.delete", name=f"{QUEUE}/tasks/one")
    emulator.clock.advance(timedelta(hours=2, seconds=-1))
    with pytest.raises(AlreadyExists, match="existed too recently"):
        emulator.task(http("one"))
    emulator.clock.advance(timedelta(seconds=1))
    with pytest.raises(NotFound, match="Requested entity was not found"):
        emulator("queues.tasks.get", name=f"{QUEUE}/tasks/one")
    emulator.task(http("one"))


def test_a_task_ends_with_its_time_to_live(emulator: Emulator) -> None:
    emulator.queue(task_ttl=Duration(days=10))
    emulator.task(http("one"))
    emulator.clock.advance(timedelta(days=10, microseconds=-1))
    assert emulator.names() == ["one"]
    emulator.clock.advance(timedelta(microseconds=1))
    assert emulator.names() == []
    with pytest.raises(NotFound, match="no longer exists"):
        emulator("queues.tasks.get", name=f"{QUEUE}/tasks/one")
    emulator.clock.advance(timedelta(hours=1))
    emulator.task(http("one"))


def test_schedule_times(emulator: Emulator) -> None:
    emulator.queue()
    assert emulator.task(http(in_s=-50))["scheduleTime"] == "2026-03-01T12:00:00.250Z"
    assert emulator.task(http(in_s=30 * 86_400))["scheduleTime"] == "2026-03-31T12:00:00.250Z"
    with pytest.raises(
        InvalidArgument, match=r"The Task\.scheduleTime, 2026-03-31T05:00:00.250001-07:00, is too far"
    ):
        emulator.task(http(in_s=30 * 86_400 + 0.000001))
